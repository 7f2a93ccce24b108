import { dropout, gelu, relu, sigmoid, silu, tanh } from "../functional/activation.js";
import { receivers } from "../shared/border.js";
import { share } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { instances, Module } from "./module.js";

/** GELU in its tanh form, as GPT-2 has it. */
export class GELU extends Module {
  override forward(x: Tensor): Tensor {
    return gelu(x);
  }
}

/** `max(x, 0)`. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** `1 / (1 + exp(-x))`. */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** `x · sigmoid(x)`. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** In training mode each element is zeroed with probability `p` and the others grow by `1 / (1 - p)`. */
export class Dropout extends Module {
  /** Probability of being zeroed. */
  readonly p: number;

  /** @throws {@link StrataError} `"value"` for `p` outside [0, 1). */
  constructor(p = 0.5) {
    super();
    this.p = share("Dropout", "p", p);
  }

  /** Outside of training mode it is `x` itself. */
  override forward(x: Tensor): Tensor {
    return this.training ? dropout(x, this.p) : x;
  }

  protected override extra(): string {
    return String(this.p);
  }
}

receivers(GELU, instances(GELU));
receivers(ReLU, instances(ReLU));
receivers(Tanh, instances(Tanh));
receivers(Sigmoid, instances(Sigmoid));
receivers(SiLU, instances(SiLU));
receivers(Dropout, instances(Dropout));
