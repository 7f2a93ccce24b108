// e^x - 1 without losing digits, for x <= 0. CUDA and Rust have it built in; WGSL does not.
//
// Near zero e^x is 1 plus little, and the subtraction would leave only the rounding error: there the
// series x + x^2/2! + x^3/3! + ... is used (its ninth term is below 2^-24 of the first for |x| < 0.5).
// Elsewhere e^x is at most 0.61 and the subtraction is harmless.
fn expm1(x: f32) -> f32 {
    if (x < -0.5) {
        return exp(x) - 1.0;
    }
    // Horner's scheme, from the smallest term up.
    var sum = 1.0;
    for (var n = 9.0; n > 1.5; n -= 1.0) {
        sum = 1.0 + sum * x / n;
    }
    return sum * x;
}
