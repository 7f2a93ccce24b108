use super::walk::Walk;
use rayon::prelude::*;
use strata_device::CpuArgs;

/// Params: shape\[8\], strides of x\[8\] and of the index\[8\], n, rank, their offsets, the first index
/// that is outside, the step along x, the bits of what is not there.
pub(crate) fn gather(mut args: CpuArgs) {
    let [x, index, mut out] = args.take();
    let (x, index) = (x.of::<u32>(), index.of::<u32>());
    let (n, rank) = (args.size(24), args.size(25));
    let (known, step, missing) = (args.params[28], args.size(29), args.params[30]);
    let p = args.params;
    let walk = Walk {
        shape: &p[..rank],
        strides: [&p[8..8 + rank], &p[16..16 + rank]],
        offsets: [args.size(26), args.size(27)],
    };
    walk.rows(&mut out.of_mut::<u32>()[..n], |out, [i, j], [s, t]| {
        for (k, o) in out.iter_mut().enumerate() {
            let id = index[j + k * t];
            *o = if id < known { x[i + k * s + id as usize * step] } else { missing };
        }
    });
}

/// Params: shape\[8\] of the columns, their strides in out\[8\], index\[8\] and src\[8\], columns,
/// rank, elements of the index in a column, the first index that is outside, the steps along out, index
/// and src, the offsets of index and src.
pub(crate) fn scatter_add(mut args: CpuArgs) {
    let [index, src, mut out] = args.take();
    let (index, src, out) = (index.of::<u32>(), src.f32(), out.f32_mut());
    let (columns, rank, n, known) = (args.size(32), args.size(33), args.size(34), args.params[35]);
    let [to, along, from] = [36, 37, 38].map(|i| args.size(i));
    let p = args.params;
    let walk = Walk {
        shape: &p[..rank],
        strides: [&p[8..8 + rank], &p[16..16 + rank], &p[24..24 + rank]],
        offsets: [0, args.size(39), args.size(40)],
    };
    // Columns that lie interleaved in one block of out are one task's: those that differ in dimensions
    // behind the one that is walked along.
    let block = known as usize * to;
    let behind = p[8..8 + rank].iter().take_while(|&&stride| stride as usize >= block).count();
    let of_block: usize = p[behind..rank].iter().map(|&size| size as usize).product();
    let (width, steps) = match behind < rank {
        true => (args.size(rank - 1), [8, 16, 24].map(|first| args.size(first + rank - 1))),
        false => (1, [0; 3]),
    };
    let mut next = 0;
    let own = |(b, out): (usize, _)| {
        let here = next < columns && walk.at(next)[0] == b * block;
        let first = next;
        next += if here { of_block } else { 0 };
        here.then_some((first, b * block, out))
    };
    let tasks: Vec<_> = out.chunks_mut(block).enumerate().filter_map(own).collect();
    tasks.into_par_iter().for_each(|(first, start, out)| {
        for column in (first..first + of_block).step_by(width) {
            let [o, i, s] = walk.at(column);
            // Row after row of neighboring columns: lines of memory are used whole.
            for k in 0..n {
                for c in 0..width {
                    let id = index[i + k * along + c * steps[1]];
                    let column = o - start + c * steps[0];
                    match id < known {
                        true => out[column + id as usize * to] += src[s + k * from + c * steps[2]],
                        false => out[column] = f32::NAN,
                    }
                }
            }
        }
    });
}
