//! Clipping by the global norm (Pascanu, Mikolov and Bengio, 2013), as PyTorch does it.

/// The Euclidean norm of everything in `g`.
pub fn global_norm(g: &[f64]) -> f64 {
    g.iter().map(|g| g * g).sum::<f64>().sqrt()
}

/// What gradients of norm `norm` are multiplied with so that their norm is at most `max_norm`.
/// The small constant is PyTorch's, against division by zero.
pub fn clip_factor(norm: f64, max_norm: f64) -> f64 {
    (max_norm / (norm + 1e-6)).min(1.0)
}

/// Clips in place and returns the norm from before.
pub fn clip(g: &mut [f64], max_norm: f64) -> f64 {
    let norm = global_norm(g);
    let factor = clip_factor(norm, max_norm);
    for g in g {
        *g *= factor;
    }
    norm
}
