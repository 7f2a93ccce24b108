//! From logits to a token.
//!
//! The model gives every token of its vocabulary a logit. Three settings make chances of them, in
//! this order:
//!
//! - temperature: the logits are divided by it, and softmax makes probabilities of the quotients.
//!   0 stands for the limit: the likeliest token is certain, and of several the first.
//! - top_k: only the k likeliest tokens stay; 0 stands for all.
//! - top_p: of what top_k left, only as many of the likeliest stay as are needed to have at least
//!   this share of its probability; 1 stands for all.
//!
//! At least one logit is finite, none is NaN or plus infinity, and top_p is above 0.

/// The tokens that may be drawn, the likeliest first, each with its probability; those add up to 1.
/// Equally likely tokens stand in the order of their numbers; a token with probability 0 (its logit
/// is minus infinity, say) is not in the list.
pub fn candidates(logits: &[f32], temperature: f32, top_k: usize, top_p: f32) -> Vec<(usize, f64)> {
    // exercise: begin, about 15 lines: Sort. Cut to top_k. Make weights of what is left: the
    //   exponential of a logit, less the largest one, over the temperature. Walk along them until
    //   top_p of their sum is reached, and make what was kept add up to 1.
    // stub: todo!("the candidates, likeliest first, with their probabilities")
    let mut order: Vec<usize> = (0..logits.len()).collect();
    // A stable sort: equals stay in the order of their numbers.
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    if temperature == 0.0 {
        return vec![(order[0], 1.0)];
    }
    if top_k > 0 {
        order.truncate(top_k);
    }
    let top = f64::from(logits[order[0]]);
    let weight = |token: usize| ((f64::from(logits[token]) - top) / f64::from(temperature)).exp();
    let mut kept: Vec<(usize, f64)> = order.iter().map(|&token| (token, weight(token))).collect();
    kept.retain(|&(_, weight)| weight > 0.0);
    let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
    let (mut count, mut sum) = (0, 0.0);
    while count < kept.len() && sum < f64::from(top_p) * total {
        sum += kept[count].1;
        count += 1;
    }
    kept.truncate(count);
    kept.iter_mut().for_each(|(_, weight)| *weight /= sum);
    kept
    // exercise: end
}

/// One of the candidates, by a random number from 0 to just below 1. Lay them side by side, each as
/// long as its probability: the one is drawn on whose stretch the number falls. A stretch has its
/// start, and ends before the next. If rounding leaves a gap at the end, the last one has it.
pub fn draw(candidates: &[(usize, f64)], random: f64) -> usize {
    // exercise: begin, about 7 lines: Walk along the stretches to the first that ends behind random.
    // stub: todo!("the token on whose stretch random falls")
    let mut end = 0.0;
    for &(token, probability) in candidates {
        end += probability;
        if random < end {
            return token;
        }
    }
    candidates[candidates.len() - 1].0
    // exercise: end
}

/// A token for these logits.
pub fn sample(logits: &[f32], temperature: f32, top_k: usize, top_p: f32, random: f64) -> usize {
    draw(&candidates(logits, temperature, top_k, top_p), random)
}
