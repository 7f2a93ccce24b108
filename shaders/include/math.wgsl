// The corners of f32 arithmetic that WGSL leaves open, closed the same way for every kernel.
//
// WGSL lets a compiler assume that NaN and infinity do not occur, and gives its functions wide error
// bounds. So NaN is told by its bits, never by `x != x`, and functions whose built-in form may be
// poor or overflow are built from better ones.

// Whether x is not a number: all exponent bits set, and any bit of the mantissa.
fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
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
    return select(value, x, is_nan(x));
}

// The natural logarithm with its two edges, which WGSL leaves open: -inf of 0, NaN below.
fn log_exact(x: f32) -> f32 {
    return select(select(log(x), from_bits(0xff800000u), x == 0.0), from_bits(0x7fc00000u), x < 0.0);
}

// 1 / (1 + e^-x) without an overflow on either side.
fn sigmoid(x: f32) -> f32 {
    let e = exp(-abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}

// x minus the nearest multiple of 2 pi: WGSL's sin and cos are exact to 2^-11 in [-pi, pi] only.
// 2 pi is subtracted in two parts, the first with so few bits that its multiples are exact; good to
// about |x| = 10,000.
fn turn(x: f32) -> f32 {
    let turns = round(x * 0.15915494);
    return (x - turns * 6.28125) - turns * 0.0019353072;
}
