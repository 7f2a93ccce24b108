//! The derivative of GELU, which the backward pass multiplies with.
//!
//! ```text
//! gelu(x) = x/2 (1 + tanh u),   u = sqrt(2/pi) (x + 0.044715 x^3)
//! ```

/// sqrt(2/pi)
const SQRT_2_OVER_PI: f32 = 0.797_884_6;
/// The weight of the cube in u.
const CUBIC: f32 = 0.044_715;

/// `gelu'(x)` of every number of the slice, to 1e-6; never NaN for a number that is finite.
pub fn derivative(x: &[f32]) -> Vec<f32> {
    x.iter().map(|&x| slope(x)).collect()
}

/// `gelu'(x)`.
fn slope(x: f32) -> f32 {
    // exercise: begin, about 5 lines: Differentiate x/2 (1 + tanh u): a product of two things that
    //   both depend on x. Then ask what x^3 does to a large x.
    // stub: todo!("the derivative of gelu at x")
    // Beyond 10 the slope is 0 or 1 to every digit, but the powers of x go on growing.
    let x = x.clamp(-10.0, 10.0);
    let u = SQRT_2_OVER_PI * (x + CUBIC * x * x * x);
    let du = SQRT_2_OVER_PI * (1.0 + 3.0 * CUBIC * x * x);
    let tanh = u.tanh();
    0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * du
    // exercise: end
}
