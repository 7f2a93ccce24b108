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

/// What [`smoothed_cross_entropy`] returns.
#[derive(Clone, Debug)]
pub struct WeightedLoss {
    /// Weighted mean over the scored rows.
    pub loss: f64,
    /// `[rows]`: each row's weighted loss, 0 where it is not scored.
    pub losses: Vec<f64>,
    /// `[rows, vocab]`: gradient of the mean loss.
    pub dlogits: Vec<f64>,
    /// One over the sum of the scored rows' weights; 0 if that is 0.
    pub weight: f64,
}

/// Cross-entropy against the distribution `q[j] = (1 - s) w[t] [j = t] + s / vocab * w[j]`, s the
/// smoothing and w the class weights: the sum of the rows over the sum of their `w[t]`, or 0 where
/// that sum is 0. Scored targets must lie in `0..vocab`.
pub fn smoothed_cross_entropy(
    logits: &[f64],
    targets: &[i32],
    weights: &[f64],
    smoothing: f64,
    ignore: i32,
) -> WeightedLoss {
    let vocab = weights.len();
    expect_len("logits", logits, targets.len() * vocab);
    let lse = logsumexp(logits, vocab);
    let probabilities = softmax(logits, vocab);
    let scored = || targets.iter().enumerate().filter(|&(_, &target)| target != ignore);
    let total: f64 = scored().map(|(_, &target)| weights[target as usize]).sum();
    let weight = if total == 0.0 { 0.0 } else { 1.0 / total };

    let mut losses = vec![0.0; targets.len()];
    let mut dlogits = vec![0.0; logits.len()];
    for (r, &target) in scored() {
        let q: Vec<f64> = (0..vocab)
            .map(|j| {
                let own = if j == target as usize { (1.0 - smoothing) * weights[j] } else { 0.0 };
                own + smoothing / vocab as f64 * weights[j]
            })
            .collect();
        let sum: f64 = q.iter().sum();
        for (j, q) in q.iter().enumerate().filter(|(_, q)| **q != 0.0) {
            losses[r] += q * (lse[r] - logits[r * vocab + j]);
        }
        for (j, q) in q.iter().enumerate() {
            dlogits[r * vocab + j] = weight * (probabilities[r * vocab + j] * sum - q);
        }
    }
    WeightedLoss { loss: weight * losses.iter().sum::<f64>(), losses, dlogits, weight }
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
