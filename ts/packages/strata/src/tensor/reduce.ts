import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf, tidy } from "../memory.js";
import { flag, optionsOf } from "../shared/options.js";
import { show } from "../shared/show.js";
import type { Tensor } from "./tensor.js";
import { TensorMath } from "./math.js";
import { make, metaOf } from "./meta.js";
import { dimOf, dimsOf, showShape } from "./shape.js";

/** Which dimensions to reduce: one, several, or all if left out. Negative ones count from the end. */
export type Dims = number | readonly number[];

/** How a reduction leaves its dimensions. */
export interface ReduceOptions {
  /** Keep reduced dimensions as 1, so that the result broadcasts against the input; false if left out. */
  readonly keepdim?: boolean;
}

/** How variance is counted. */
export interface VarianceOptions extends ReduceOptions {
  /** Taken from the count before dividing: 1 (if left out) for a sample, 0 for a whole population. */
  readonly correction?: number;
}

/**
 * Many elements into one. Errors: `"shape"` for a dimension that is not there or named twice,
 * `"dtype"` for integers, and on WebGPU for floats of 16 bits.
 */
export abstract class TensorReduce extends TensorMath {
  /** The sum. */
  sum(dim?: Dims, options?: ReduceOptions): Tensor {
    return make(this, native.sum(handleOf(this, "sum"), dimsOf("sum", dim, this.shape), keeps("sum", options)));
  }

  /** The mean; NaN of nothing. */
  mean(dim?: Dims, options?: ReduceOptions): Tensor {
    return make(this, 
      native.mean(handleOf(this, "mean"), dimsOf("mean", dim, this.shape), keeps("mean", options)),
    );
  }

  /** The largest element; NaN if there is one, -Infinity of nothing. Equal ones share the gradient. */
  max(dim?: Dims, options?: ReduceOptions): Tensor {
    return make(this, native.max(handleOf(this, "max"), dimsOf("max", dim, this.shape), keeps("max", options)));
  }

  /** The smallest element; NaN if there is one, Infinity of nothing. Equal ones share the gradient. */
  min(dim?: Dims, options?: ReduceOptions): Tensor {
    return make(this, native.min(handleOf(this, "min"), dimsOf("min", dim, this.shape), keeps("min", options)));
  }

  /**
   * The index of the largest element along a dimension, as u32: the first of equals, or the first
   * NaN. Without a dimension, its place among all elements in row-major order. No gradient.
   *
   * @throws {@link StrataError} `"shape"` where there is nothing to choose from.
   */
  argmax(dim?: number, options?: ReduceOptions): Tensor {
    const { shape } = metaOf(this, "argmax");
    const keepdim = keeps("argmax", options);
    return tidy(() => {
      if (dim === undefined) {
        const place = this.#last("argmax", this.flatten());
        return keepdim ? place.reshape(shape.map(() => 1)) : place;
      }
      const d = dimOf("argmax", dim, shape.length, shape);
      const order = [...shape.keys()].filter((i) => i !== d);
      const places = this.#last("argmax", this.permute([...order, d]));
      return keepdim ? places.unsqueeze(d) : places;
    });
  }

  #last(op: string, moved: Tensor): Tensor {
    if (moved.shape.at(-1) === 0) {
      throw new StrataError(
        "shape",
        `${op}: there is nothing to choose from in shape ${showShape(this.shape)}`,
        op,
      );
    }
    return make(moved, native.argmax(handleOf(moved, op)));
  }

  /** `e ^ this` over its sum along a dimension: positive numbers that sum to 1. */
  softmax(dim = -1): Tensor {
    return this.#alongLast("softmax", dim, native.softmax);
  }

  /** The logarithm of {@link softmax}, without its rounding and underflow. */
  logSoftmax(dim = -1): Tensor {
    return this.#alongLast("logSoftmax", dim, native.logSoftmax);
  }

  #alongLast(op: string, dim: number, fn: (handle: number) => number): Tensor {
    const { shape } = metaOf(this, op);
    const d = dimOf(op, dim, shape.length, shape);
    if (d === shape.length - 1) return make(this, fn(handleOf(this, op)));
    const moved = native.transpose(handleOf(this, op), d, shape.length - 1);
    let done = 0;
    try {
      done = fn(moved);
      return make(this, native.transpose(done, d, shape.length - 1));
    } finally {
      native.free(moved);
      if (done !== 0) native.free(done);
    }
  }

  /** The Euclidean norm: the square root of the sum of squares. Where it is 0, so is its gradient. */
  norm(dim?: Dims, options?: ReduceOptions): Tensor {
    return make(this, native.norm(handleOf(this, "norm"), dimsOf("norm", dim, this.shape), keeps("norm", options)));
  }

  /** The variance: the mean squared distance from the mean, of n - `correction` elements. */
  var(dim?: Dims, options?: VarianceOptions): Tensor {
    return this.#variance("var", dim, options);
  }

  #variance(op: "var" | "std", dim: Dims | undefined, options: VarianceOptions | undefined): Tensor {
    const { shape } = metaOf(this, op);
    const { correction = 1, keepdim: given } = optionsOf(op, options);
    const keepdim = flag(op, "keepdim", given);
    if (!Number.isFinite(correction)) {
      throw new StrataError("value", `${op}: correction must be a finite number, got ${show(correction)}`, op);
    }
    const dims = dimsOf(op, dim, shape);
    const count = dims.reduce((product, d) => product * (shape[d] ?? 1), 1);
    return tidy(() => {
      const apart = this.sub(this.mean(dims, { keepdim: true }));
      // One element with correction 1 has no variance: 0 / 0.
      const share = 1 / Math.max(0, count - correction);
      // A norm, so that the gradient of no deviation is 0 instead of 0 / 0.
      if (op === "std") return apart.norm(dims, { keepdim }).mul(Math.sqrt(share));
      return apart.square().sum(dims, { keepdim }).mul(share);
    });
  }

  /** The standard deviation: the square root of {@link var}. Where it is 0, so is its gradient. */
  std(dim?: Dims, options?: VarianceOptions): Tensor {
    return this.#variance("std", dim, options);
  }
}

function keeps(op: string, options: ReduceOptions | undefined): boolean {
  return options === undefined ? false : flag(op, "keepdim", optionsOf(op, options).keepdim);
}
