//! Rows copied side by side, padded with zeros to whole vectors: what the products want.
use super::simd::{COLUMNS, ROWS};
use crate::params::{Params, View};

/// Rows of a tile of queries, columns of a tile of keys.
pub(super) const TILE: usize = 64;

/// Length of a padded row.
pub(super) fn width(dim: usize) -> usize {
    dim.next_multiple_of(COLUMNS)
}

/// Rows of a padded tile.
pub(super) fn height(rows: usize) -> usize {
    rows.next_multiple_of(ROWS)
}

/// The rows `from..to` of a head, as a matrix `[height, width]`.
#[inline(always)]
pub(super) fn rows(
    params: &Params,
    data: &[f32],
    view: &View,
    head: usize,
    (from, to): (usize, usize),
    out: &mut Vec<f32>,
) {
    let width = width(params.dim);
    out.clear();
    out.resize(height(to - from) * width, 0.0);
    for (row, out) in (from..to).zip(out.chunks_exact_mut(width)) {
        out[..params.dim].copy_from_slice(params.row(data, view, head, row));
    }
}

/// The first `count` rows of a head, transposed in tiles: `[tiles, width, TILE]`.
#[inline(always)]
pub(super) fn columns(
    params: &Params,
    data: &[f32],
    view: &View,
    head: usize,
    count: usize,
    out: &mut Vec<f32>,
) {
    let width = width(params.dim);
    out.clear();
    out.resize(count.div_ceil(TILE) * width * TILE, 0.0);
    for (tile, out) in out.chunks_exact_mut(width * TILE).enumerate() {
        let first = tile * TILE;
        // Eight rows at a time: eight neighbors are written before the line is left again.
        for start in (0..TILE.min(count - first)).step_by(8) {
            let end = (start + 8).min(count - first);
            let mut rows: [&[f32]; 8] = [&[]; 8];
            for (slot, row) in rows.iter_mut().zip(start..end) {
                *slot = params.row(data, view, head, first + row);
            }
            for d in 0..params.dim {
                let line = &mut out[d * TILE + start..][..end - start];
                for (x, row) in line.iter_mut().zip(&rows) {
                    *x = row[d];
                }
            }
        }
    }
}
