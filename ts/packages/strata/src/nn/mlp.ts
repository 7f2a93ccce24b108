import { gelu } from "../functional/activation.js";
import { tidy } from "../memory.js";
import { receivers } from "../shared/border.js";
import { optionsOf, share, whole } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { addTo } from "./attention.js";
import { part } from "./init.js";
import type { LayerOptions } from "./init.js";
import { Linear } from "./linear.js";
import { given, instances, Module } from "./module.js";

/** How an {@link MLP} is made. */
export interface MLPOptions extends LayerOptions {
  /** How many times wider it is inside. Default 4. */
  readonly ratio?: number | undefined;
  /** Probability of dropping an element of what {@link MLP.into} adds. Default 0. */
  readonly dropout?: number | undefined;
  /** A layer [width, ratio·width] to use instead of a fresh one. */
  readonly fc?: Linear | undefined;
  /** A layer [ratio·width, width] to use instead of a fresh one. */
  readonly proj?: Linear | undefined;
}

/** Two linear layers with GELU between them, the half of a block that works on each token by itself. */
export class MLP extends Module {
  /** width → ratio·width. */
  readonly fc: Linear;
  /** ratio·width → width. */
  readonly proj: Linear;
  /** Probability of dropping, in training mode. */
  readonly dropout: number;

  /**
   * @param width - Numbers in a row, in and out.
   * @throws {@link StrataError} `"value"` for numbers out of their range.
   */
  constructor(width: number, options?: MLPOptions) {
    super();
    const op = "MLP";
    const { device, dropout = 0, fc, proj, ratio = 4, seed } = optionsOf(op, options);
    const inside = whole(op, "ratio", ratio) * whole(op, "width", width);
    this.dropout = share(op, "dropout", dropout);
    this.fc = given(op, "fc", fc, Linear) ?? new Linear(width, inside, part(op, { device, seed }, 0));
    this.proj = given(op, "proj", proj, Linear) ?? new Linear(inside, width, part(op, { device, seed }, 1));
  }

  override forward(x: Tensor): Tensor {
    return tidy(() => this.proj.forward(gelu(this.fc.forward(x))));
  }

  /** `residual + forward(x)`; in training mode {@link dropout} is applied to what is added. */
  into(residual: Tensor, x: Tensor): Tensor {
    const drops = this.training ? this.dropout : 0;
    return tidy(() => addTo(residual, this.proj, gelu(this.fc.forward(x)), drops));
  }
}

receivers(MLP, instances(MLP));
