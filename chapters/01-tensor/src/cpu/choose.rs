use super::walk::{CHUNK, Walk};
use rayon::prelude::*;
use strata_device::CpuArgs;

/// Params: shape\[8\], strides of the condition\[8\], of a\[8\] and b\[8\], n, rank, their offsets, the
/// bits of a condition that count.
pub(crate) fn choose(mut args: CpuArgs) {
    let [cond, a, b, mut out] = args.take();
    let (cond, a, b) = (cond.of::<u32>(), a.of::<u32>(), b.of::<u32>());
    let (n, rank, mask) = (args.size(32), args.size(33), args.params[37]);
    let p = args.params;
    let walk = Walk {
        shape: &p[..rank],
        strides: [&p[8..8 + rank], &p[16..16 + rank], &p[24..24 + rank]],
        offsets: [args.size(34), args.size(35), args.size(36)],
    };
    walk.rows(&mut out.of_mut::<u32>()[..n], |out, [c, i, j], [r, s, t]| {
        for (k, o) in out.iter_mut().enumerate() {
            *o = if cond[c + k * r] & mask != 0 { a[i + k * s] } else { b[j + k * t] };
        }
    });
}

/// Params: shape\[8\] and strides\[8\] that end with rows and columns, n, rank, offset, how far the
/// diagonal is moved to the right, and how far down. Constant: UPPER.
pub(crate) fn triangle(mut args: CpuArgs) {
    let [x, mut out] = args.take();
    let (n, rank, right, down) = (args.size(16), args.size(17), args.size(19), args.size(20));
    let (x, p, upper) = (x.of::<u32>(), args.params, args.constant("UPPER", 0) == 1);
    let (rows, columns) = (args.size(rank - 2), args.size(rank - 1));
    let walk = Walk { shape: &p[..rank], strides: [&p[8..8 + rank]], offsets: [args.size(18)] };
    walk.runs(&mut out.of_mut::<u32>()[..n], |first, out, [at], [step]| {
        let (row, column) = (first / columns % rows + right, first % columns + down);
        for (k, o) in out.iter_mut().enumerate() {
            let kept = if upper { column + k >= row } else { column + k <= row };
            *o = if kept { x[at + k * step] } else { 0 };
        }
    });
}

/// Params: n, classes, the first id that is no class.
pub(crate) fn one_hot(mut args: CpuArgs) {
    let [ids, mut out] = args.take();
    let (n, classes, known) = (args.size(0), args.size(1), args.params[2]);
    let (ids, out) = (ids.of::<u32>(), &mut out.f32_mut()[..n]);
    let rows = (CHUNK / classes).max(1);
    out.par_chunks_mut(rows * classes).zip(ids.par_chunks(rows)).for_each(|(out, ids)| {
        for (row, &id) in out.chunks_exact_mut(classes).zip(ids) {
            row.fill(if id < known { 0.0 } else { f32::NAN });
            if id < known {
                row[id as usize] = 1.0;
            }
        }
    });
}
