import { StrataError } from "../error.js";
import { native } from "../load.js";
import { tidy } from "../memory.js";
import type { Tensor } from "./tensor.js";
import { TensorMath } from "./math.js";
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
 * `"dtype"` unless f32.
 */
export abstract class TensorReduce extends TensorMath {
  /** The sum. */
  sum(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.make(native.sum(this.use("sum"), dimsOf("sum", dim, this.shape), options.keepdim === true));
  }

  /** The mean; NaN of nothing. */
  mean(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.make(
      native.mean(this.use("mean"), dimsOf("mean", dim, this.shape), options.keepdim === true),
    );
  }

  /** The largest element; NaN if there is one, -Infinity of nothing. Equal ones share the gradient. */
  max(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.make(native.max(this.use("max"), dimsOf("max", dim, this.shape), options.keepdim === true));
  }

  /** The smallest element; NaN if there is one, Infinity of nothing. Equal ones share the gradient. */
  min(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.make(native.min(this.use("min"), dimsOf("min", dim, this.shape), options.keepdim === true));
  }

  /**
   * The index of the largest element along a dimension, as u32: the first of equals, or the first
   * NaN. Without a dimension, its place among all elements in row-major order. No gradient.
   *
   * @throws {@link StrataError} `"shape"` where there is nothing to choose from.
   */
  argmax(dim?: number, options: ReduceOptions = {}): Tensor {
    const { shape } = this.about("argmax");
    const keepdim = options.keepdim === true;
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
    return moved.rowArgmax();
  }

  /** {@link argmax} along the last dimension, as the engine has it. */
  protected rowArgmax(): Tensor {
    return this.make(native.argmax(this.use("rowArgmax")));
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
    const { shape } = this.about(op);
    const d = dimOf(op, dim, shape.length, shape);
    if (d === shape.length - 1) return this.make(fn(this.use(op)));
    const moved = native.transpose(this.use(op), d, shape.length - 1);
    let done = 0;
    try {
      done = fn(moved);
      return this.make(native.transpose(done, d, shape.length - 1));
    } finally {
      native.free(moved);
      if (done !== 0) native.free(done);
    }
  }

  /** The Euclidean norm: the square root of the sum of squares. */
  norm(dim?: Dims, options: ReduceOptions = {}): Tensor {
    this.use("norm");
    return tidy(() => this.square().sum(dim, options).sqrt());
  }

  /** The variance: the mean squared distance from the mean, of n - `correction` elements. */
  var(dim?: Dims, options: VarianceOptions = {}): Tensor {
    const { shape } = this.about("var");
    const { correction = 1 } = options;
    if (!Number.isFinite(correction)) {
      throw new StrataError(
        "value",
        `var: correction must be a finite number, got ${String(correction)}`,
        "var",
      );
    }
    const count = dimsOf("var", dim, shape).reduce((product, d) => product * (shape[d] ?? 1), 1);
    return tidy(() => {
      const apart = this.sub(this.mean(dim, { keepdim: true })).square();
      // One element with correction 1 has no variance: 0 / 0.
      return apart.sum(dim, options).mul(1 / Math.max(0, count - correction));
    });
  }

  /** The standard deviation: the square root of {@link var}. */
  std(dim?: Dims, options: VarianceOptions = {}): Tensor {
    this.use("std");
    return tidy(() => this.var(dim, options).sqrt());
  }
}
