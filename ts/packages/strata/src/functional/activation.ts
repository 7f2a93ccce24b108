import { native } from "../load.js";
import { handleOf } from "../memory.js";
import { nextKey } from "../random.js";
import { share } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { wrap } from "../tensor/tensor.js";

/** GELU in its tanh form (Hendrycks and Gimpel, 2016), as GPT-2 has it. */
export function gelu(x: Tensor): Tensor {
  return wrap(native.gelu(handleOf(x, "gelu")), x.device);
}

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return wrap(native.relu(handleOf(x, "relu")), x.device);
}

/** `x · sigmoid(x)`. */
export function silu(x: Tensor): Tensor {
  return wrap(native.silu(handleOf(x, "silu")), x.device);
}

/** `1 / (1 + exp(-x))`. */
export function sigmoid(x: Tensor): Tensor {
  return wrap(native.sigmoid(handleOf(x, "sigmoid")), x.device);
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return wrap(native.tanh(handleOf(x, "tanh")), x.device);
}

/**
 * Dropout (Srivastava et al., 2014): each element is zeroed with probability `p`, the others grow by
 * `1 / (1 - p)`. Each call draws another mask; after {@link manualSeed} the same ones in the same order,
 * on every device. With `p` 0 it is `x` itself.
 *
 * @throws {@link StrataError} `"value"` for `p` outside [0, 1).
 */
export function dropout(x: Tensor, p = 0.5): Tensor {
  const op = "dropout";
  const handle = handleOf(x, op);
  if (share(op, "p", p) === 0) return x;
  const { seed, step } = nextKey();
  return wrap(native.dropout(handle, p, seed, step), x.device);
}

/** `residual + dropout(x)` in one pass; both of one shape. */
export function dropoutAdd(residual: Tensor, x: Tensor, p = 0.5): Tensor {
  const op = "dropoutAdd";
  const handles = [handleOf(residual, op), handleOf(x, op)] as const;
  if (share(op, "p", p) === 0) return residual.add(x);
  const { seed, step } = nextKey();
  return wrap(native.dropoutAdd(...handles, p, seed, step), x.device);
}
