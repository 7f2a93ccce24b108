use super::walk::Walk;
use crate::ops::gather::pick;
use crate::ops::scatter_add::add_up;
use rayon::prelude::*;

pub(crate) fn gather(pick::Cpu { x, index, out, params: p, .. }: pick::Cpu<'_>) {
    let rank = p.rank;
    let walk = Walk {
        shape: &p.shape[..rank],
        strides: [&p.x_strides[..rank], &p.index_strides[..rank]],
        offsets: [p.x_offset, p.index_offset],
    };
    walk.rows(&mut out[..p.n], |out, [i, j], [s, t]| {
        for (k, o) in out.iter_mut().enumerate() {
            let id = index[j + k * t] as usize;
            *o = if id < p.known { x[i + k * s + id * p.step] } else { p.missing };
        }
    });
}

pub(crate) fn scatter_add(add_up::Cpu { index, src, out, params: p, .. }: add_up::Cpu) {
    let (columns, rank, n, known) = (p.columns, p.rank, p.n, p.known as u32);
    let (to, along, from) = (p.out_step, p.index_step, p.src_step);
    let walk = Walk {
        shape: &p.shape[..rank],
        strides: [&p.out_strides[..rank], &p.index_strides[..rank], &p.src_strides[..rank]],
        offsets: [0, p.index_offset, p.src_offset],
    };
    // Columns that lie interleaved in one block of out are one task's: those that differ in dimensions
    // behind the one that is walked along.
    let block = p.known * to;
    let behind = p.out_strides[..rank].iter().take_while(|&&stride| stride >= block).count();
    let of_block: usize = p.shape[behind..rank].iter().product();
    let (width, steps) = match behind < rank {
        true => (p.shape[rank - 1], walk.strides.map(|strides| strides[rank - 1])),
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
