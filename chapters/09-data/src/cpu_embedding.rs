//! The CPU bodies of the embedding's kernels: the same params as their CUDA and WGSL twins.
#![expect(
    clippy::indexing_slicing,
    reason = "tensors of the shapes that are in params, a state of one StepState; ids and places are compared first"
)]
use crate::embedding::{gather, sum_positions, sum_tokens};
use rayon::prelude::*;

/// Constants: POSITIONS, STATE.
pub(crate) fn embedding(args: gather::Cpu<'_>) {
    let gather::Cpu { ids, tokens, positions, state, out, params, constants } = args;
    let gather::Params { n, rows, width, vocab, context } = params;
    let with_positions = constants.get("POSITIONS", 0) == 1;
    let start = match constants.get("STATE", 0) {
        0 => 0,
        _ => state.position as usize,
    };
    let ids = &ids[..n];
    let out = out[..n * width].par_chunks_exact_mut(width).enumerate().with_min_len(32);
    out.for_each(|(i, out)| {
        let (id, place) = (ids[i] as usize, start + i % rows);
        if id >= vocab || (with_positions && place >= context) {
            out.fill(f32::NAN);
            return;
        }
        out.copy_from_slice(&tokens[id * width..][..width]);
        if with_positions {
            out.iter_mut().zip(&positions[place * width..]).for_each(|(o, p)| *o += p);
        }
    });
}

/// A counting sort lists the tokens of each vocabulary row in increasing order; then rows are
/// independent of each other.
pub(crate) fn embedding_backward_tokens(args: sum_tokens::Cpu<'_>) {
    let sum_tokens::Cpu { ids, dy, dtokens, params, .. } = args;
    let sum_tokens::Params { n, width, vocab, accumulate } = params;
    let ids = &ids[..n];
    let mut ends = vec![0usize; vocab + 1];
    let known = || ids.iter().enumerate().filter(|&(_, &id)| (id as usize) < vocab);
    known().for_each(|(_, &id)| ends[id as usize + 1] += 1);
    for row in 0..vocab {
        ends[row + 1] += ends[row];
    }
    let mut next = ends.clone();
    let mut sorted = vec![0usize; ends[vocab]];
    for (i, &id) in known() {
        sorted[next[id as usize]] = i;
        next[id as usize] += 1;
    }
    let rows = dtokens[..vocab * width].par_chunks_exact_mut(width).enumerate();
    rows.with_min_len(16).for_each(|(row, out)| {
        if !accumulate {
            out.fill(0.0);
        }
        for &i in &sorted[ends[row]..ends[row + 1]] {
            add(out, &dy[i * width..]);
        }
    });
}

/// A row a task.
pub(crate) fn embedding_backward_positions(args: sum_positions::Cpu<'_>) {
    let sum_positions::Cpu { dy, dpositions, params, .. } = args;
    let sum_positions::Params { batch, rows, width, context, accumulate } = params;
    let out = dpositions[..context * width].par_chunks_exact_mut(width).enumerate();
    out.with_min_len(4).for_each(|(t, out)| {
        if !accumulate {
            out.fill(0.0);
        }
        if t < rows {
            (0..batch).for_each(|b| add(out, &dy[(b * rows + t) * width..]));
        }
    });
}

fn add(sum: &mut [f32], row: &[f32]) {
    sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
}
