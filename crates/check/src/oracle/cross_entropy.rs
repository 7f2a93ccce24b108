//! Cross-entropy of logits `[rows, vocab]` against one target per row.
//!
//! ```text
//! loss[r] = logsumexp(logits[r]) - logits[r][target[r]]
//! loss    = sum over scored rows of loss[r] / how many rows are scored
//! ```
//!
//! Rows whose target is `ignore` are not scored: no loss, no gradient. If no row is scored the
//! loss is 0, so that a batch of padding does not turn a training run into NaN.

use super::index::expect_len;
use super::softmax::{logsumexp, softmax};

/// What [`cross_entropy`] returns.
#[derive(Clone, Debug)]
pub struct Loss {
    /// Mean over the scored rows.
    pub loss: f64,
    /// `[rows]`: each row's loss, 0 where it is not scored.
    pub losses: Vec<f64>,
    /// `[rows]`: log-sum-exp of each row of logits.
    pub lse: Vec<f64>,
    /// `[rows, vocab]`: gradient of the mean loss.
    pub dlogits: Vec<f64>,
    /// How many rows are scored.
    pub scored: usize,
}

/// Loss and gradient. Scored targets must lie in `0..vocab`.
pub fn cross_entropy(logits: &[f64], targets: &[i32], vocab: usize, ignore: i32) -> Loss {
    expect_len("logits", logits, targets.len() * vocab);
    let lse = logsumexp(logits, vocab);
    let scored = targets.iter().filter(|&&target| target != ignore).count();
    let weight = 1.0 / scored.max(1) as f64;

    let mut losses = vec![0.0; targets.len()];
    let mut dlogits = vec![0.0; logits.len()];
    let probabilities = softmax(logits, vocab);
    for (r, &target) in targets.iter().enumerate().filter(|&(_, &target)| target != ignore) {
        let target = r * vocab + target as usize;
        losses[r] = lse[r] - logits[target];
        for j in r * vocab..(r + 1) * vocab {
            let one_hot = if j == target { 1.0 } else { 0.0 };
            dlogits[j] = weight * (probabilities[j] - one_hot);
        }
    }
    Loss { loss: weight * losses.iter().sum::<f64>(), losses, lse, dlogits, scored }
}
