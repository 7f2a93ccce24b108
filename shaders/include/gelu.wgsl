// GELU in its tanh form (Hendrycks and Gimpel, 2016) and its derivative.
//
//   gelu(x) = x/2 (1 + tanh u),   u = sqrt(2/pi) (x + 0.044715 x^3)
//
// 1/2 (1 + tanh u) is 1 / (1 + e^-2u): one exponential and one division, and nothing cancels where
// tanh u is close to -1. Below, `power` is -2u = x (LINEAR + CUBIC x^2).

const GELU_LINEAR = -1.5957691216057308;  // -2 sqrt(2/pi)
const GELU_CUBIC = -0.07135481627260025;  // LINEAR * 0.044715

// region: value
// Far below 0 the exponential would be infinite, which WGSL leaves open; the answer is 0.
fn gelu_of(x: f32) -> f32 {
    let power = x * (GELU_LINEAR + GELU_CUBIC * x * x);
    return select(x / (1.0 + exp(min(power, 87.0))), 0.0, power > 87.0);
}
// end: value

// region: slope
// With e = e^power and s = 1 / (1 + e): gelu = x s, and s' = -power' e s^2. Beyond 10 the derivative
// is 0 or 1 to every digit; holding x there keeps its powers from overflowing.
fn gelu_slope(x_in: f32) -> f32 {
    let x = select(select(x_in, 10.0, x_in > 10.0), -10.0, x_in < -10.0);
    let e = exp(x * (GELU_LINEAR + GELU_CUBIC * x * x));
    let s = 1.0 / (1.0 + e);
    let slope = s - x * (GELU_LINEAR + 3.0 * GELU_CUBIC * x * x) * (e * s) * s;
    // A compiler may make a clamp of the comparisons, which drops a NaN.
    return select(slope, x_in, (bitcast<u32>(x_in) & 0x7fffffffu) > 0x7f800000u);
}
// end: slope
