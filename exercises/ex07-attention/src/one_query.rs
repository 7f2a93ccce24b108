//! Attention of one query over a stream of keys and values.
//!
//! ```text
//! score_j = query . key_j / sqrt(head_dim)      output = sum of softmax(score)_j value_j
//! ```
//!
//! The softmax wants to know all scores before it makes the first probability, so one would store
//! them. One need not: chapter 6's pair (largest, sum) carries a third companion, the sum of the
//! values, each times its `e^(score - largest)`. What brings the sum under a new maximum brings
//! this one there too.
#![allow(unused, unreachable_code, clippy::all)]

/// The scalar product of two vectors of one length.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The output of the query at `position`, counted from 0. It sees the keys up to its own place, of
/// which each comes once, with its value, as long as the query. Nobody says that the stream ends
/// there, and nobody that it gets so far; where not even one key comes, the output is zeros.
pub fn attend(
    query: &[f32],
    position: usize,
    stream: &mut dyn Iterator<Item = (&[f32], &[f32])>,
) -> Vec<f32> {
    // TODO, about 17 lines: Three running things: the largest score, the sum of
    //   e^(score - largest), and the values' sum under the same weights. Divide at the end.
    todo!("one pass over the stream")
}
