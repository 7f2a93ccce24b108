use super::functions;
use super::walk::{CHUNK, Walk};
use rayon::prelude::*;
use strata_device::CpuArgs;

/// Params: whole words, bits, 1 if half a word follows.
pub(crate) fn fill(mut args: CpuArgs) {
    let [mut out] = args.take();
    let (words, bits, odd) = (args.size(0), args.params[1], args.size(2));
    out.of_mut::<u32>()[..words].par_chunks_mut(CHUNK).for_each(|c| c.fill(bits));
    if odd == 1 {
        // The other half of the last word may belong to another tensor.
        out.of_mut::<u16>()[2 * words] = bits as u16;
    }
}

/// Params: n, alpha.
pub(crate) fn accumulate(mut args: CpuArgs) {
    let [x, mut out] = args.take();
    let (n, alpha) = (args.size(0), args.float(1));
    let pairs = out.f32_mut()[..n].par_chunks_mut(CHUNK).zip(x.f32().par_chunks(CHUNK));
    pairs.for_each(|(o, x)| o.iter_mut().zip(x).for_each(|(o, x)| *o += alpha * x));
}

/// Params: shape\[8\], strides\[8\], n, rank, offset, alpha, beta. Constant: OP.
pub(crate) fn map(mut args: CpuArgs) {
    let [input, mut out] = args.take();
    let (alpha, beta) = (args.float(19), args.float(20));
    match args.constant("OP", 0) {
        0 => each(&args, input.f32(), out.f32_mut(), |x| alpha * x + beta),
        1 => each(&args, input.f32(), out.f32_mut(), functions::exp),
        2 => each(&args, input.f32(), out.f32_mut(), f32::ln),
        3 => each(&args, input.f32(), out.f32_mut(), f32::sqrt),
        4 => each(&args, input.f32(), out.f32_mut(), functions::tanh),
        5 => each(&args, input.f32(), out.f32_mut(), |x| if x < 0.0 { 0.0 } else { x }),
        6 => each(&args, input.f32(), out.f32_mut(), functions::sigmoid),
        7 => each(&args, input.f32(), out.f32_mut(), f32::abs),
        8 => each(&args, input.f32(), out.f32_mut(), f32::recip),
        9 => each(&args, input.f32(), out.f32_mut(), |x| x * x),
        10 => each(&args, input.f32(), out.f32_mut(), |x| x.powf(alpha)),
        11 => each(&args, input.f32(), out.f32_mut(), f32::sin),
        12 => each(&args, input.f32(), out.f32_mut(), f32::cos),
        13 => each(&args, input.f32(), out.f32_mut(), |x| {
            // Not `max` and `min`, which drop NaN.
            let low = if x < alpha { alpha } else { x };
            if low > beta { beta } else { low }
        }),
        14 => each(&args, input.f32(), out.f32_mut(), |x| truth(x > alpha)),
        _ => each(&args, input.f32(), out.f32_mut(), |x| truth(x.is_nan())),
    }
}

fn truth(t: bool) -> f32 {
    if t { 1.0 } else { 0.0 }
}

fn each(args: &CpuArgs, input: &[f32], out: &mut [f32], f: impl Fn(f32) -> f32 + Sync) {
    let (n, rank) = (args.size(16), args.size(17));
    let p = args.params;
    let walk = Walk { shape: &p[..rank], strides: [&p[8..8 + rank]], offsets: [args.size(18)] };
    walk.rows(&mut out[..n], |out, [a], [step]| {
        if step == 1 {
            out.iter_mut().zip(&input[a..]).for_each(|(o, &x)| *o = f(x));
        } else {
            out.iter_mut().enumerate().for_each(|(j, o)| *o = f(input[a + j * step]));
        }
    });
}

/// Params: shape\[8\], strides of a\[8\] and b\[8\], n, rank, offsets of a and b. Constant: OP.
pub(crate) fn zip(mut args: CpuArgs) {
    let [a, b, mut out] = args.take();
    let (a, b, out) = (a.f32(), b.f32(), out.f32_mut());
    match args.constant("OP", 0) {
        0 => pairs(&args, a, b, out, |x, y| x + y),
        1 => pairs(&args, a, b, out, |x, y| x - y),
        2 => pairs(&args, a, b, out, |x, y| x * y),
        3 => pairs(&args, a, b, out, |x, y| x / y),
        4 => pairs(&args, a, b, out, |x, y| if x > y || x.is_nan() { x } else { y }),
        5 => pairs(&args, a, b, out, |x, y| if x < y || x.is_nan() { x } else { y }),
        6 => pairs(&args, a, b, out, f32::powf),
        7 => pairs(&args, a, b, out, |x, y| truth(x == y)),
        8 => pairs(&args, a, b, out, |x, y| truth(x > y)),
        9 => pairs(&args, a, b, out, |x, y| if y == 0.0 { 0.0 } else { x }),
        10 => pairs(&args, a, b, out, |x, y| truth(x != y)),
        11 => pairs(&args, a, b, out, |x, y| truth(x < y)),
        12 => pairs(&args, a, b, out, |x, y| truth(x <= y)),
        _ => pairs(&args, a, b, out, |x, y| truth(x >= y)),
    }
}

pub(super) fn pairs<T: Copy + Send + Sync>(
    args: &CpuArgs,
    a: &[T],
    b: &[T],
    out: &mut [T],
    f: impl Fn(T, T) -> T + Sync,
) {
    let (n, rank) = (args.size(24), args.size(25));
    let p = args.params;
    let walk = Walk {
        shape: &p[..rank],
        strides: [&p[8..8 + rank], &p[16..16 + rank]],
        offsets: [args.size(26), args.size(27)],
    };
    // region: lanes
    walk.rows(&mut out[..n], |out, [i, j], steps| match steps {
        [1, 1] => {
            let (a, b) = (&a[i..i + out.len()], &b[j..j + out.len()]);
            out.iter_mut().zip(a).zip(b).for_each(|((o, &x), &y)| *o = f(x, y));
        }
        [1, 0] => {
            let y = b[j];
            out.iter_mut().zip(&a[i..]).for_each(|(o, &x)| *o = f(x, y));
        }
        [s, t] => {
            out.iter_mut().enumerate().for_each(|(k, o)| *o = f(a[i + k * s], b[j + k * t]));
        }
    });
    // end: lanes
}
