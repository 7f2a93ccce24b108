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
    // exercise: begin, about 17 lines: Three running things: the largest score, the sum of
    //   e^(score - largest), and the values' sum under the same weights. Divide at the end.
    // stub: todo!("one pass over the stream")
    let scale = 1.0 / (query.len() as f32).sqrt();
    let mut output = vec![0.0; query.len()];
    let (mut largest, mut sum) = (f32::NEG_INFINITY, 0.0);
    for (key, value) in stream.take(position + 1) {
        let score = scale * dot(query, key);
        let before = largest;
        largest = largest.max(score);
        let (correction, weight) = ((before - largest).exp(), (score - largest).exp());
        sum = sum * correction + weight;
        for (o, v) in output.iter_mut().zip(value) {
            *o = *o * correction + weight * v;
        }
    }
    if sum > 0.0 {
        output.iter_mut().for_each(|o| *o /= sum);
    }
    output
    // exercise: end
}
