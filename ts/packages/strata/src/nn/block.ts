import { tidy } from "../memory.js";
import { receivers } from "../shared/border.js";
import { optionsOf } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { MultiHeadAttention } from "./attention.js";
import type { PaddingOptions } from "./attention.js";
import { part } from "./init.js";
import type { LayerOptions } from "./init.js";
import { LayerNorm } from "./layernorm.js";
import { MLP } from "./mlp.js";
import { given, instances, Module } from "./module.js";

/** How a {@link TransformerBlock} is made. */
export interface TransformerBlockOptions extends LayerOptions {
  /** A token sees only what stands before it, and itself. Default true. */
  readonly causal?: boolean | undefined;
  /** Probability of dropping an activation in training mode. Default 0. */
  readonly dropout?: number | undefined;
  /** How many times wider the MLP is inside. Default 4. */
  readonly mlpRatio?: number | undefined;
  /** Layers to use instead of fresh ones. */
  readonly parts?: TransformerBlockParts | undefined;
}

/** What a {@link TransformerBlock} is made of. */
export interface TransformerBlockParts {
  /** Before attention. */
  readonly ln1: LayerNorm;
  /** Where tokens look at each other. */
  readonly attn: MultiHeadAttention;
  /** Before the MLP. */
  readonly ln2: LayerNorm;
  /** Where each token is worked on by itself. */
  readonly mlp: MLP;
}

/**
 * A pre-norm transformer block: `x += attn(ln1(x)); x += mlp(ln2(x))`, x [batch, rows, width].
 */
export class TransformerBlock extends Module implements TransformerBlockParts {
  /** Before attention. */
  readonly ln1: LayerNorm;
  /** Where tokens look at each other. */
  readonly attn: MultiHeadAttention;
  /** Before the MLP. */
  readonly ln2: LayerNorm;
  /** Where each token is worked on by itself. */
  readonly mlp: MLP;

  /**
   * @param width - Numbers in a row.
   * @param heads - A divisor of the width.
   * @throws {@link StrataError} `"value"` for numbers out of their range.
   */
  constructor(width: number, heads: number, options?: TransformerBlockOptions) {
    super();
    const op = "TransformerBlock";
    const { causal = true, device, dropout, mlpRatio: ratio, parts, seed } = optionsOf(op, options);
    const { attn, ln1, ln2, mlp } = optionsOf(op, parts, "parts");
    const from = { device, seed };
    this.ln1 = given(op, "ln1", ln1, LayerNorm) ?? new LayerNorm(width, { device });
    this.attn =
      given(op, "attn", attn, MultiHeadAttention) ??
      new MultiHeadAttention(width, heads, { ...part(op, from, 0), causal, dropout });
    this.ln2 = given(op, "ln2", ln2, LayerNorm) ?? new LayerNorm(width, { device });
    this.mlp = given(op, "mlp", mlp, MLP) ?? new MLP(width, { ...part(op, from, 1), ratio, dropout });
  }

  override forward(x: Tensor, options?: PaddingOptions): Tensor {
    return tidy(() => {
      const between = this.attn.into(x, this.ln1.forward(x), options);
      return this.mlp.into(between, this.ln2.forward(between));
    });
  }

  /** Who looks at whom in this block: [batch, heads, rows, keys]; no gradient. */
  weights(x: Tensor, options?: PaddingOptions): Tensor {
    return tidy(() => this.attn.weights(this.ln1.forward(x), options));
  }
}

receivers(TransformerBlock, instances(TransformerBlock));
