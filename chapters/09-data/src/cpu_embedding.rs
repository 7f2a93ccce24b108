//! The CPU bodies of the embedding's kernels: the same params as their CUDA and WGSL twins.
#![expect(
    clippy::indexing_slicing,
    reason = "tensors of the shapes that are in params, a state of one StepState; ids and places are compared first"
)]
use rayon::prelude::*;
use strata_device::{CpuArgs, StepState};

/// Params: n (tokens), rows (tokens of one sequence), width, vocabulary, context. Constants:
/// POSITIONS, STATE.
pub(crate) fn embedding(mut args: CpuArgs) {
    let [ids, tokens, positions, state, mut out] = args.take();
    let [n, rows, width, vocab, context] = [0, 1, 2, 3, 4].map(|i| args.size(i));
    let with_positions = args.constant("POSITIONS", 0) == 1;
    let start = match args.constant("STATE", 0) {
        0 => 0,
        _ => state.of::<StepState>()[0].position as usize,
    };
    let (ids, tokens, positions) = (&ids.u32()[..n], tokens.f32(), positions.f32());
    let out = out.f32_mut()[..n * width].par_chunks_exact_mut(width).enumerate().with_min_len(32);
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

/// Params: n, width, vocabulary, accumulate.
///
/// A counting sort lists the tokens of each vocabulary row in increasing order; then rows are
/// independent of each other.
pub(crate) fn embedding_backward_tokens(mut args: CpuArgs) {
    let [ids, dy, mut dtokens] = args.take();
    let [n, width, vocab, accumulate] = [0, 1, 2, 3].map(|i| args.size(i));
    let (ids, dy) = (&ids.u32()[..n], dy.f32());
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
    let rows = dtokens.f32_mut()[..vocab * width].par_chunks_exact_mut(width).enumerate();
    rows.with_min_len(16).for_each(|(row, out)| {
        if accumulate == 0 {
            out.fill(0.0);
        }
        for &i in &sorted[ends[row]..ends[row + 1]] {
            add(out, &dy[i * width..]);
        }
    });
}

/// Params: batch, rows, width, context, accumulate.
pub(crate) fn embedding_backward_positions(mut args: CpuArgs) {
    let [dy, mut dpositions] = args.take();
    let [batch, rows, width, context, accumulate] = [0, 1, 2, 3, 4].map(|i| args.size(i));
    let dy = dy.f32();
    let out = dpositions.f32_mut()[..context * width].par_chunks_exact_mut(width).enumerate();
    out.with_min_len(4).for_each(|(t, out)| {
        if accumulate == 0 {
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
