import { StrataError } from "../error.js";
import { handleOf } from "../memory.js";
import { linear, linearResidual } from "../functional/linear.js";
import { receivers } from "../shared/border.js";
import { optionsOf, whole } from "../shared/options.js";
import { showShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { part, uniform } from "./init.js";
import type { LayerOptions } from "./init.js";
import { instances, Module } from "./module.js";

/** How a {@link Linear} is made. */
export interface LinearOptions extends LayerOptions {
  /** Whether it has a bias. Default true. */
  readonly bias?: boolean | Tensor | undefined;
  /** A weight [in, out] to use as it is, not copied, instead of random numbers. */
  readonly weight?: Tensor | undefined;
}

/** `x·weight + bias`: x [..., in], result [..., out]. */
export class Linear extends Module {
  /** [in, out], as GPT-2 stores it. Starts uniform between ±1/√in. */
  readonly weight: Tensor;
  /** [out], or null. Starts like the weight. */
  readonly bias: Tensor | null;

  /**
   * @param inputs - Numbers in a row of the input.
   * @param outputs - Numbers in a row of the output.
   * @throws {@link StrataError} `"value"` for sizes below 1; `"shape"` for a given weight or bias that is not of them.
   */
  constructor(inputs: number, outputs: number, options?: LinearOptions) {
    super();
    const op = "Linear";
    const bound = 1 / Math.sqrt(whole(op, "inputs", inputs));
    const [shape, row] = [[inputs, whole(op, "outputs", outputs)], [outputs]];
    const { weight, bias = true, device, seed } = optionsOf(op, options);
    const fresh = (of: readonly number[], index: number): Tensor => uniform(of, bound, part(op, { device, seed }, index));
    this.weight = this.parameter(weight === undefined ? fresh(shape, 0) : shaped(op, "weight", weight, shape));
    if (bias === false) this.bias = null;
    else this.bias = this.parameter(bias === true ? fresh(row, 1) : shaped(op, "bias", bias, row));
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  /** `x·weight + bias + residual` in one pass; residual has the output's shape. */
  residual(x: Tensor, residual: Tensor): Tensor {
    return linearResidual(x, this.weight, this.bias, residual);
  }

  protected override extra(): string {
    return `${this.weight.shape.join(" → ")}${this.bias === null ? ", no bias" : ""}`;
  }
}

/** A tensor that was given for a parameter, if it has the parameter's shape. */
export function shaped(op: string, name: string, tensor: Tensor, shape: readonly number[]): Tensor {
  handleOf(tensor, op);
  const [have, want] = [showShape(tensor.shape), showShape(shape)];
  if (have === want) return tensor;
  throw new StrataError("shape", `${op}: ${name} is ${have}, this layer needs ${want}`, op);
}

receivers(Linear, instances(Linear));
