import type { Tensor } from "../tensor/tensor.js";
import { StrataError } from "../error.js";
import { Module } from "./module.js";

/** Modules one after the other; their parameters are named `0.weight`, `0.bias`, `2.weight`, … */
export class Sequential extends Module implements Iterable<Module> {
  /** The modules. */
  readonly layers: readonly Module[];

  /** @throws {@link StrataError} `"argument"` for something that is no module. */
  constructor(...layers: Module[]) {
    super();
    if (!layers.every((layer) => layer instanceof Module)) {
      throw new StrataError("argument", "Sequential takes modules; wrap a function in a class that extends Module", "Sequential");
    }
    this.layers = layers;
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((at, layer) => layer.forward(at), x);
  }

  /** `layers.0.weight` is `0.weight`, as in PyTorch. */
  override pathOf(path: string): string {
    return path.replace(/^layers\./, "");
  }

  /** How many modules. */
  get length(): number {
    return this.layers.length;
  }

  /** Module number `index`; negative ones count from the end. */
  at(index: number): Module | undefined {
    return this.layers.at(index);
  }

  /** The modules in order. */
  [Symbol.iterator](): IterableIterator<Module> {
    return this.layers[Symbol.iterator]();
  }
}
