//! A language model that fits on a page, with its training.
//!
//! Position t looks at the tokens that it may see, at the nearest most: attention whose scores depend
//! on the distance only. It adds up their rows of a table, and reads the sum as the logits of the
//! token that comes next. The table is all there is to learn.
#![allow(unused, unreachable_code, clippy::all)]

/// Tokens are 0 to 7.
pub const VOCAB: usize = 8;
/// Tokens of a window.
const CONTEXT: usize = 16;
/// By how much a score falls with every step back.
const SLOPE: f64 = 2.0;
/// Learning rate. The loss is convex: large steps do no harm.
const RATE: f64 = 20.0;

/// Cuts a text into windows: what the model reads, and what it shall say at each position.
pub fn windows(text: &[usize], context: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut pairs = Vec::new();
    // A window and one token more; the next begins where this one ends.
    for piece in text.windows(context + 1).step_by(context) {
        let inputs = piece[piece.len() - context..].to_vec();
        let targets = piece[1..].to_vec();
        pairs.push((inputs, targets));
    }
    pairs
}

/// How much position `t` looks at each of `len` positions; 0 where it must not.
pub fn attention(t: usize, len: usize) -> Vec<f64> {
    let mut weights = vec![0.0; len];
    let seen = t + 1;
    for s in 0..=seen.min(len - 1) {
        let distance = t as f64 - s as f64;
        weights[s] = (-SLOPE * distance).exp();
    }
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// The logits of the next token at every position: one row of `VOCAB` each.
pub fn logits(table: &[f64], tokens: &[usize]) -> Vec<Vec<f64>> {
    let row = |t: usize| -> Vec<f64> {
        let weights = attention(t, tokens.len());
        let seen =
            |v: usize| tokens.iter().zip(&weights).map(move |(&s, w)| w * table[s * VOCAB + v]);
        (0..VOCAB).map(|v| seen(v).sum()).collect()
    };
    (0..tokens.len()).map(row).collect()
}

/// Probabilities of a row of logits.
fn softmax(row: &[f64]) -> Vec<f64> {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = row.iter().map(|x| (x - top).exp()).sum();
    row.iter().map(|x| (x - top).exp() / total).collect()
}

/// The mean loss in nats, and its gradient with respect to the table.
fn loss(table: &[f64], pairs: &[(Vec<usize>, Vec<usize>)]) -> (f64, Vec<f64>) {
    let (mut sum, mut count) = (0.0, 0.0);
    let mut gradient = vec![0.0; table.len()];
    for (inputs, targets) in pairs {
        for (t, row) in logits(table, inputs).iter().enumerate() {
            let mut slope = softmax(row);
            sum -= slope[targets[t]].ln();
            count += 1.0;
            // Softmax and cross-entropy together have this derivative: p - 1 at the target, else p.
            slope[targets[t]] -= 1.0;
            for (&s, weight) in inputs.iter().zip(attention(t, inputs.len())) {
                slope.iter().enumerate().for_each(|(v, d)| gradient[s * VOCAB + v] += weight * d);
            }
        }
    }
    gradient.iter_mut().for_each(|g| *g /= count);
    (sum / count, gradient)
}

/// Trains on nine tenths of a text; the mean loss on the last tenth, which it has never read.
pub fn learn(text: &[usize], steps: usize) -> f64 {
    let (train, held_out) = text.split_at(text.len() * 9 / 10);
    let (train, held_out) = (windows(train, CONTEXT), windows(held_out, CONTEXT));
    let mut table = vec![0.0; VOCAB * VOCAB];
    for _ in 0..steps {
        let (_, gradient) = loss(&table, &train);
        table.iter_mut().zip(&gradient).for_each(|(x, g)| *x -= RATE * g);
    }
    loss(&table, &held_out).0
}
