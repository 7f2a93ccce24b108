import { handleOf } from "../memory.js";
import { optionsOf } from "../shared/options.js";
import { filled } from "./create.js";
import type { TensorOptions } from "./create.js";
import type { Tensor } from "./tensor.js";

/**
 * All zeros, in the shape and with the dtype and device of another tensor, unless the options say
 * otherwise.
 */
export function zerosLike(like: Tensor, options?: TensorOptions): Tensor {
  return filled("zerosLike", shapeLike("zerosLike", like), 0, optionsLike("zerosLike", like, options));
}

/** All ones; see {@link zerosLike}. */
export function onesLike(like: Tensor, options?: TensorOptions): Tensor {
  return filled("onesLike", shapeLike("onesLike", like), 1, optionsLike("onesLike", like, options));
}

function shapeLike(op: string, like: Tensor): readonly number[] {
  handleOf(like, op);
  return like.shape;
}

function optionsLike(op: string, like: Tensor, options: TensorOptions | undefined): TensorOptions {
  const { device = like.device, dtype = like.dtype, requiresGrad } = optionsOf(op, options);
  return { device, dtype, requiresGrad };
}

/**
 * `a` where `condition` is not 0, else `b`; all three are broadcast, and a number stands for a tensor of
 * shape `[]`. See {@link Tensor.where}.
 *
 * @throws {@link StrataError} `"shape"`, `"dtype"`, `"device"` for operands that do not fit.
 */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const op = "where";
  if (typeof a !== "number") {
    handleOf(a, op);
    return a.where(condition, b);
  }
  handleOf(condition, op);
  if (typeof b !== "number") handleOf(b, op);
  const dtype = typeof b === "number" ? "f32" : b.dtype;
  const first = filled(op, [], a, { device: condition.device, dtype });
  try {
    return first.where(condition, b);
  } finally {
    first.dispose();
  }
}
