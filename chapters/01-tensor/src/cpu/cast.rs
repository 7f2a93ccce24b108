use super::walk::CHUNK;
use crate::ops::cast::convert;
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use half::{bf16, f16};
use rayon::prelude::*;

/// Constants: FROM and TO, as [`strata_device::DType::code`].
pub(crate) fn cast(convert::Cpu { x, out, params, constants }: convert::Cpu<'_>) {
    let (n, to) = (params.n, constants.get("TO", 0));
    match constants.get("FROM", 0) {
        // Between the integers the bits stay: f64 would saturate.
        3 | 4 if to > 2 => put(&cast_slice::<u8, u32>(x)[..n], out, |x| x),
        0 => from(&cast_slice::<u8, f32>(x)[..n], out, to, f64::from),
        1 => from(&cast_slice::<u8, bf16>(x)[..n], out, to, f64::from),
        2 => from(&cast_slice::<u8, f16>(x)[..n], out, to, f64::from),
        3 => from(&cast_slice::<u8, i32>(x)[..n], out, to, f64::from),
        _ => from(&cast_slice::<u8, u32>(x)[..n], out, to, f64::from),
    }
}

/// f64 holds every value of the five dtypes, so each conversion rounds once. 16-bit floats are
/// made by way of f32, as the GPU twins do, so that all devices give the same bits.
fn from<T: Pod + Sync>(input: &[T], out: &mut [u8], to: u32, wide: fn(T) -> f64) {
    match to {
        0 => put(input, out, |x| wide(x) as f32),
        1 => put(input, out, |x| bf16::from_f32(wide(x) as f32)),
        2 => put(input, out, |x| f16::from_f32(wide(x) as f32)),
        3 => put(input, out, |x| wide(x) as i32),
        _ => put(input, out, |x| wide(x) as u32),
    }
}

fn put<T: Pod + Sync, U: Pod + Send>(input: &[T], out: &mut [u8], f: impl Fn(T) -> U + Sync) {
    let out = &mut cast_slice_mut::<u8, U>(out)[..input.len()];
    let pairs = out.par_chunks_mut(CHUNK).zip(input.par_chunks(CHUNK));
    pairs.for_each(|(o, x)| o.iter_mut().zip(x).for_each(|(o, &x)| *o = f(x)));
}
