//! AdamW (Loshchilov and Hutter, 2019), with PyTorch's semantics.
//!
//! ```text
//! p -= lr * decay * p                            decoupled: the decay does not pass the moments
//! m  = beta1 m + (1 - beta1) g
//! v  = beta2 v + (1 - beta2) g^2
//! p -= lr * mhat / (sqrt(vhat) + eps)            mhat = m / (1 - beta1^t), vhat = v / (1 - beta2^t)
//! ```

/// The numbers that stay the same from step to step, and the learning rate.
#[derive(Clone, Copy, Debug)]
pub struct AdamW {
    /// Learning rate.
    pub lr: f64,
    /// Memory of the first moment.
    pub beta1: f64,
    /// Memory of the second moment.
    pub beta2: f64,
    /// Keeps the division finite.
    pub eps: f64,
    /// Weight decay; 0 for parameters that are not decayed.
    pub decay: f64,
}

impl Default for AdamW {
    /// PyTorch's defaults.
    fn default() -> Self {
        Self { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0.01 }
    }
}

impl AdamW {
    /// One step in place. `step` counts from 1, moments start at zero.
    pub fn step(&self, p: &mut [f64], m: &mut [f64], v: &mut [f64], g: &[f64], step: u32) {
        let Self { lr, beta1, beta2, eps, decay } = *self;
        let correction1 = 1.0 - beta1.powi(step as i32);
        let correction2 = 1.0 - beta2.powi(step as i32);
        for i in 0..p.len() {
            p[i] -= lr * decay * p[i];
            m[i] = beta1 * m[i] + (1.0 - beta1) * g[i];
            v[i] = beta2 * v[i] + (1.0 - beta2) * g[i] * g[i];
            p[i] -= lr * (m[i] / correction1) / ((v[i] / correction2).sqrt() + eps);
        }
    }
}
