import { native } from "../load.js";
import { handleOf } from "../memory.js";
import { real } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { wrap } from "../tensor/tensor.js";
import { nth, wrapAll } from "./call.js";

/** What LayerNorm keeps of a row, and what it makes of it. */
export interface LayerNormStats {
  /** The normalised rows, [..., width]. */
  readonly out: Tensor;
  /** Mean of each row, [rows]. */
  readonly mean: Tensor;
  /** One over the standard deviation of each row, [rows]. */
  readonly rstd: Tensor;
}

/**
 * LayerNorm over the last dimension (Ba et al., 2016): `(x - mean) / √(variance + eps) · weight + bias`,
 * x [..., width], weight and bias [width].
 *
 * @throws {@link StrataError} `"shape"`, `"dtype"`, `"device"` for operands that do not fit.
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  const op = "layerNorm";
  const handles = [handleOf(x, op), handleOf(weight, op), handleOf(bias, op)] as const;
  return wrap(native.layernorm(...handles, epsOf(op, eps)), x.device);
}

/** `[x + residual, layerNorm(x + residual)]` in one pass: shapes as for {@link layerNorm}. */
export function residualLayerNorm(
  x: Tensor,
  residual: Tensor,
  weight: Tensor,
  bias: Tensor,
  eps = 1e-5,
): [sum: Tensor, out: Tensor] {
  const op = "residualLayerNorm";
  const handles = [x, residual, weight, bias].map((t) => handleOf(t, op));
  const [a = 0, b = 0, c = 0, d = 0] = handles;
  const results = wrapAll(native.residualLayernorm(a, b, c, d, epsOf(op, eps)), x);
  return [nth(results, 0, op), nth(results, 1, op)];
}

/** {@link layerNorm} with the two numbers of each row that its backward needs; no gradient. */
export function layerNormStats(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  eps = 1e-5,
): LayerNormStats {
  const op = "layerNormStats";
  const handles = [handleOf(x, op), handleOf(weight, op), handleOf(bias, op)] as const;
  const results = wrapAll(native.layernormStats(...handles, epsOf(op, eps)), x);
  return { out: nth(results, 0, op), mean: nth(results, 1, op), rstd: nth(results, 2, op) };
}

/** What is added to the variance: a number of the engine's, which are of 32 bits. */
function epsOf(op: string, eps: number): number {
  return real(op, "eps", eps, 0, 3e38);
}
