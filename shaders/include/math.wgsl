// The corners of f32 arithmetic that WGSL leaves open, closed the same way for every kernel.
//
// WGSL lets a compiler assume that NaN and infinity do not occur, and gives its functions wide error
// bounds. So NaN is told by its bits, never by `x != x`, and functions whose built-in form may be
// poor or overflow are built from better ones.

// Whether x is not a number: all exponent bits set, and any bit of the mantissa.
fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// Whether x is infinite or not a number: a factor of 0 does not silence it.
fn is_wild(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u;
}

// f32 from bits that a constant expression may not have (infinity, NaN): through a variable.
fn from_bits(bits: u32) -> f32 {
    var word = bits;
    return bitcast<f32>(word);
}

// The larger and the smaller of two; NaN if either is (WGSL's `max` may drop it).
fn max_nan(a: f32, b: f32) -> f32 {
    return select(b, a, a > b || is_nan(a));
}
fn min_nan(a: f32, b: f32) -> f32 {
    return select(b, a, a < b || is_nan(a));
}

// Comparisons that are false where either is not a number.
fn above(a: f32, b: f32) -> bool {
    return a > b && !is_nan(a) && !is_nan(b);
}
fn equal(a: f32, b: f32) -> bool {
    return a == b && !is_nan(a) && !is_nan(b);
}

// e^x that keeps NaN, of which the built-in may make a number.
fn exp_nan(x: f32) -> f32 {
    return select(exp(x), x, is_nan(x));
}

// tanh to about 3 units in the last place. The built-in may compute (e^2x - 1) / (e^2x + 1), which
// is inf / inf from x = 45 on, and loses all digits near 0. Here: an odd polynomial (interpolated at
// the Chebyshev nodes, 1.5 units of error) near 0, and elsewhere 1 - 2 / (e^2|x| + 1), whose
// exponent is held where the answer is 1 already.
fn tanh_exact(x: f32) -> f32 {
    let size = abs(x);
    let z = x * x;
    let series = (((-0.00604516501 * z + 0.0209613293) * z - 0.0538432635) * z + 0.133327186) * z
        - 0.333333284;
    let near = x + x * z * series;
    let far = 1.0 - 2.0 / (exp(2.0 * min(size, 15.0)) + 1.0);
    let value = select(select(far, -far, x < 0.0), near, size < 0.625);
    return select(value, x, is_nan(x) || x == 0.0);  // -0 stays -0
}

// The natural logarithm with its edges, which WGSL leaves open: -inf of 0, NaN below, infinity and NaN
// as they are. Subnormal numbers are scaled by 2^24 first: some machines take their bits for normal ones.
fn log_exact(x: f32) -> f32 {
    let small = x < 1.17549435e-38;
    let normal = log(select(x, 16777216.0 * x, small)) - select(0.0, 16.635532, small);
    let value = select(select(normal, from_bits(0xff800000u), x == 0.0), x, is_wild(x));
    return select(value, from_bits(0x7fc00000u), x < 0.0);
}

// x^y as C's pow: the built-in takes a positive x only, and leaves the edges open.
fn pow_exact(x: f32, y: f32) -> f32 {
    let size = abs(x);
    let bits = bitcast<u32>(x);
    // 1 to any power is 1, and anything to the power 0, NaN too.
    if (bits == 0x3f800000u || equal(y, 0.0)) {
        return 1.0;
    }
    if (is_nan(x) || is_nan(y)) {
        return from_bits(0x7fc00000u);
    }
    if (y == 1.0) { return x; }
    if (y == 2.0) { return x * x; }
    if (y == -1.0) { return 1.0 / x; }
    // Floats from 2^23 on are whole, from 2^24 on even.
    let whole = abs(y) >= 8388608.0 || floor(y) == y;
    let odd = whole && abs(y) < 16777216.0 && (u32(abs(y)) & 1u) == 1u;
    // Where the answer has no digits: a power of 0 or infinity, one beyond f32's range.
    let small = size < 1.17549435e-38;
    let scaled = select(select(size, 16777216.0 * size, small), 1.0, size == 0.0 || is_wild(x));
    let exponent = y * (log2(scaled) - select(0.0, 24.0, small));
    let grows = (size > 1.0) == (y > 0.0);
    var value = 1.0;
    let edge = size != 1.0 && (is_wild(x) || is_wild(y));
    if (size == 0.0 || edge || abs(exponent) > 160.0) {
        value = select(0.0, from_bits(0x7f800000u), grows);
    } else if (size != 1.0) {
        value = select(pow(size, y), exp2(exponent), small);
    }
    if (bits > 0x7fffffffu) {
        if (!whole && !is_wild(x) && size != 0.0) {
            return from_bits(0x7fc00000u);
        }
        value = select(value, -value, odd);
    }
    return value;
}

// 1 / (1 + e^-x) without an overflow on either side.
fn sigmoid(x: f32) -> f32 {
    let e = exp(-abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}

// x / y, also where y is beyond 2^126: WGSL promises no digit there.
fn divided(x: f32, y: f32) -> f32 {
    let scale = select(1.0, 0.25, abs(y) > 8.507059e37);
    return (x * scale) / (y * scale);
}

// x minus the nearest multiple of 2 pi: WGSL's sin and cos are exact to 2^-11 in [-pi, pi] only.
// 2 pi is subtracted in two parts, the first with so few bits that its multiples are exact; good to
// about |x| = 10,000. Infinity has no place in a turn.
fn turn(x: f32) -> f32 {
    let turns = round(x * 0.15915494);
    return (x - turns * 6.28125) - turns * 0.0019353072;
}
fn sin_exact(x: f32) -> f32 {
    // Near 0 it is x to the last digit, and the device's own is only good to 2^-11.
    return select(select(sin(turn(x)), from_bits(0x7fc00000u), is_wild(x)), x, abs(x) < 0.00024);
}
fn cos_exact(x: f32) -> f32 {
    return select(cos(turn(x)), from_bits(0x7fc00000u), is_wild(x));
}
