import { nativeDevice } from "../device.js";
import { native } from "../load.js";
import { handleOf, tidy } from "../memory.js";
import type { Handle } from "../native.js";
import type { Tensor } from "./tensor.js";
import { TensorViews } from "./views.js";

type Pair = "div" | "pow" | "maximum" | "minimum" | "eq" | "gt";

/**
 * Arithmetic, element by element, in f32. Two operands are broadcast: shapes are matched from the
 * last dimension, and a dimension of 1 stretches. A number stands for a tensor of shape `[]`.
 *
 * Every method makes a new tensor. Errors: `"shape"` if the shapes do not broadcast, `"dtype"` unless
 * f32, `"device"` for operands on two devices.
 */
export abstract class TensorMath extends TensorViews {
  /** Calls `fn` with the operand's handle; a number becomes a tensor for as long as that takes. */
  #with(op: string, other: Tensor | number, fn: (other: Handle) => Handle): Tensor {
    if (typeof other !== "number") return this.make(fn(handleOf(other, op)));
    const scalar = native.full(nativeDevice(this.device, op), [], other);
    try {
      return this.make(fn(scalar));
    } finally {
      native.free(scalar);
    }
  }

  #pair(op: Pair, other: Tensor | number): Tensor {
    return this.#with(op, other, (b) => native[op](this.use(op), b));
  }

  /** `this + other`. */
  add(other: Tensor | number): Tensor {
    if (typeof other === "number") return this.make(native.affine(this.use("add"), 1, other));
    return this.make(native.add(this.use("add"), handleOf(other, "add")));
  }

  /** `this - other`. */
  sub(other: Tensor | number): Tensor {
    if (typeof other === "number") return this.make(native.affine(this.use("sub"), 1, -other));
    return this.make(native.sub(this.use("sub"), handleOf(other, "sub")));
  }

  /** `this · other`, element by element; {@link matmul} is the product of matrices. */
  mul(other: Tensor | number): Tensor {
    if (typeof other === "number") return this.make(native.affine(this.use("mul"), other, 0));
    return this.make(native.mul(this.use("mul"), handleOf(other, "mul")));
  }

  /** `this / other`. */
  div(other: Tensor | number): Tensor {
    // Not times 1 / other: that rounds twice.
    return this.#pair("div", other);
  }

  /**
   * `this ^ exponent`. A negative base takes a number that is whole; with another exponent, or with
   * a tensor of them, the base must be positive.
   */
  pow(exponent: Tensor | number): Tensor {
    if (typeof exponent !== "number") return this.#pair("pow", exponent);
    const handle = this.use("pow");
    if (exponent === 0 || exponent === 1) return this.make(native.affine(handle, exponent, 1 - exponent));
    if (exponent === -1) return this.make(native.recip(handle));
    if (exponent === 2) return this.make(native.square(handle));
    if (!Number.isInteger(exponent)) return this.make(native.powf(handle, exponent));
    // WebGPU has powers of positive numbers only: the sign is seen to here.
    return tidy(() => {
      const even = exponent - (Math.abs(exponent) % 2);
      const size = even === 2 ? this.square() : this.make(native.powf(handleOf(this.abs(), "pow"), even));
      return even === exponent ? size : this.mul(size);
    });
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
    return this.#with("ne", other, (b) => {
      const equal = native.eq(this.use("ne"), b);
      try {
        return native.affine(equal, -1, 1);
      } finally {
        native.free(equal);
      }
    });
  }

  /** 1 where `this > other`, else 0. No gradient. */
  gt(other: Tensor | number): Tensor {
    return this.#pair("gt", other);
  }

  /** 1 where `this < other`, else 0. No gradient. */
  lt(other: Tensor | number): Tensor {
    return this.#with("lt", other, (b) => native.gt(b, this.use("lt")));
  }

  /** 1 where `this >= other`, else 0. No gradient. */
  ge(other: Tensor | number): Tensor {
    return this.#with("ge", other, (b) => orEqual(native.gt(this.use("ge"), b), this.use("ge"), b));
  }

  /** 1 where `this <= other`, else 0. No gradient. */
  le(other: Tensor | number): Tensor {
    return this.#with("le", other, (b) => orEqual(native.gt(b, this.use("le")), this.use("le"), b));
  }

  /** `-this`. */
  neg(): Tensor {
    return this.make(native.neg(this.use("neg")));
  }

  /** `e ^ this`. */
  exp(): Tensor {
    return this.make(native.exp(this.use("exp")));
  }

  /** Natural logarithm. */
  log(): Tensor {
    return this.make(native.log(this.use("log")));
  }

  /** Square root. */
  sqrt(): Tensor {
    return this.make(native.sqrt(this.use("sqrt")));
  }

  /** `this · this`. */
  square(): Tensor {
    return this.make(native.square(this.use("square")));
  }

  /** Without the sign. */
  abs(): Tensor {
    return this.make(native.abs(this.use("abs")));
  }

  /** `1 / this`. */
  reciprocal(): Tensor {
    return this.make(native.recip(this.use("reciprocal")));
  }

  /** Sine, of radians. */
  sin(): Tensor {
    return this.make(native.sin(this.use("sin")));
  }

  /** Cosine, of radians. */
  cos(): Tensor {
    return this.make(native.cos(this.use("cos")));
  }

  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return this.make(native.tanh(this.use("tanh")));
  }

  /** `max(this, 0)`. */
  relu(): Tensor {
    return this.make(native.relu(this.use("relu")));
  }

  /** `1 / (1 + e ^ -this)`. */
  sigmoid(): Tensor {
    return this.make(native.sigmoid(this.use("sigmoid")));
  }

  /** GELU in its tanh form. */
  gelu(): Tensor {
    return this.make(native.gelu(this.use("gelu")));
  }

  /** `this · sigmoid(this)`. */
  silu(): Tensor {
    return this.make(native.silu(this.use("silu")));
  }

  /**
   * Held between two bounds; NaN stays NaN.
   *
   * @throws {@link StrataError} `"value"` if `low` is above `high`, or either is NaN.
   */
  clamp(low = -Infinity, high = Infinity): Tensor {
    return this.make(native.clamp(this.use("clamp"), low, high));
  }

  /**
   * The product of matrices: `[…, n, k]` by `[…, k, m]` is `[…, n, m]`; what comes before is
   * broadcast. Transposed views cost nothing.
   *
   * @throws {@link StrataError} `"shape"` if the inner dimensions differ, or either has fewer than two.
   */
  matmul(other: Tensor): Tensor {
    return this.make(native.matmul(this.use("matmul"), handleOf(other, "matmul")));
  }
}

/** `more + (a == b)`: never both, and neither where there is a NaN. */
function orEqual(more: Handle, a: Handle, b: Handle): Handle {
  try {
    const equal = native.eq(a, b);
    try {
      return native.add(more, equal);
    } finally {
      native.free(equal);
    }
  } finally {
    native.free(more);
  }
}
