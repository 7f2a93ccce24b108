import { native } from "../load.js";
import { handleOf } from "../memory.js";
import type { Handle } from "../native.js";
import { nextKey } from "../random.js";
import { flag, numeric, share, whole } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { wrap } from "../tensor/tensor.js";
import { handleOrNone, nth, optionsWith, wrapAll } from "./call.js";

/** Which keys a query sees. */
export interface MaskOptions {
  /** Only keys up to the query's own place; false if left out. */
  readonly causal?: boolean | undefined;
  /**
   * Which keys there are, [batch, keys] of any dtype: 0 leaves one out, as padding. Nothing of it
   * comes through, NaN neither. A query that sees no key gets zeros, and gives no gradient.
   */
  readonly keyMask?: Tensor | undefined;
}

/** What kind of attention. */
export interface AttentionOptions extends MaskOptions {
  /** Factor on the scores; `1 / √headDim` if left out. */
  readonly scale?: number | undefined;
  /** Probability of dropping an attention probability, 0 if left out; see {@link dropout}. */
  readonly dropout?: number | undefined;
}

/**
 * Scaled dot-product attention, `softmax(q·kᵀ / √headDim)·v` (Vaswani et al., 2017): q [batch, heads,
 * rows, headDim], k and v [batch, heads, keys, headDim], result shaped like q.
 *
 * @throws {@link StrataError} `"shape"`, `"dtype"`, `"device"` for operands that do not fit; `"value"`.
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options?: AttentionOptions,
): Tensor {
  const op = "attention";
  const handles = [handleOf(q, op), handleOf(k, op), handleOf(v, op)] as const;
  const { causal, scale, dropout, mask } = wantedOf(op, options);
  const { seed, step } = key(dropout);
  return wrap(native.attention(...handles, causal, scale, dropout, seed, step, mask), q.device);
}

/**
 * Self-attention of a packed projection: qkv [batch, rows, 3·width] holds queries, keys and values
 * side by side, the result is [batch, rows, width]. Nothing is copied on the way.
 *
 * @throws {@link StrataError} as {@link attention}; `"shape"` for a width that the heads do not divide.
 */
export function attentionQkv(
  qkv: Tensor,
  heads: number,
  options?: Omit<AttentionOptions, "scale">,
): Tensor {
  const op = "attentionQkv";
  const [handle, count] = [handleOf(qkv, op), whole(op, "heads", heads)];
  const { causal, dropout, mask } = wantedOf(op, options);
  const { seed, step } = key(dropout);
  return wrap(native.attentionQkv(handle, count, causal, dropout, seed, step, mask), qkv.device);
}

/**
 * The probabilities that attention mixes the values with, [batch, heads, rows, keys], from q and k
 * shaped as for {@link attention}; no gradient. Flash attention never stores them: this is for looking.
 */
export function attentionWeights(
  q: Tensor,
  k: Tensor,
  options?: Omit<AttentionOptions, "dropout">,
): Tensor {
  const op = "attentionWeights";
  const { causal, scale, mask } = wantedOf(op, options);
  return wrap(native.attentionWeights(handleOf(q, op), handleOf(k, op), causal, scale, mask), q.device);
}

/**
 * Queries, keys and values of a packed projection [batch, rows, 3·width], as views [batch, heads,
 * rows, headDim] of its memory; no gradient.
 */
export function splitQkv(qkv: Tensor, heads: number): [q: Tensor, k: Tensor, v: Tensor] {
  const op = "splitQkv";
  const parts = wrapAll(native.splitQkv(handleOf(qkv, op), whole(op, "heads", heads)), qkv);
  return [nth(parts, 0, op), nth(parts, 1, op), nth(parts, 2, op)];
}

/** The options, each looked at once. */
function wantedOf(
  op: string,
  options: AttentionOptions | undefined,
): { causal: boolean; scale: number; dropout: number; mask: Handle } {
  const { causal, scale = NaN, dropout = 0, keyMask } = optionsWith("keyMask", op, options);
  return {
    mask: handleOrNone(keyMask, op),
    causal: flag(op, "causal", causal),
    scale: numeric(op, "scale", scale),
    dropout: share(op, "dropout", dropout),
  };
}

function key(dropout: number): { seed: number; step: number } {
  return dropout === 0 ? { seed: 0, step: 0 } : nextKey();
}
