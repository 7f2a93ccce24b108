//! Stochastic gradient descent, plain and with momentum.

/// `p -= lr * g`
pub fn sgd(p: &mut [f64], g: &[f64], lr: f64) {
    for (p, g) in p.iter_mut().zip(g) {
        *p -= lr * g;
    }
}

/// `v = momentum * v + g`, then `p -= lr * v`. `v` starts at zero, as in PyTorch without
/// dampening; this is the heavy ball, not Nesterov's variant.
pub fn momentum(p: &mut [f64], v: &mut [f64], g: &[f64], lr: f64, momentum: f64) {
    for ((p, v), g) in p.iter_mut().zip(v).zip(g) {
        *v = momentum * *v + g;
        *p -= lr * *v;
    }
}
