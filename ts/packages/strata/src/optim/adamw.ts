import { OURS, receivers } from "../shared/border.js";
import { optionsOf, positive, share } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { betasOf, Optimizer, optimizers, shared } from "./optimizer.js";
import type { OptimizerOptions, Parameters } from "./optimizer.js";

/** How an {@link AdamW} is made. */
export interface AdamWOptions extends OptimizerOptions {
  /** Learning rate. Default 1e-3. */
  readonly lr?: number | undefined;
  /** Memory of gradient and squared gradient, each in [0, 1). Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number] | undefined;
  /** Keeps the division finite. Default 1e-8. */
  readonly eps?: number | undefined;
  /** Decoupled weight decay. Default 0.01. */
  readonly weightDecay?: number | undefined;
}

/**
 * AdamW (Loshchilov and Hutter, 2019), with PyTorch's semantics. For a whole {@link GPT} it is one launch
 * over the model's arena.
 *
 * ```text
 * g  = g · min(1, clip / (norm + 1e-6))
 * p -= lr · weightDecay · p                              matrices only
 * m  = β₁ m + (1 - β₁) g;   v = β₂ v + (1 - β₂) g²
 * p -= lr · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps)
 * ```
 */
export class AdamW extends Optimizer {
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  readonly #weightDecay: number;

  /**
   * @throws {@link StrataError} `"value"` for a number out of its range; `"argument"` without parameters,
   * or for one that is listed twice or shares memory with another.
   */
  constructor(parameters: Parameters, options?: AdamWOptions) {
    const op = "AdamW";
    const { betas: given = [0.9, 0.999], clip, decay, eps = 1e-8, lr = 1e-3, weightDecay } = optionsOf(op, options);
    const [beta1, beta2] = betasOf(op, given);
    const betas: [number, number] = [share(op, "betas[0]", beta1), share(op, "betas[1]", beta2)];
    const common = shared(op, { clip, weightDecay }, 0.01);
    const config = { betas, eps: positive(op, "eps", eps), ...common };
    super(OURS, op, parameters, lr, { name: "adamw", config, state: ["m", "v"] }, { decay });
    this.#betas = betas;
    this.#eps = eps;
    this.#weightDecay = common.weight_decay;
  }

  /**
   * What is remembered of a parameter: running means of its gradient and squared gradient, over the
   * optimizer's own memory. Null while it is frozen.
   *
   * @throws {@link StrataError} `"argument"` if it is not this optimizer's.
   */
  state(parameter: Tensor): { m: Tensor; v: Tensor } | null {
    const { m, v } = this.stateOf(parameter);
    return m === undefined || v === undefined ? null : { m, v };
  }

  protected override update(parameter: Tensor, lr: number, decays: boolean): Tensor {
    const state = this.state(parameter);
    if (state === null || this.steps === 0) return parameter.mul(0);
    const [mean, square] = this.#betas.map((beta) => 1 / (1 - beta ** this.steps));
    const root = state.v.mul(square ?? 1).sqrt().add(this.#eps);
    const moved = state.m.mul(mean ?? 1).div(root).mul(lr);
    return decayed(parameter, moved, decays ? lr * this.#weightDecay : 0);
  }
}

receivers(AdamW, optimizers(AdamW));

/** What a step took that multiplied by `1 - share` and then took `moved`, seen from its result. */
export function decayed(after: Tensor, moved: Tensor, share: number): Tensor {
  if (share === 0) return moved;
  const before = after.add(moved).mul(1 / (1 - share));
  return before.sub(after);
}
