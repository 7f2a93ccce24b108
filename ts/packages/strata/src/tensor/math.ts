import { nativeDevice } from "../device.js";
import type { DType } from "../dtype.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import type { Handle } from "../native.js";
import { numeric } from "../shared/options.js";
import { as, fromNumbers, upload } from "./elements.js";
import { make, metaOf } from "./meta.js";
import type { Tensor } from "./tensor.js";
import { TensorViews } from "./views.js";

type Arithmetic = "add" | "sub" | "mul" | "div" | "rem" | "pow" | "maximum" | "minimum";
type Comparison = "eq" | "ne" | "gt" | "ge" | "lt" | "le";

/** Whether elements are integers, whose arithmetic has no gradient. */
function isInteger(dtype: DType): dtype is "i32" | "u32" {
  return dtype === "i32" || dtype === "u32";
}

/**
 * Calls `fn` with the operand's handle; a number becomes a tensor like `self` for as long as that takes.
 * Not a method: nobody else may say what a tensor's handle is.
 */
export function withScalar(
  self: TensorViews,
  op: string,
  other: Tensor | number,
  fn: (other: Handle) => Handle,
): Tensor {
  if (typeof other !== "number") return make(self, fn(handleOf(other, op)));
  const { dtype } = metaOf(self, op);
  const on = nativeDevice(self.device, op);
  const scalar = isInteger(dtype)
    ? upload(op, on, fromNumbers(op, [other], dtype), dtype, [])
    : as(op, dtype, native.full(on, [], other));
  try {
    return make(self, fn(scalar));
  } finally {
    native.free(scalar);
  }
}

/**
 * Arithmetic, element by element. Two operands are broadcast: shapes are matched from the last
 * dimension, and a dimension of 1 stretches. A number stands for a tensor of shape `[]`.
 *
 * Of floats; and of two i32 or two u32 `add`, `sub`, `mul`, `div`, `rem`, `maximum`, `minimum`, which
 * wrap around modulo 2³² and have no gradient, and the comparisons, which give f32.
 *
 * Every method makes a new tensor. Errors: `"shape"` if the shapes do not broadcast, `"dtype"` for
 * operands of two dtypes or another one, `"device"` for operands on two devices.
 */
export abstract class TensorMath extends TensorViews {
  /** Has another op do the work on floats, and this one named where the engine would name that. */
  #floats(op: string, fn: (own: Handle) => Handle, want = "floats"): Tensor {
    const own = handleOf(this, op);
    const { dtype } = metaOf(this, op);
    if (isInteger(dtype)) throw new StrataError("dtype", `${op} takes ${want}, got ${dtype}; convert with \`cast\``, op);
    try {
      return make(this, fn(own));
    } catch (error) {
      if (!(error instanceof StrataError) || error.code !== "dtype") throw error;
      throw new StrataError("dtype", error.message.replace(error.op, op), op, { cause: error });
    }
  }

  #pair(op: Arithmetic | Comparison, other: Tensor | number): Tensor {
    return withScalar(this, op, other, (b) => native[op](handleOf(this, op), b));
  }

  /** `this + other`. */
  add(other: Tensor | number): Tensor {
    const own = handleOf(this, "add");
    if (typeof other !== "number") return make(this, native.add(own, handleOf(other, "add")));
    if (isInteger(metaOf(this, "add").dtype)) return this.#pair("add", other);
    return this.#floats("add", (a) => native.affine(a, 1, other));
  }

  /** `this - other`. */
  sub(other: Tensor | number): Tensor {
    const own = handleOf(this, "sub");
    if (typeof other !== "number") return make(this, native.sub(own, handleOf(other, "sub")));
    if (isInteger(metaOf(this, "sub").dtype)) return this.#pair("sub", other);
    return this.#floats("sub", (a) => native.affine(a, 1, -other));
  }

  /** `this · other`, element by element; {@link matmul} is the product of matrices. */
  mul(other: Tensor | number): Tensor {
    const own = handleOf(this, "mul");
    if (typeof other !== "number") return make(this, native.mul(own, handleOf(other, "mul")));
    if (isInteger(metaOf(this, "mul").dtype)) return this.#pair("mul", other);
    return this.#floats("mul", (a) => native.affine(a, other, -0));
  }

  /** `this / other`. Of integers towards 0; by 0 it is `this`. */
  div(other: Tensor | number): Tensor {
    // Not times 1 / other: that rounds twice.
    return this.#pair("div", other);
  }

  /**
   * What a division towards 0 leaves of i32 or u32, with the sign of `this`; 0 for a division by 0.
   *
   * @throws {@link StrataError} `"dtype"` unless both are i32 or both u32.
   */
  rem(other: Tensor | number): Tensor {
    return this.#pair("rem", other);
  }

  /**
   * `this ^ exponent`, as C's `pow` has it: NaN where the base is negative and the exponent is not
   * whole; 1 for the exponent 0, of NaN too.
   */
  pow(exponent: Tensor | number): Tensor {
    if (typeof exponent !== "number") return this.#pair("pow", exponent);
    if (exponent === -1) return this.#floats("pow", (a) => native.recip(a));
    if (exponent === 2) return this.#floats("pow", (a) => native.square(a));
    return this.#floats("pow", (a) => native.powf(a, exponent));
  }

  /** The larger of each pair; NaN where either is. */
  maximum(other: Tensor | number): Tensor {
    return this.#pair("maximum", other);
  }

  /** The smaller of each pair; NaN where either is. */
  minimum(other: Tensor | number): Tensor {
    return this.#pair("minimum", other);
  }

  /** 1 where equal, else 0. No gradient. */
  eq(other: Tensor | number): Tensor {
    return this.#pair("eq", other);
  }

  /** 1 where different, else 0; NaN differs from all. No gradient. */
  ne(other: Tensor | number): Tensor {
    return this.#pair("ne", other);
  }

  /** 1 where `this > other`, else 0. No gradient. */
  gt(other: Tensor | number): Tensor {
    return this.#pair("gt", other);
  }

  /** 1 where `this < other`, else 0. No gradient. */
  lt(other: Tensor | number): Tensor {
    return this.#pair("lt", other);
  }

  /** 1 where `this >= other`, else 0. No gradient. */
  ge(other: Tensor | number): Tensor {
    return this.#pair("ge", other);
  }

  /** 1 where `this <= other`, else 0. No gradient. */
  le(other: Tensor | number): Tensor {
    return this.#pair("le", other);
  }

  /** `-this`, of i32 too. */
  neg(): Tensor {
    const own = handleOf(this, "neg");
    // 0 - x, which for the smallest of all is itself.
    if (metaOf(this, "neg").dtype === "i32") return withScalar(this, "neg", 0, (zero) => native.sub(zero, own));
    return this.#floats("neg", (a) => native.neg(a), "floats or i32");
  }

  /** `e ^ this`. */
  exp(): Tensor {
    return make(this, native.exp(handleOf(this, "exp")));
  }

  /** Natural logarithm. */
  log(): Tensor {
    return make(this, native.log(handleOf(this, "log")));
  }

  /** Square root. */
  sqrt(): Tensor {
    return make(this, native.sqrt(handleOf(this, "sqrt")));
  }

  /** `this · this`. */
  square(): Tensor {
    return make(this, native.square(handleOf(this, "square")));
  }

  /** Without the sign. */
  abs(): Tensor {
    return make(this, native.abs(handleOf(this, "abs")));
  }

  /** `1 / this`. */
  reciprocal(): Tensor {
    return make(this, native.recip(handleOf(this, "reciprocal")));
  }

  /** Sine, of radians. */
  sin(): Tensor {
    return make(this, native.sin(handleOf(this, "sin")));
  }

  /** Cosine, of radians. */
  cos(): Tensor {
    return make(this, native.cos(handleOf(this, "cos")));
  }

  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return make(this, native.tanh(handleOf(this, "tanh")));
  }

  /** `max(this, 0)`. */
  relu(): Tensor {
    return make(this, native.relu(handleOf(this, "relu")));
  }

  /** `1 / (1 + e ^ -this)`. */
  sigmoid(): Tensor {
    return make(this, native.sigmoid(handleOf(this, "sigmoid")));
  }

  /** GELU in its tanh form. */
  gelu(): Tensor {
    return make(this, native.gelu(handleOf(this, "gelu")));
  }

  /** `this · sigmoid(this)`. */
  silu(): Tensor {
    return make(this, native.silu(handleOf(this, "silu")));
  }

  /**
   * Held between two bounds; NaN stays NaN.
   *
   * @throws {@link StrataError} `"value"` if `low` is above `high`, or either is NaN.
   */
  clamp(low = -Infinity, high = Infinity): Tensor {
    return make(this, native.clamp(handleOf(this, "clamp"), numeric("clamp", "low", low), numeric("clamp", "high", high)));
  }

  /**
   * The product of matrices: `[…, n, k]` by `[…, k, m]` is `[…, n, m]`; what comes before is
   * broadcast. Transposed views cost nothing.
   *
   * @throws {@link StrataError} `"shape"` if the inner dimensions differ, or either has fewer than two.
   */
  matmul(other: Tensor): Tensor {
    return make(this, native.matmul(handleOf(this, "matmul"), handleOf(other, "matmul")));
  }
}
