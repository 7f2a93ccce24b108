import { nativeDevice } from "../device.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import type { Handle } from "../native.js";
import { numeric } from "../shared/options.js";
import { make } from "./meta.js";
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
    if (typeof other !== "number") return make(this, fn(handleOf(other, op)));
    const scalar = native.full(nativeDevice(this.device, op), [], other);
    try {
      return make(this, fn(scalar));
    } finally {
      native.free(scalar);
    }
  }

  #pair(op: Pair, other: Tensor | number): Tensor {
    return this.#with(op, other, (b) => native[op](handleOf(this, op), b));
  }

  /** `this + other`. */
  add(other: Tensor | number): Tensor {
    if (typeof other === "number") return make(this, native.affine(handleOf(this, "add"), 1, other));
    return make(this, native.add(handleOf(this, "add"), handleOf(other, "add")));
  }

  /** `this - other`. */
  sub(other: Tensor | number): Tensor {
    if (typeof other === "number") return make(this, native.affine(handleOf(this, "sub"), 1, -other));
    return make(this, native.sub(handleOf(this, "sub"), handleOf(other, "sub")));
  }

  /** `this · other`, element by element; {@link matmul} is the product of matrices. */
  mul(other: Tensor | number): Tensor {
    if (typeof other === "number") return make(this, native.affine(handleOf(this, "mul"), other, -0));
    return make(this, native.mul(handleOf(this, "mul"), handleOf(other, "mul")));
  }

  /** `this / other`. */
  div(other: Tensor | number): Tensor {
    // Not times 1 / other: that rounds twice.
    return this.#pair("div", other);
  }

  /**
   * `this ^ exponent`, as C's `pow` has it: NaN where the base is negative and the exponent is not
   * whole; 1 for the exponent 0, of NaN too.
   */
  pow(exponent: Tensor | number): Tensor {
    if (typeof exponent !== "number") return this.#pair("pow", exponent);
    const handle = handleOf(this, "pow");
    if (exponent === -1) return make(this, native.recip(handle));
    if (exponent === 2) return make(this, native.square(handle));
    return make(this, native.powf(handle, exponent));
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
      const equal = native.eq(handleOf(this, "ne"), b);
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
    return this.#with("lt", other, (b) => native.gt(b, handleOf(this, "lt")));
  }

  /** 1 where `this >= other`, else 0. No gradient. */
  ge(other: Tensor | number): Tensor {
    return this.#with("ge", other, (b) => orEqual(native.gt(handleOf(this, "ge"), b), handleOf(this, "ge"), b));
  }

  /** 1 where `this <= other`, else 0. No gradient. */
  le(other: Tensor | number): Tensor {
    return this.#with("le", other, (b) => orEqual(native.gt(b, handleOf(this, "le")), handleOf(this, "le"), b));
  }

  /** `-this`. */
  neg(): Tensor {
    return make(this, native.neg(handleOf(this, "neg")));
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
