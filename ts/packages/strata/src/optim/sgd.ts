import { OURS, receivers } from "../shared/border.js";
import { optionsOf, share } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { decayed } from "./adamw.js";
import { Optimizer, optimizers, shared } from "./optimizer.js";
import type { OptimizerOptions, Parameters } from "./optimizer.js";

/** How an {@link SGD} is made. */
export interface SGDOptions extends OptimizerOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Memory of the velocity, in [0, 1); 0 is plain gradient descent. Default 0. */
  readonly momentum?: number | undefined;
  /** Weight decay, added to the gradient. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * Stochastic gradient descent, with or without momentum, with PyTorch's semantics.
 *
 * ```text
 * g  = g · min(1, clip / (norm + 1e-6)) + weightDecay · p      decay on matrices only
 * u  = momentum · u + g;   p -= lr · u
 * ```
 */
export class SGD extends Optimizer {
  readonly #momentum: number;
  readonly #weightDecay: number;
  readonly #clip: number | null;

  /**
   * @throws {@link StrataError} `"value"` for a number out of its range; `"argument"` without parameters,
   * or for one that is listed twice or shares memory with another.
   */
  constructor(parameters: Parameters, options: SGDOptions) {
    const op = "SGD";
    const { clip, decay, lr, momentum: memory = 0, weightDecay } = optionsOf(op, options);
    const momentum = share(op, "momentum", memory);
    const common = shared(op, { clip, weightDecay }, 0);
    const state = momentum > 0 ? ["velocity"] : [];
    super(OURS, op, parameters, lr, { name: "sgd", config: { momentum, ...common }, state }, { decay });
    this.#momentum = momentum;
    this.#weightDecay = common.weight_decay;
    this.#clip = common.clip;
  }

  /**
   * The velocity of a parameter, over the optimizer's own memory; null without momentum or while the
   * parameter is frozen.
   *
   * @throws {@link StrataError} `"argument"` if it is not this optimizer's.
   */
  state(parameter: Tensor): { velocity: Tensor } | null {
    const { velocity } = this.stateOf(parameter);
    return velocity === undefined ? null : { velocity };
  }

  protected override update(parameter: Tensor, lr: number, decays: boolean): Tensor {
    if (this.#momentum > 0) return (this.state(parameter)?.velocity ?? parameter.mul(0)).mul(lr);
    const factor = this.#clip === null ? 1 : Math.min(1, this.#clip / (this.norm + 1e-6));
    const moved = (parameter.grad ?? parameter.mul(0)).mul(factor * lr);
    return decayed(parameter, moved, decays ? lr * this.#weightDecay : 0);
  }
}

receivers(SGD, optimizers(SGD));
