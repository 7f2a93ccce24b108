//! What a device does at most, measured: the best of a few runs of two large things.

use crate::device::{Device, Error as DeviceError, Machine};
use crate::matmul::matmul;
use crate::tensor::{DType, Error, Result, Tensor, ops};
use web_time::Instant;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Enough for a first impression, in a moment.
    Glance,
    /// Sizes that fill the device.
    Whole,
}

/// FLOPs in a second of a matrix product, in the precision of the device's handle.
///
/// # Errors
/// The device fails.
pub async fn product(device: &Device, effort: Effort) -> Result<f64> {
    let side = match (effort, slow(device)) {
        (Effort::Glance, true) => 512,
        (Effort::Whole, true) => 768,
        (Effort::Glance, false) => 2048,
        (Effort::Whole, false) => 4096,
    };
    let wide = Tensor::uniform(device, &[side, side], 1)?;
    let kept = wide.cast(device.precision().dtype())?;
    // Where no rung takes what is kept in 16 bits, f32 is what the device multiplies.
    let factor = match matmul(&kept, &kept) {
        Err(Error::Device(DeviceError::DType { .. })) => wide,
        other => other.map(|_| kept)?,
    };
    let seconds = best(device, effort, &|| matmul(&factor, &factor)).await?;
    Ok(2.0 * (side as f64).powi(3) / seconds)
}

/// Bytes in a second of a copy, read and written.
///
/// # Errors
/// The device fails.
pub async fn copy(device: &Device, effort: Effort) -> Result<f64> {
    let words = if slow(device) { 16 << 20 } else { 64 << 20 };
    let long = Tensor::zeros(device, DType::F32, &[words])?;
    let seconds = best(device, effort, &|| ops::copy(&long)).await?;
    Ok(8.0 * words as f64 / seconds)
}

fn slow(device: &Device) -> bool {
    device.machine() == Machine::Cpu || device.info().caps.software
}

async fn best(device: &Device, effort: Effort, run: &dyn Fn() -> Result<Tensor>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..if effort == Effort::Glance { 3 } else { 6 } {
        let start = Instant::now();
        drop(run()?);
        device.synchronize_async().await?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best.max(1e-9))
}
