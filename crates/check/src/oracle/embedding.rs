//! Embedding: a row of a table for each token, with or without a row for its position.
//!
//! `ids` is `[batch, rows]`, `tokens` is `[vocab, width]`, `positions` is `[context, width]`; the
//! result is `[batch, rows, width]`. Row `t` of a sequence stands at position `start + t`; `start`
//! is 0 in training and the cache's length in generation.

/// `y[b, t] = tokens[ids[b, t]] + positions[start + t]`
pub fn forward(
    ids: &[i32],
    rows: usize,
    width: usize,
    tokens: &[f64],
    positions: Option<&[f64]>,
    start: usize,
) -> Vec<f64> {
    let mut y = Vec::with_capacity(ids.len() * width);
    for (i, &id) in ids.iter().enumerate() {
        let position = start + i % rows;
        for c in 0..width {
            let place = positions.map_or(0.0, |table| table[position * width + c]);
            y.push(tokens[id as usize * width + c] + place);
        }
    }
    y
}

/// What [`backward`] returns.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// `[vocab, width]`
    pub dtokens: Vec<f64>,
    /// `[context, width]`
    pub dpositions: Vec<f64>,
}

/// Each row of `dy` is added to the rows it came from, of both tables.
pub fn backward(
    ids: &[i32],
    rows: usize,
    width: usize,
    vocab: usize,
    context: usize,
    dy: &[f64],
) -> Gradients {
    let mut grads =
        Gradients { dtokens: vec![0.0; vocab * width], dpositions: vec![0.0; context * width] };
    for (i, &id) in ids.iter().enumerate() {
        for c in 0..width {
            grads.dtokens[id as usize * width + c] += dy[i * width + c];
            grads.dpositions[(i % rows) * width + c] += dy[i * width + c];
        }
    }
    grads
}
