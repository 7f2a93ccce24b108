use bytemuck::Pod;
use half::{bf16, f16};
use rayon::prelude::*;
use strata_device::{CpuArgs, CpuBinding};

use super::walk::CHUNK;

/// Params: n. Constants: FROM and TO, as [`strata_device::DType::code`].
pub(crate) fn cast(mut args: CpuArgs) {
    let [input, mut out] = args.take();
    let (n, to) = (args.size(0), args.constant("TO", 0));
    match args.constant("FROM", 0) {
        // Between the integers the bits stay: f64 would saturate.
        3 | 4 if to > 2 => put(&input.of::<u32>()[..n], &mut out, |x| x),
        0 => from(&input.of::<f32>()[..n], &mut out, to, f64::from),
        1 => from(&input.of::<bf16>()[..n], &mut out, to, f64::from),
        2 => from(&input.of::<f16>()[..n], &mut out, to, f64::from),
        3 => from(&input.of::<i32>()[..n], &mut out, to, f64::from),
        _ => from(&input.of::<u32>()[..n], &mut out, to, f64::from),
    }
}

/// f64 holds every value of the five dtypes, so each conversion rounds once. 16-bit floats are
/// made by way of f32, as the GPU twins do, so that all devices give the same bits.
fn from<T: Pod + Sync>(input: &[T], out: &mut CpuBinding, to: u32, wide: fn(T) -> f64) {
    match to {
        0 => put(input, out, |x| wide(x) as f32),
        1 => put(input, out, |x| bf16::from_f32(wide(x) as f32)),
        2 => put(input, out, |x| f16::from_f32(wide(x) as f32)),
        3 => put(input, out, |x| wide(x) as i32),
        _ => put(input, out, |x| wide(x) as u32),
    }
}

fn put<T: Pod + Sync, U: Pod + Send>(input: &[T], out: &mut CpuBinding, f: impl Fn(T) -> U + Sync) {
    let out = &mut out.of_mut::<U>()[..input.len()];
    let pairs = out.par_chunks_mut(CHUNK).zip(input.par_chunks(CHUNK));
    pairs.for_each(|(o, x)| o.iter_mut().zip(x).for_each(|(o, &x)| *o = f(x)));
}
