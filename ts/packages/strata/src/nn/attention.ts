import { dropoutAdd } from "../functional/activation.js";
import { attentionQkv, attentionWeights, splitQkv } from "../functional/attention.js";
import { optionsWith } from "../functional/call.js";
import { StrataError } from "../error.js";
import { tidy } from "../memory.js";
import { receivers } from "../shared/border.js";
import { flag, optionsOf, share, whole } from "../shared/options.js";
import { noGrad } from "../tensor/mode.js";
import type { Tensor } from "../tensor/tensor.js";
import { part } from "./init.js";
import type { LayerOptions } from "./init.js";
import { Linear } from "./linear.js";
import { given, instances, Module } from "./module.js";

/** How a {@link MultiHeadAttention} is made. */
export interface MultiHeadAttentionOptions extends LayerOptions {
  /** A token sees only what stands before it, and itself. Default false. */
  readonly causal?: boolean | undefined;
  /** Probability of dropping an attention probability, and an element of {@link MultiHeadAttention.into}. Default 0. */
  readonly dropout?: number | undefined;
  /** A layer [width, 3·width] to use instead of a fresh one. */
  readonly qkv?: Linear | undefined;
  /** A layer [width, width] to use instead of a fresh one. */
  readonly proj?: Linear | undefined;
}

/** What a layer of attention leaves out of one batch. */
export interface PaddingOptions {
  /** Which tokens there are, [batch, rows]: 0 is padding, which nobody looks at; see {@link functional.attention}. */
  readonly keyMask?: Tensor | undefined;
}

/** Self-attention with several heads: x [batch, rows, width], result the same. */
export class MultiHeadAttention extends Module {
  /** Queries, keys and values in one product: width → 3·width. */
  readonly qkv: Linear;
  /** What the heads found, mixed: width → width. */
  readonly proj: Linear;
  /** Heads. */
  readonly heads: number;
  /** Whether a token sees only what stands before it. */
  readonly causal: boolean;
  /** Probability of dropping, in training mode. */
  readonly dropout: number;

  /**
   * @param width - Numbers in a row.
   * @param heads - A divisor of the width; a head is at most 128 wide.
   * @throws {@link StrataError} `"value"` for numbers out of their range.
   */
  constructor(width: number, heads: number, options?: MultiHeadAttentionOptions) {
    super();
    const op = "MultiHeadAttention";
    if (whole(op, "width", width) % whole(op, "heads", heads) !== 0) {
      throw new StrataError("value", `${op}: a width of ${width} does not divide into ${heads} heads`, op);
    }
    const { causal, device, dropout = 0, proj, qkv, seed } = optionsOf(op, options);
    this.heads = heads;
    this.causal = flag(op, "causal", causal);
    this.dropout = share(op, "dropout", dropout);
    this.qkv = given(op, "qkv", qkv, Linear) ?? new Linear(width, 3 * width, part(op, { device, seed }, 0));
    this.proj = given(op, "proj", proj, Linear) ?? new Linear(width, width, part(op, { device, seed }, 1));
  }

  /** Width of one head. */
  get headDim(): number {
    return (this.proj.weight.shape[0] ?? 0) / this.heads;
  }

  override forward(x: Tensor, options?: PaddingOptions): Tensor {
    return tidy(() => this.proj.forward(this.mix(x, options)));
  }

  /** The heads' mixtures of values before {@link proj}, [batch, rows, width]. */
  mix(x: Tensor, options?: PaddingOptions): Tensor {
    const { causal, heads } = this;
    const { keyMask } = optionsWith("keyMask", "MultiHeadAttention", options);
    return tidy(() => attentionQkv(this.qkv.forward(x), heads, { causal, dropout: this.#drops(), keyMask }));
  }

  /** `residual + forward(x)`; in training mode {@link dropout} is applied to what is added. */
  into(residual: Tensor, x: Tensor, options?: PaddingOptions): Tensor {
    return tidy(() => addTo(residual, this.proj, this.mix(x, options), this.#drops()));
  }

  /** Who looks at whom: the probabilities [batch, heads, rows, keys]; no gradient. */
  weights(x: Tensor, options?: PaddingOptions): Tensor {
    const { keyMask } = optionsWith("keyMask", "MultiHeadAttention", options);
    return noGrad(() =>
      tidy(() => {
        const [q, k] = splitQkv(this.qkv.forward(x), this.heads);
        return attentionWeights(q, k, { causal: this.causal, keyMask });
      }),
    );
  }

  #drops(): number {
    return this.training ? this.dropout : 0;
  }
}

/** `residual + dropout(layer(x))`; without dropout the sum is part of the matrix product. */
export function addTo(residual: Tensor, layer: Linear, x: Tensor, dropout: number): Tensor {
  if (dropout === 0) return layer.residual(x, residual);
  return dropoutAdd(residual, layer.forward(x), dropout);
}

receivers(MultiHeadAttention, instances(MultiHeadAttention));
