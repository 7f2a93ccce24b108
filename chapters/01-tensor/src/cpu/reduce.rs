use super::walk::Walk;
use rayon::prelude::*;
use strata_device::CpuArgs;

/// Params: shape\[8\] and strides\[8\] with the kept dimensions first, n (outputs), k (elements in
/// each), kept rank, whole rank, offset, scale. Constant: OP.
pub(crate) fn reduce(mut args: CpuArgs) {
    let [input, mut out] = args.take();
    let (input, out) = (input.f32(), &mut out.f32_mut()[..args.size(16)]);
    match args.constant("OP", 0) {
        0 => fold(&args, input, out, 0.0, |a, x| a + x),
        1 => fold(&args, input, out, f32::NEG_INFINITY, |a, x| if x > a || x.is_nan() { x } else { a }),
        _ => fold(&args, input, out, f32::INFINITY, |a, x| if x < a || x.is_nan() { x } else { a }),
    }
}

/// Lanes of partial results: they let the compiler use vectors, and make long sums more exact.
const LANES: usize = 16;

fn fold(args: &CpuArgs, input: &[f32], out: &mut [f32], start: f32, f: impl Fn(f32, f32) -> f32 + Sync) {
    let p = args.params;
    let (k, kept, rank) = (args.size(17), args.size(18), args.size(19));
    let (offset, scale) = (args.size(20), args.float(21));
    let outer = Walk { shape: &p[..kept], strides: [&p[8..8 + kept]], offsets: [offset] };
    let inner = Walk { shape: &p[kept..rank], strides: [&p[8 + kept..8 + rank]], offsets: [0] };
    let width = if rank > kept { p[rank - 1] as usize } else { 1 };
    let step = if rank > kept { p[8 + rank - 1] as usize } else { 0 };
    let per_task = (super::walk::CHUNK / k.max(1)).max(1);
    out.par_chunks_mut(per_task).enumerate().for_each(|(c, chunk)| {
        for (j, o) in chunk.iter_mut().enumerate() {
            let [base] = outer.at(c * per_task + j);
            let mut lanes = [start; LANES];
            for i in (0..k).step_by(width.max(1)) {
                let at = base + inner.at(i)[0];
                if step == 1 {
                    let row = &input[at..at + width];
                    let (whole, rest) = row.as_chunks::<LANES>();
                    for x in whole {
                        for l in 0..LANES {
                            lanes[l] = f(lanes[l], x[l]);
                        }
                    }
                    rest.iter().enumerate().for_each(|(l, &x)| lanes[l] = f(lanes[l], x));
                } else {
                    for l in 0..width {
                        lanes[l % LANES] = f(lanes[l % LANES], input[at + l * step]);
                    }
                }
            }
            *o = scale * lanes.iter().copied().fold(start, &f);
        }
    });
}

/// Params: rows, width.
pub(crate) fn argmax(mut args: CpuArgs) {
    let [input, mut out] = args.take();
    let (rows, width) = (args.size(0), args.size(1));
    let input = input.f32().par_chunks_exact(width);
    out.of_mut::<u32>()[..rows].par_iter_mut().zip(input).for_each(|(o, row)| {
        let mut best = 0;
        for (i, &x) in row.iter().enumerate() {
            if x > row[best] {
                best = i;
            }
        }
        *o = best as u32;
    });
}
