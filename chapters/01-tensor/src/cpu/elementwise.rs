use super::walk::{CHUNK, Walk};
use crate::ops::accumulate::add_scaled;
use crate::ops::fill::set_words;
use crate::ops::map::elements;
use crate::ops::zip::pairs;
use bytemuck::cast_slice_mut;
use rayon::prelude::*;
use strata_lanes::{exp_gradual, sigmoid, tanh, vectorize};

pub(crate) fn fill(set_words::Cpu { out, params: p, .. }: set_words::Cpu<'_>) {
    let words = &mut cast_slice_mut::<u8, u32>(out)[..p.words];
    words.par_chunks_mut(CHUNK).for_each(|c| c.fill(p.bits));
    if p.odd {
        // The other half of the last word may belong to another tensor.
        cast_slice_mut::<u8, u16>(out)[2 * p.words] = p.bits as u16;
    }
}

pub(crate) fn accumulate(add_scaled::Cpu { x, out, params: p, .. }: add_scaled::Cpu<'_>) {
    let pairs = out[..p.n].par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK));
    pairs.for_each(|(o, x)| o.iter_mut().zip(x).for_each(|(o, x)| *o += p.alpha * x));
}

/// Constant: OP.
pub(crate) fn map(args: elements::Cpu) {
    let elements::Params { alpha, beta, .. } = args.params;
    match args.constants.get("OP", 0) {
        0 => each(args, |x| alpha * x + beta),
        1 => each_wide(args, exp_gradual::<false>),
        2 => each(args, f32::ln),
        3 => each(args, f32::sqrt),
        4 => each_wide(args, tanh::<false>),
        5 => each(args, |x| if x < 0.0 { 0.0 } else { x }),
        6 => each_wide(args, sigmoid::<false>),
        7 => each(args, f32::abs),
        8 => each(args, f32::recip),
        9 => each(args, |x| x * x),
        10 => each(args, |x| x.powf(alpha)),
        11 => each(args, f32::sin),
        12 => each(args, f32::cos),
        13 => each(args, |x| {
            // Not `max` and `min`, which drop NaN.
            let low = if x < alpha { alpha } else { x };
            if low > beta { beta } else { low }
        }),
        14 => each(args, |x| truth(x > alpha)),
        _ => each(args, |x| truth(x.is_nan())),
    }
}

fn truth(t: bool) -> f32 {
    if t { 1.0 } else { 0.0 }
}

fn each(args: elements::Cpu, f: impl Fn(f32) -> f32 + Sync) {
    rows_of(args, |out, x, step| row(out, x, step, &f));
}

/// The same for what computes long enough to be worth the widest vectors.
fn each_wide(args: elements::Cpu, f: impl Fn(f32) -> f32 + Sync) {
    rows_of(args, |out, x, step| vectorize(|| row(out, x, step, &f)));
}

/// Calls `body` with each row of the output, its input from the first element on and their distance.
fn rows_of(
    elements::Cpu { x: input, out, params: p, .. }: elements::Cpu,
    body: impl Fn(&mut [f32], &[f32], usize) + Sync,
) {
    let walk =
        Walk { shape: &p.shape[..p.rank], strides: [&p.strides[..p.rank]], offsets: [p.offset] };
    walk.rows(&mut out[..p.n], |out, [a], [step]| body(out, &input[a..], step));
}

#[inline(always)]
fn row(out: &mut [f32], x: &[f32], step: usize, f: impl Fn(f32) -> f32) {
    if step == 1 {
        out.iter_mut().zip(x).for_each(|(o, &x)| *o = f(x));
    } else {
        out.iter_mut().enumerate().for_each(|(j, o)| *o = f(x[j * step]));
    }
}

/// Constant: OP.
pub(crate) fn zip(pairs::Cpu { a, b, out, params, constants }: pairs::Cpu) {
    let p = &params;
    match constants.get("OP", 0) {
        0 => each_pair(p, a, b, out, |x, y| x + y),
        1 => each_pair(p, a, b, out, |x, y| x - y),
        2 => each_pair(p, a, b, out, |x, y| x * y),
        3 => each_pair(p, a, b, out, |x, y| x / y),
        4 => each_pair(p, a, b, out, |x, y| if x > y || x.is_nan() { x } else { y }),
        5 => each_pair(p, a, b, out, |x, y| if x < y || x.is_nan() { x } else { y }),
        6 => each_pair(p, a, b, out, f32::powf),
        7 => each_pair(p, a, b, out, |x, y| truth(x == y)),
        8 => each_pair(p, a, b, out, |x, y| truth(x > y)),
        9 => each_pair(p, a, b, out, |x, y| if y == 0.0 { 0.0 } else { x }),
        10 => each_pair(p, a, b, out, |x, y| truth(x != y)),
        11 => each_pair(p, a, b, out, |x, y| truth(x < y)),
        12 => each_pair(p, a, b, out, |x, y| truth(x <= y)),
        _ => each_pair(p, a, b, out, |x, y| truth(x >= y)),
    }
}

pub(super) fn each_pair<T: Copy + Send + Sync>(
    p: &pairs::Params,
    a: &[T],
    b: &[T],
    out: &mut [T],
    f: impl Fn(T, T) -> T + Sync,
) {
    let walk = Walk {
        shape: &p.shape[..p.rank],
        strides: [&p.a_strides[..p.rank], &p.b_strides[..p.rank]],
        offsets: [p.a_offset, p.b_offset],
    };
    // region: lanes
    walk.rows(&mut out[..p.n], |out, [i, j], steps| match steps {
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
