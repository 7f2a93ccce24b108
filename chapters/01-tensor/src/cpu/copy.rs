use super::walk::{CHUNK, Walk};
use crate::Layout;
use crate::ops::copy::move_elements;
use bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

/// Constant: SIZE of an element in bytes.
pub(crate) fn copy(move_elements::Cpu { src, dst, params, constants }: move_elements::Cpu<'_>) {
    if constants.get("SIZE", 4) == 2 {
        strided::<u16>(&params, cast_slice(src), cast_slice_mut(dst));
    } else {
        strided::<u32>(&params, cast_slice(src), cast_slice_mut(dst));
    }
}

fn strided<T: Copy + Default + Send + Sync>(p: &move_elements::Params, src: &[T], dst: &mut [T]) {
    let (from, to) = (p.from_offset, p.to_offset);
    // Elements may be copied in any order: in the destination's, its memory can be split into disjoint
    // pieces, one for each index of a dimension.
    let mut order: Vec<usize> = (0..p.rank).collect();
    order.sort_by_key(|&d| std::cmp::Reverse(p.to_strides[d]));
    let sorted = |sizes: &[usize; 8]| order.iter().map(|&d| sizes[d]).collect();
    let layout = |strides, offset| Layout { shape: sorted(&p.shape), strides, offset };
    let merged = Layout::collapse(&[
        layout(sorted(&p.from_strides), from),
        layout(sorted(&p.to_strides), to),
    ]);
    let [source, target] = &merged[..] else { return };
    let dst = &mut dst[to..to + target.extent()];
    if dst.len() == p.n {
        dense(source, src, dst);
    } else {
        scatter(&source.shape, &source.strides, &target.strides, src, from, dst);
    }
}

/// A destination without gaps, written front to back.
fn dense<T: Copy + Default + Send + Sync>(source: &Layout, src: &[T], dst: &mut [T]) {
    let Layout { shape, strides, offset } = source;
    let outer = shape.len().saturating_sub(2);
    let walk = |rank: usize| Walk {
        shape: &shape[..rank],
        strides: [&strides[..rank]],
        offsets: [*offset],
    };
    if strides.len() >= 2 && strides[outer] == 1 && strides[outer + 1] > 1 {
        let (rows, columns, step) = (shape[outer], shape[outer + 1], strides[outer + 1]);
        let matrices = walk(outer);
        dst.par_chunks_mut(rows * columns).enumerate().for_each(|(m, dst)| {
            transpose(&src[matrices.at(m)[0]..], dst, columns, step);
        });
        return;
    }
    walk(shape.len()).rows(dst, |out, [a], [step]| {
        if step == 1 {
            out.copy_from_slice(&src[a..a + out.len()]);
        } else {
            out.iter_mut().enumerate().for_each(|(j, o)| *o = src[a + j * step]);
        }
    });
}

/// A transpose's tile: rows of the destination, columns of it (a cache line of f32).
const ROWS: usize = 64;
const COLUMNS: usize = 16;

/// `dst[r][c] = src[c * step + r]`: tile by tile, so that every cache line that is fetched is used
/// whole; element by element, each would be fetched sixteen times. The tile is tall because the
/// processor looks ahead along what it reads: four lines in a row.
fn transpose<T: Copy + Default + Send + Sync>(
    src: &[T],
    dst: &mut [T],
    columns: usize,
    step: usize,
) {
    dst.par_chunks_mut(ROWS * columns).enumerate().for_each(|(block, dst)| {
        let (first, rows) = (block * ROWS, dst.len() / columns);
        for c in (0..columns).step_by(COLUMNS) {
            let width = COLUMNS.min(columns - c);
            let mut tile = [[T::default(); ROWS]; COLUMNS];
            for j in 0..width {
                let at = (c + j) * step + first;
                tile[j][..rows].copy_from_slice(&src[at..at + rows]);
            }
            for r in 0..rows {
                let out = &mut dst[r * columns + c..][..width];
                out.iter_mut().zip(&tile).for_each(|(o, line)| *o = line[r]);
            }
        }
    });
}

/// A destination with gaps (one part of a concatenation, a row of the KV cache): split at its largest
/// stride until one dimension is left. `dst` starts at the first element and ends with the last.
fn scatter<T: Copy + Send + Sync>(
    shape: &[usize],
    from: &[usize],
    to: &[usize],
    src: &[T],
    at: usize,
    dst: &mut [T],
) {
    let ([size, inner @ ..], [a, from @ ..], [b, to @ ..]) = (shape, from, to) else {
        dst[0] = src[at];
        return;
    };
    if inner.is_empty() {
        if (*a, *b) == (1, 1) {
            dst.copy_from_slice(&src[at..at + size]);
        } else {
            dst.iter_mut().step_by(*b).enumerate().for_each(|(i, o)| *o = src[at + i * a]);
        }
        return;
    }
    let below: usize = inner.iter().product();
    let span = 1 + inner.iter().zip(to).map(|(d, s)| (d - 1) * s).sum::<usize>();
    let pieces = dst.par_chunks_mut(*b).with_min_len((CHUNK / below).max(1)).enumerate();
    pieces.for_each(|(i, dst)| scatter(inner, from, to, src, at + i * a, &mut dst[..span]));
}
