import { embedding } from "../functional/embedding.js";
import { receivers } from "../shared/border.js";
import { optionsOf, whole } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { normal, part } from "./init.js";
import type { LayerOptions } from "./init.js";
import { shaped } from "./linear.js";
import { instances, Module } from "./module.js";

/** How an {@link Embedding} is made. */
export interface EmbeddingOptions extends LayerOptions {
  /** A table [entries, width] to use as it is, not copied, instead of random numbers. */
  readonly weight?: Tensor | undefined;
}

/** A table with a row for each id: ids [...] of u32, result [..., width]. */
export class Embedding extends Module {
  /** [entries, width]. Starts normal with deviation 1. */
  readonly weight: Tensor;

  /**
   * @param entries - Rows of the table; ids are below it.
   * @param width - Numbers in a row.
   * @throws {@link StrataError} `"value"` for sizes below 1; `"shape"` for a given table that is not of them.
   */
  constructor(entries: number, width: number, options?: EmbeddingOptions) {
    super();
    const op = "Embedding";
    const shape = [whole(op, "entries", entries), whole(op, "width", width)];
    const { weight, device, seed } = optionsOf(op, options);
    const table = weight === undefined ? normal(shape, 1, part(op, { device, seed }, 0)) : shaped(op, "weight", weight, shape);
    this.weight = this.parameter(table);
  }

  override forward(ids: Tensor): Tensor {
    return embedding(ids, this.weight);
  }

  protected override extra(): string {
    return this.weight.shape.join(", ");
  }
}

receivers(Embedding, instances(Embedding));
