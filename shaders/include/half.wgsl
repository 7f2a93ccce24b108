// Conversions between f32, the two 16-bit floats and integers, from bits to bits.
//
//   f32   1 sign   8 exponent   23 mantissa
//   bf16  1 sign   8 exponent    7 mantissa    f32 with its lower half cut off: same range
//   f16   1 sign   5 exponent   10 mantissa    finer, but overflows beyond 65504
//
// Portable WGSL has no 16-bit types: they are halves of u32 words. `pack2x16float` leaves open how it
// rounds and what it makes of large numbers, so the rounding is spelled out. The same bits as
// kernels/include/bf16.cuh, except for which NaN a NaN becomes.

// Rounds to the nearest bf16, ties to even: adding 0x7fff carries into the upper half when the lower
// half is above the middle, and adding the upper half's last bit decides the exact middle.
fn f32_to_bf16(bits: u32) -> u32 {
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return (bits >> 16u) | 0x40u;  // a quiet NaN: rounding could carry into an infinity
    }
    return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}

// Rounds to the nearest f16, ties to even; from 65520 on to infinity.
fn f32_to_f16(bits: u32) -> u32 {
    let sign = (bits >> 16u) & 0x8000u;
    let size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) {
        return sign | 0x7e00u | ((size >> 13u) & 0x3ffu);
    }
    if (size >= 0x47800000u) {  // 65536 and more
        return sign | 0x7c00u;
    }
    if (size >= 0x38800000u) {  // 2^-14, the smallest normal f16
        // Round as for bf16, 13 bits from the end, and move the exponent from 127 to 15.
        return sign | ((size + 0xfffu + ((size >> 13u) & 1u) - 0x38000000u) >> 13u);
    }
    if (size < 0x33000000u) {  // under 2^-25, half of the smallest subnormal
        return sign;
    }
    // Subnormal: the mantissa with its hidden bit, counted in units of 2^-24.
    let mantissa = (size & 0x7fffffu) | 0x800000u;
    let shift = 126u - (size >> 23u);  // 14 to 24
    let kept = mantissa >> shift;
    let lost = mantissa & ((1u << shift) - 1u);
    let middle = 1u << (shift - 1u);
    let up = lost > middle || (lost == middle && (kept & 1u) == 1u);
    return sign | (kept + select(0u, 1u, up));
}

// Exact.
fn f16_to_f32(half: u32) -> u32 {
    let sign = (half & 0x8000u) << 16u;
    let exponent = (half >> 10u) & 0x1fu;
    let mantissa = half & 0x3ffu;
    if (exponent == 31u) {
        let quiet = select(0u, 0x400000u, mantissa != 0u);
        return sign | 0x7f800000u | quiet | (mantissa << 13u);
    }
    if (exponent == 0u) {  // subnormal: a small number of units of 2^-24
        return sign | bitcast<u32>(f32(mantissa) * (1.0 / 16777216.0));
    }
    return sign | ((exponent + 112u) << 23u) | (mantissa << 13u);
}

// Rounds to the nearest f32, ties to even. WGSL's own conversion may round either way.
fn unsigned_to_f32(value: u32) -> u32 {
    if (value == 0u) {
        return 0u;
    }
    let top = firstLeadingBit(value);
    let shifted = value << (31u - top);  // the leading 1 at bit 31
    let kept = shifted >> 8u;            // 24 bits of mantissa
    let lost = shifted & 0xffu;
    let up = lost > 0x80u || (lost == 0x80u && (kept & 1u) == 1u);
    // The hidden bit adds 1 to the exponent, hence 126; a carry moves on into it as it should.
    return ((top + 126u) << 23u) + kept + select(0u, 1u, up);
}

fn signed_to_f32(value: u32) -> u32 {
    if (value > 0x7fffffffu) {
        return 0x80000000u | unsigned_to_f32(0u - value);
    }
    return unsigned_to_f32(value);
}

// The whole part of a float as an unsigned number; what is too large gives 2^32 - 1, NaN gives 0.
fn f32_to_magnitude(size: u32) -> u32 {
    let exponent = size >> 23u;
    if (exponent < 127u || size > 0x7f800000u) {
        return 0u;
    }
    if (exponent >= 159u) {
        return 0xffffffffu;
    }
    let mantissa = (size & 0x7fffffu) | 0x800000u;
    if (exponent < 150u) {
        return mantissa >> (150u - exponent);
    }
    return mantissa << (exponent - 150u);
}

fn f32_to_u32(bits: u32) -> u32 {
    return select(f32_to_magnitude(bits & 0x7fffffffu), 0u, bits > 0x7fffffffu);
}

fn f32_to_i32(bits: u32) -> u32 {
    let size = f32_to_magnitude(bits & 0x7fffffffu);
    let negative = 0u - min(size, 0x80000000u);
    return select(min(size, 0x7fffffffu), negative, bits > 0x7fffffffu);
}
