import { native } from "../load.js";
import { handleOf, tidy } from "../memory.js";
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

/**
 * The rows of a table that belong to ids: ids [batch, rows] of u32, table [entries, width], result
 * [batch, rows, width]. With `positions` [context, width], row `t` of it is added at place `t`. Without,
 * ids may have any shape. An id outside the table gives a row of NaN.
 *
 * @throws {@link StrataError} `"dtype"` unless the ids are u32; `"shape"` for more rows than positions.
 */
export function embedding(ids: Tensor, table: Tensor, positions?: Tensor | null): Tensor {
  const op = "embedding";
  const { shape } = ids;
  const look = (at: Tensor): Tensor => {
    const handles = [handleOf(at, op), handleOf(table, op), handleOrNone(positions, op)] as const;
    return wrap(native.embedding(...handles), table.device);
  };
  if (shape.length === 2 || handleOrNone(positions, op) !== 0) return look(ids);
  return tidy(() => look(ids.reshape(1, ids.numel)).reshape(...shape, table.shape[1] ?? 0));
}
