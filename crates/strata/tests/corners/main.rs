//! Numbers that are none: NaN, infinities, zeros with a sign, numbers too small to be normal, the largest.
//! Every elementwise op, reduction and row op answers them as C and IEEE 754 say (as PyTorch does), on every
//! device and rung; and what is masked, dropped or padding is left out, so that nothing comes through it.
//!
//! What remains open, and is allowed for here: a GPU may take subnormal numbers for 0, in what it reads and
//! in what it writes, and WGSL does not promise the sign of a zero. (`x != x` may be assumed away by a
//! compiler of WGSL, so the shaders look at the bits.)
mod gradients;
mod masks;
mod reductions;
mod rows;
mod table;

use strata_ml::device::Device;
use strata_ml::device::Machine;
use strata_ml::tensor::Tensor;

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;
/// Subnormal.
const TINY: f32 = 1e-40;

/// The rungs of an op that stand on this device, each as a device that takes it.
fn rungs(device: &Device, op: &str) -> Vec<(&'static str, Device)> {
    let ladders = strata_ml::ladders();
    let ladder = ladders.iter().find(|l| l.op == op).expect("a ladder of that name");
    let here = ladder.rungs.iter().filter(|r| r.machines.contains(&device.machine()));
    here.map(|r| (r.name, device.with_rung(op, r.name))).collect()
}

/// What an op gave, or nothing if the forced rung does not take the shape.
fn taken(outcome: strata_ml::tensor::Result<Tensor>) -> Option<Vec<f32>> {
    use strata_ml::{device, tensor};
    match outcome {
        Err(tensor::Error::Device(device::Error::UnknownRung { .. })) => None,
        other => Some(other.unwrap().to_vec().unwrap()),
    }
}

fn vector(device: &Device, data: &[f32]) -> Tensor {
    Tensor::from_slice(device, data, &[data.len()]).unwrap()
}

fn flush(x: f32) -> f32 {
    if x.is_subnormal() { 0.0f32.copysign(x) } else { x }
}

/// Whether `got` is `want`: NaN for NaN, infinity for infinity, zero for zero (with its sign, but for
/// WGSL), and else within `relative`. On a GPU a subnormal may be 0.
fn same(device: &Device, got: f32, want: f32, relative: f32) -> bool {
    let gpu = device.machine() != Machine::Cpu;
    if want.is_nan() || got.is_nan() {
        return want.is_nan() && got.is_nan();
    }
    if want.is_infinite() || got.is_infinite() {
        return want == got;
    }
    if got == 0.0 && want == 0.0 {
        return device.machine() == Machine::Wgpu
            || got.is_sign_negative() == want.is_sign_negative();
    }
    if gpu && want.abs() <= f32::MIN_POSITIVE && got.abs() <= f32::MIN_POSITIVE {
        return true;
    }
    (got - want).abs() <= relative * want.abs()
        || (want.is_subnormal() && (got - want).abs() <= 1e-44)
}
