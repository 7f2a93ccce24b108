import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf, tidy } from "../memory.js";
import { checkSeed, nextSeed } from "../random.js";
import { flag, listOf, optionsOf, whole } from "../shared/options.js";
import { isArray, show } from "../shared/show.js";
import { withScalar } from "./math.js";
import { make, metaOf } from "./meta.js";
import { TensorReduce } from "./reduce.js";
import { dimOf, showShape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** The largest elements along a dimension, and where they stood. */
export interface TopK {
  /** The largest first. */
  readonly values: Tensor;
  /** Their places, u32; no gradient. */
  readonly indices: Tensor;
}

/** How places are drawn. */
export interface MultinomialOptions {
  /** Whether each draw has the whole row before it; false if left out: none comes twice. */
  readonly replacement?: boolean | undefined;
  /** A seed of its own; the stream that {@link manualSeed} starts if left out. */
  readonly seed?: number | undefined;
}

/**
 * Choosing among elements: by a condition, by their place, by their size, by chance.
 */
export abstract class TensorChoose extends TensorReduce {
  #dim(op: string, dim: unknown): number {
    const { shape } = metaOf(this, op);
    return dimOf(op, dim, shape.length, shape);
  }

  /**
   * These elements where `condition` is not 0 (NaN is not), and those of `other` elsewhere; all three
   * are broadcast. What is not chosen gets no gradient, and no NaN of it comes through.
   *
   * @param condition - of any dtype: a comparison's result.
   * @throws {@link StrataError} `"shape"` if the shapes do not broadcast; `"dtype"` for elements of two dtypes.
   */
  where(condition: Tensor, other: Tensor | number): Tensor {
    const op = "where";
    const [own, asked] = [handleOf(this, op), handleOf(condition, op)];
    return withScalar(this, op, other, (b) => native.where(asked, own, b));
  }

  /** 1 where NaN, else 0. No gradient. */
  isnan(): Tensor {
    return make(this, native.isnan(handleOf(this, "isnan")));
  }

  /**
   * The last two dimensions with 0 above a diagonal: the main one, or one so many places to its right
   * (to its left if negative).
   *
   * @throws {@link StrataError} `"shape"` for fewer than two dimensions.
   */
  tril(diagonal = 0): Tensor {
    return make(this, native.tril(handleOf(this, "tril"), diagonalOf("tril", diagonal)));
  }

  /** The last two dimensions with 0 below a diagonal; see {@link tril}. */
  triu(diagonal = 0): Tensor {
    return make(this, native.triu(handleOf(this, "triu"), diagonalOf("triu", diagonal)));
  }

  /**
   * The elements at places along a dimension: `out[i][j] = this[index[i][j]][j]` for `dim` 0. `index`,
   * i32 or u32, has as many dimensions and may be shorter in the others. A place outside gives NaN (of
   * integers, all bits set).
   *
   * @throws {@link StrataError} `"shape"`, `"dtype"`, `"device"` for an index that does not fit.
   */
  gather(dim: number, index: Tensor): Tensor {
    const op = "gather";
    return make(this, native.gather(handleOf(this, op), this.#dim(op, dim), handleOf(index, op)));
  }

  /**
   * These elements with those of `source` added at places along a dimension: the reverse of
   * {@link gather}. Where many have one place they are added in order: the same bits every time. A
   * place outside makes the first element of its column NaN.
   *
   * @throws {@link StrataError} `"shape"`, `"dtype"`, `"device"` for operands that do not fit.
   */
  scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor {
    const op = "scatterAdd";
    const [own, at, from] = [handleOf(this, op), handleOf(index, op), handleOf(source, op)];
    return make(this, native.scatterAdd(own, this.#dim(op, dim), at, from));
  }

  /** The sums of all elements up to each one along a dimension; integers wrap around. */
  cumsum(dim: number): Tensor {
    return make(this, native.cumsum(handleOf(this, "cumsum"), this.#dim("cumsum", dim)));
  }

  /**
   * The `k` largest elements along a dimension, the largest first; of equals the first comes first,
   * and NaN before everything. With `k` its whole length this sorts.
   *
   * @throws {@link StrataError} `"shape"` if there are no `k`; `"dtype"` for integers.
   */
  topk(k: number, dim = -1): TopK {
    const op = "topk";
    const own = handleOf(this, op);
    const { shape } = metaOf(this, op);
    const d = this.#dim(op, dim);
    whole(op, "k", k, 0);
    const last = shape.length - 1;
    const along = (handle: number): TopK => {
      const [values = 0, indices = 0] = native.topk(handle, k);
      return { values: make(this, values), indices: make(this, indices) };
    };
    if (d === last) return along(own);
    return tidy(() => {
      const found = along(handleOf(this.transpose(d, last), op));
      return { values: found.values.transpose(d, last), indices: found.indices.transpose(d, last) };
    });
  }

  /**
   * `draws` places of each row (along the last dimension), each as often as its weight says, as u32
   * [..., draws]; the same for a seed on every device. A row that is no distribution (a weight below
   * 0, infinite or NaN, a sum of 0) draws 4294967295, which no table has as a row, and so does what is
   * drawn when no weight is left.
   *
   * @throws {@link StrataError} `"shape"` without a row, or for more draws than places without
   * replacement; `"dtype"` for integers.
   */
  multinomial(draws: number, options?: MultinomialOptions): Tensor {
    const op = "multinomial";
    const own = handleOf(this, op);
    const { replacement, seed } = optionsOf(op, options);
    const again = flag(op, "replacement", replacement);
    whole(op, "draws", draws, 0);
    const from = seed === undefined ? nextSeed() : checkSeed(seed, op);
    return make(this, native.multinomial(own, draws, from, again));
  }

  /**
   * Parts along a dimension, as views: of one size (the last one may be smaller), or of these sizes,
   * which must add up to the dimension.
   *
   * @throws {@link StrataError} `"value"` for a size below 1; `"shape"` for sizes that do not add up.
   */
  split(sizes: number | readonly number[], dim = 0): Tensor[] {
    const op = "split";
    handleOf(this, op);
    const { shape } = metaOf(this, op);
    const d = this.#dim(op, dim);
    const length = shape[d] ?? 0;
    const parts = isArray(sizes)
      ? listOf(op, "sizes", sizes, (size) => whole(op, "a size", size, 0))
      : equal(length, whole(op, "size", sizes));
    if (parts.reduce((sum, size) => sum + size, 0) !== length) {
      const message = `${op}: the sizes ${showShape(parts)} do not add up to dimension ${d} of shape ${showShape(shape)}`;
      throw new StrataError("shape", message, op);
    }
    let start = 0;
    return parts.map((size) => {
      const part = this.narrow(d, start, size);
      start += size;
      return part;
    });
  }

  /**
   * At most `count` parts along a dimension, as views of one size; the last one may be smaller.
   *
   * @throws {@link StrataError} `"value"` for a count below 1.
   */
  chunk(count: number, dim = 0): Tensor[] {
    const op = "chunk";
    handleOf(this, op);
    const { shape } = metaOf(this, op);
    const length = shape[this.#dim(op, dim)] ?? 0;
    return this.split(Math.max(1, Math.ceil(length / whole(op, "count", count))), dim);
  }
}

/** Parts of one size; one empty part of nothing. */
function equal(length: number, size: number): number[] {
  const count = Math.max(1, Math.ceil(length / size));
  return Array.from({ length: count }, (_, i) => Math.min(size, length - i * size));
}

function diagonalOf(op: string, diagonal: unknown): number {
  if (typeof diagonal === "number" && Number.isSafeInteger(diagonal)) return diagonal;
  const code = typeof diagonal === "number" ? "value" : "argument";
  throw new StrataError(code, `${op}: the diagonal is a whole number, got ${show(diagonal)}`, op);
}
