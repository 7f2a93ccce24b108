//! GELU in its tanh form (Hendrycks and Gimpel, 2016), the one GPT-2 uses.
//!
//! ```text
//! gelu(x) = x/2 (1 + tanh u),   u = sqrt(2/pi) (x + 0.044715 x^3)
//! ```

/// sqrt(2/pi)
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715;

/// GELU of one number.
pub fn gelu_tanh(x: f64) -> f64 {
    let u = SQRT_2_OVER_PI * (x + CUBIC * x * x * x);
    0.5 * x * (1.0 + u.tanh())
}

/// The derivative of [`gelu_tanh`] at `x`.
pub fn gelu_tanh_derivative(x: f64) -> f64 {
    let u = SQRT_2_OVER_PI * (x + CUBIC * x * x * x);
    let du = SQRT_2_OVER_PI * (1.0 + 3.0 * CUBIC * x * x);
    // 1 - tanh^2 u, written without the cancellation.
    let sech = 1.0 / u.cosh();
    0.5 * (1.0 + u.tanh()) + 0.5 * x * sech * sech * du
}

/// `y = gelu(x)`, elementwise.
pub fn forward(x: &[f64]) -> Vec<f64> {
    x.iter().map(|&x| gelu_tanh(x)).collect()
}

/// `dx = dy * gelu'(x)`, elementwise.
pub fn backward(x: &[f64], dy: &[f64]) -> Vec<f64> {
    x.iter().zip(dy).map(|(&x, &dy)| dy * gelu_tanh_derivative(x)).collect()
}
