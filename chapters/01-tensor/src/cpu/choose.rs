use super::walk::{CHUNK, Walk};
use crate::ops::choose::select;
use crate::ops::one_hot::classify;
use crate::ops::triangle::cut_off;
use bytemuck::cast_slice_mut;
use rayon::prelude::*;

pub(crate) fn choose(select::Cpu { cond, a, b, out, params: p, .. }: select::Cpu<'_>) {
    let rank = p.rank;
    let walk = Walk {
        shape: &p.shape[..rank],
        strides: [&p.cond_strides[..rank], &p.a_strides[..rank], &p.b_strides[..rank]],
        offsets: [p.cond_offset, p.a_offset, p.b_offset],
    };
    walk.rows(&mut out[..p.n], |out, [c, i, j], [r, s, t]| {
        for (k, o) in out.iter_mut().enumerate() {
            *o = if cond[c + k * r] & p.mask != 0 { a[i + k * s] } else { b[j + k * t] };
        }
    });
}

/// Shape and strides end with rows and columns. Constant: UPPER.
pub(crate) fn triangle(cut_off::Cpu { x, out, params: p, constants }: cut_off::Cpu<'_>) {
    let (rank, upper) = (p.rank, constants.get("UPPER", 0) == 1);
    let (rows, columns) = (p.shape[rank - 2], p.shape[rank - 1]);
    let walk = Walk { shape: &p.shape[..rank], strides: [&p.strides[..rank]], offsets: [p.offset] };
    walk.runs(&mut out[..p.n], |first, out, [at], [step]| {
        let (row, column) = (first / columns % rows + p.right, first % columns + p.down);
        for (k, o) in out.iter_mut().enumerate() {
            let kept = if upper { column + k >= row } else { column + k <= row };
            *o = if kept { x[at + k * step] } else { 0 };
        }
    });
}

pub(crate) fn one_hot(classify::Cpu { ids, out, params, .. }: classify::Cpu<'_>) {
    let classify::Params { n, classes, known } = params;
    let (rows, out) = ((CHUNK / classes).max(1), cast_slice_mut::<u32, f32>(out));
    out[..n].par_chunks_mut(rows * classes).zip(ids.par_chunks(rows)).for_each(|(out, ids)| {
        for (row, &id) in out.chunks_exact_mut(classes).zip(ids) {
            let id = id as usize;
            row.fill(if id < known { 0.0 } else { f32::NAN });
            if id < known {
                row[id] = 1.0;
            }
        }
    });
}
