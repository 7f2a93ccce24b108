import { native } from "../load.js";
import { handleOf } from "../memory.js";
import type { Tensor } from "../tensor/tensor.js";
import { wrap } from "../tensor/tensor.js";
import { handleOrNone } from "./call.js";

/**
 * `x·weight + bias`: x [..., in], weight [in, out], bias [out] or null, result [..., out].
 *
 * @throws {@link StrataError} `"shape"`, `"dtype"`, `"device"` for operands that do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  const op = "linear";
  const handles = [handleOf(x, op), handleOf(weight, op), handleOrNone(bias, op)] as const;
  return wrap(native.linear(...handles), x.device);
}

/** `gelu(x·weight + bias)` in one pass: shapes as for {@link linear}. */
export function linearGelu(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  const op = "linearGelu";
  const handles = [handleOf(x, op), handleOf(weight, op), handleOrNone(bias, op)] as const;
  return wrap(native.linearGelu(...handles), x.device);
}

/**
 * `x·weight + bias + residual` in one pass: shapes as for {@link linear}, residual has the result's.
 */
export function linearResidual(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  residual: Tensor,
): Tensor {
  const op = "linearResidual";
  const layer = [handleOf(x, op), handleOf(weight, op), handleOrNone(bias, op)] as const;
  return wrap(native.linearResidual(...layer, handleOf(residual, op)), x.device);
}

/**
 * `x·weightᵀ`: x [..., in], weight [out, in], result [..., out]. The head of a language model that
 * shares its weight with the embedding.
 */
export function linearTied(x: Tensor, weight: Tensor): Tensor {
  const op = "linearTied";
  return wrap(native.linearTied(handleOf(x, op), handleOf(weight, op)), x.device);
}
