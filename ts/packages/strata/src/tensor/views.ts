import type { DType } from "../dtype.js";
import { codeOf } from "../dtype.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import { show } from "../shared/show.js";
import type { Tensor } from "./tensor.js";
import { TensorData } from "./data.js";
import { make, metaOf } from "./meta.js";
import { checkShape, dimOf, inferShape, showShape, spread } from "./shape.js";
import { indexOf, rangeOf } from "./slice.js";
import type { Range } from "./slice.js";

/**
 * Other shapes over the same memory. Nothing is copied, except where a method says so; writing into
 * a view writes into the tensor. Dimensions may be counted from the end: -1 is the last.
 */
export abstract class TensorViews extends TensorData {
  #dim(op: string, dim: unknown): number {
    const { shape } = metaOf(this, op);
    return dimOf(op, dim, shape.length, shape);
  }

  /**
   * The element or sub-tensor at these indices, one for each leading dimension; negative ones count
   * from the end.
   *
   * @throws {@link StrataError} `"index"` outside a dimension; `"shape"` for too many indices.
   */
  at(...indices: number[]): Tensor {
    return this.#indexed("at", indices);
  }

  /**
   * Parts of the leading dimensions, as Python's `x[1:3, :, 0]` is `x.slice([1, 3], null, 0)`.
   *
   * @param ranges - For each dimension a {@link Range}; those left out are whole.
   * @throws {@link StrataError} `"index"` for a single index outside its dimension, a bound that is
   * no whole number, a step below 1; `"shape"` for too many ranges.
   */
  slice(...ranges: Range[]): Tensor {
    return this.#indexed("slice", ranges);
  }

  #indexed(op: string, ranges: readonly Range[]): Tensor {
    const { shape } = metaOf(this, op);
    if (ranges.length > shape.length) {
      const message = `${op}: ${ranges.length} indices for shape ${showShape(shape)}, which has ${shape.length} dimensions`;
      throw new StrataError("shape", message, op);
    }
    // Checked whole before anything is sliced.
    const slices = ranges.map((range, d) => {
      const size = shape[d] ?? 0;
      if (op === "at" || typeof range === "number") return indexOf(op, range, size, d, shape);
      return range === null ? null : rangeOf(op, range, size);
    });
    let handle = 0;
    let removed = 0;
    for (const [d, slice] of slices.entries()) {
      if (slice === null) continue;
      const from = handle === 0 ? handleOf(this, op) : handle;
      const to =
        typeof slice === "number"
          ? native.select(from, d - removed++, slice)
          : native.sliceStep(from, d - removed, slice.start, slice.end, slice.step);
      if (handle !== 0) native.free(handle);
      handle = to;
    }
    return make(this, handle === 0 ? native.reshape(handleOf(this, op), [...shape]) : handle);
  }

  /**
   * `length` elements from `start` on along a dimension.
   *
   * @throws {@link StrataError} `"index"` if they do not lie in it.
   */
  narrow(dim: number, start: number, length: number): Tensor {
    const d = this.#dim("narrow", dim);
    const size = this.shape[d] ?? 0;
    const at = Number.isInteger(start) && start < 0 ? start + size : start;
    if (!(
      Number.isInteger(at) &&
      Number.isInteger(length) &&
      at >= 0 &&
      length >= 0 &&
      at + length <= size
    )) {
      const message = `narrow: ${show(length)} elements from ${show(start)} do not lie in dimension ${d} of shape ${showShape(this.shape)}`;
      throw new StrataError("index", message, "narrow");
    }
    return make(this, native.narrow(handleOf(this, "narrow"), d, at, length));
  }

  /**
   * The element at an index along a dimension, which goes away.
   *
   * @throws {@link StrataError} `"index"` outside the dimension.
   */
  select(dim: number, index: number): Tensor {
    const d = this.#dim("select", dim);
    const { shape } = this;
    return make(this, native.select(handleOf(this, "select"), d, indexOf("select", index, shape[d] ?? 0, d, shape)));
  }

  /**
   * The same elements in row-major order under another shape, one dimension of which may be -1: as
   * many as are left. A copy only where no strides can say it.
   *
   * @throws {@link StrataError} `"shape"` for another number of elements.
   */
  reshape(shape: readonly number[]): Tensor;
  /** The new shape, one number for each dimension: `x.reshape(2, -1)`. */
  reshape(...shape: number[]): Tensor;
  reshape(...args: (number | readonly number[])[]): Tensor {
    const op = "reshape";
    return make(this, 
      native.reshape(handleOf(this, "reshape"), [...inferShape(op, spread(op, args), this.shape)]),
    );
  }

  /**
   * Dimensions in another order: dimension `d` of the result is `order[d]` of this.
   *
   * @throws {@link StrataError} `"shape"` unless `order` names each dimension once.
   */
  permute(order: readonly number[]): Tensor;
  /** The order, one number for each dimension: `x.permute(2, 0, 1)`. */
  permute(...order: number[]): Tensor;
  permute(...args: (number | readonly number[])[]): Tensor {
    const op = "permute";
    const order = spread(op, args).map((d) => this.#dim("permute", d));
    return make(this, native.permute(handleOf(this, "permute"), order));
  }

  /** Two dimensions swapped. */
  transpose(dim0: number, dim1: number): Tensor {
    return make(this, 
      native.transpose(handleOf(this, "transpose"), this.#dim("transpose", dim0), this.#dim("transpose", dim1)),
    );
  }

  /**
   * A matrix with rows and columns swapped; vectors and numbers as they are.
   *
   * @throws {@link StrataError} `"shape"` above two dimensions; say which to swap with `transpose`.
   */
  t(): Tensor {
    const { shape } = metaOf(this, "t");
    if (shape.length > 2) {
      const message = `t: shape ${showShape(shape)} has ${shape.length} dimensions, a matrix has 2; use transpose(-2, -1)`;
      throw new StrataError("shape", message, "t");
    }
    return shape.length === 2 ? this.transpose(0, 1) : make(this, native.reshape(handleOf(this, "t"), [...shape]));
  }

  /** {@link t}, as NumPy writes it. */
  get T(): Tensor {
    return this.t();
  }

  /**
   * Without a dimension of 1, or without all of them if none is named.
   *
   * @throws {@link StrataError} `"shape"` if the one named is not 1.
   */
  squeeze(dim?: number): Tensor {
    if (dim !== undefined) return make(this, native.squeeze(handleOf(this, "squeeze"), this.#dim("squeeze", dim)));
    return make(this, 
      native.reshape(
        handleOf(this, "squeeze"),
        this.shape.filter((size) => size !== 1),
      ),
    );
  }

  /** With a dimension of 1 put before dimension `dim`; -1 puts it last. */
  unsqueeze(dim: number): Tensor {
    const { shape } = metaOf(this, "unsqueeze");
    return make(this, 
      native.unsqueeze(handleOf(this, "unsqueeze"), dimOf("unsqueeze", dim, shape.length + 1, shape)),
    );
  }

  /** Dimensions `start` to `end`, both included, as one. A copy only where no strides can say it. */
  flatten(start = 0, end = -1): Tensor {
    const { shape } = metaOf(this, "flatten");
    if (shape.length === 0) return make(this, native.reshape(handleOf(this, "flatten"), [1]));
    const [from, to] = [this.#dim("flatten", start), this.#dim("flatten", end)];
    if (from > to) {
      const message = `flatten: dimension ${start} does not come before ${end} in shape ${showShape(shape)}`;
      throw new StrataError("shape", message, "flatten");
    }
    const middle = shape.slice(from, to + 1).reduce((product, size) => product * size, 1);
    return make(this, 
      native.reshape(handleOf(this, "flatten"), [...shape.slice(0, from), middle, ...shape.slice(to + 1)]),
    );
  }

  /**
   * Stretched to a shape: dimensions of 1 repeat without a copy, new ones come in front, -1 leaves a
   * dimension as it is.
   *
   * @throws {@link StrataError} `"shape"` for a dimension that is neither 1 nor the one asked for.
   */
  expand(shape: readonly number[]): Tensor;
  /** The shape, one number for each dimension: `x.expand(3, -1)`. */
  expand(...shape: number[]): Tensor;
  expand(...args: (number | readonly number[])[]): Tensor {
    const op = "expand";
    const { shape } = metaOf(this, "expand");
    const wanted = spread(op, args);
    const missing = wanted.length - shape.length;
    const full = wanted.map((size, d) => (size === -1 ? (shape[d - missing] ?? -1) : size));
    return make(this, native.broadcastTo(handleOf(this, "expand"), [...checkShape("expand", full)]));
  }

  /** Row-major: the same memory if it is already, else a copy. */
  contiguous(): Tensor {
    return make(this, native.contiguous(handleOf(this, "contiguous")));
  }

  /**
   * The elements converted to another dtype, the same on every device. Floats to integers truncate
   * towards zero, what is out of range becomes the nearest integer there is, and NaN becomes 0; i32
   * and u32 of each other are modulo 2³² (-7 becomes 4,294,967,289). To 16-bit floats they are rounded
   * to the nearest. Gradients flow between floats.
   */
  cast(dtype: DType): Tensor {
    return make(this, native.cast(handleOf(this, "cast"), codeOf(dtype, "cast")));
  }

  /** {@link cast} to f32. */
  float(): Tensor {
    return this.cast("f32");
  }
}
