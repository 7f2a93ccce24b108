import { StrataError } from "../error.js";
import { receivers } from "../shared/border.js";
import { text } from "../shared/options.js";
import { show } from "../shared/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { forward, isModule } from "./known.js";
import { instances, Module } from "./module.js";

/** Modules one after the other; their parameters are named `0.weight`, `0.bias`, `2.weight`, … */
export class Sequential extends Module implements Iterable<Module> {
  /** The modules. */
  readonly layers: readonly Module[];

  /** @throws {@link StrataError} `"argument"` for something that is no module. */
  constructor(...layers: Module[]) {
    super();
    if (!layers.every(isModule)) {
      throw new StrataError("argument", "Sequential takes modules; wrap a function in a class that extends Module", "Sequential");
    }
    this.layers = layers;
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((at, layer) => forward("Sequential", layer, at), x);
  }

  /** `layers.0.weight` is `0.weight`, as in PyTorch. */
  override pathOf(path: string): string {
    return text("pathOf", "path", path).replace(/^layers\./, "");
  }

  /** How many modules. */
  get length(): number {
    return this.layers.length;
  }

  /** Module number `index`; negative ones count from the end. */
  at(index: number): Module | undefined {
    const at: unknown = index;
    if (typeof at !== "number" || !Number.isInteger(at)) {
      throw new StrataError("argument", `at: an index is a whole number, got ${show(at)}`, "at");
    }
    return this.layers.at(index);
  }

  /** The modules in order. */
  [Symbol.iterator](): IterableIterator<Module> {
    return this.layers[Symbol.iterator]();
  }
}

receivers(Sequential, instances(Sequential));
