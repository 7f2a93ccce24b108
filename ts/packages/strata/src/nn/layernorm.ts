import type { Device } from "../device.js";
import { layerNorm } from "../functional/norm.js";
import { receivers } from "../shared/border.js";
import { optionsOf, positive, whole } from "../shared/options.js";
import { ones, zeros } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { shaped } from "./linear.js";
import { instances, Module } from "./module.js";

/** How a {@link LayerNorm} is made. */
export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number | undefined;
  /** The device; {@link defaultDevice} if left out. */
  readonly device?: Device | undefined;
  /** A gain [width] to use as it is, not copied, instead of ones. */
  readonly weight?: Tensor | undefined;
  /** A shift [width] to use as it is, not copied, instead of zeros. */
  readonly bias?: Tensor | undefined;
}

/** Each row with mean 0 and variance 1, then scaled and shifted: x [..., width]. */
export class LayerNorm extends Module {
  /** [width]. Starts at 1. */
  readonly weight: Tensor;
  /** [width]. Starts at 0. */
  readonly bias: Tensor;
  /** Added to the variance. */
  readonly eps: number;

  /**
   * @param width - Numbers in a row.
   * @throws {@link StrataError} `"value"` for a width below 1 or an `eps` that is not positive; `"shape"`.
   */
  constructor(width: number, options?: LayerNormOptions) {
    super();
    const op = "LayerNorm";
    const shape = [whole(op, "width", width)];
    const { eps = 1e-5, device, weight, bias } = optionsOf(op, options);
    this.eps = positive(op, "eps", eps);
    this.weight = this.parameter(weight === undefined ? ones(shape, { device }) : shaped(op, "weight", weight, shape));
    this.bias = this.parameter(bias === undefined ? zeros(shape, { device }) : shaped(op, "bias", bias, shape));
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.eps);
  }

  protected override extra(): string {
    return this.weight.shape.join(", ");
  }
}

receivers(LayerNorm, instances(LayerNorm));
