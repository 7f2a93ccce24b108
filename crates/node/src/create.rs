//! Tensors made of numbers.
use crate::device::NativeDevice;
use crate::failure::{Failure, Outcome};
use crate::guard::guard;
use crate::lent::Lent;
use crate::numbers::{dtype, shape, single, whole};
use crate::table::put_tensor;
use napi_derive::napi;
use strata_ml::device::Device;
use strata_ml::tensor::{Layout, Tensor, numel};

/// From the bytes of a typed array.
#[napi]
pub fn from_bytes(
    device: &NativeDevice,
    dtype_code: u32,
    dims: Vec<f64>,
    bytes: Lent<u8>,
) -> napi::Result<u32> {
    guard(|| {
        let op = "tensor";
        let bytes = bytes.get()?;
        let dims = shape(op, &dims)?;
        let dtype = dtype(op, dtype_code)?;
        let n = numel(op, &dims)?;
        if n.checked_mul(dtype.size()) != Some(bytes.len()) {
            let given = bytes.len() / dtype.size();
            let message =
                format!("{op}: shape {dims:?} has {n} elements, {given} were given for it");
            return Err(Failure::new("shape", op, message));
        }
        let device = &device.device;
        let buffer = device.alloc(bytes.len())?;
        if !bytes.is_empty() {
            buffer.write(0, &bytes)?;
        }
        Ok(put_tensor(Tensor::from_buffer(buffer, dtype, Layout::contiguous(&dims))?))
    })
}

/// All zeros.
#[napi]
pub fn zeros(device: &NativeDevice, dtype_code: u32, dims: Vec<f64>) -> napi::Result<u32> {
    guard(|| {
        let dims = shape("zeros", &dims)?;
        Ok(put_tensor(Tensor::zeros(&device.device, dtype("zeros", dtype_code)?, &dims)?))
    })
}

/// All one value, as f32.
#[napi]
pub fn full(device: &NativeDevice, dims: Vec<f64>, value: f64) -> napi::Result<u32> {
    guard(|| {
        let dims = shape("full", &dims)?;
        Ok(put_tensor(Tensor::full(&device.device, &dims, single(value))?))
    })
}

type Draw = fn(&Device, &[usize], u64) -> strata_ml::tensor::Result<Tensor>;

fn drawn(op: &str, draw: Draw, device: &Device, dims: &[f64], seed: f64) -> Outcome<u32> {
    let seed = whole(op, "the seed", seed)? as u64;
    Ok(put_tensor(draw(device, &shape(op, dims)?, seed)?))
}

/// Standard normals.
#[napi]
pub fn randn(device: &NativeDevice, dims: Vec<f64>, seed: f64) -> napi::Result<u32> {
    guard(|| drawn("randn", Tensor::randn, &device.device, &dims, seed))
}

/// Uniform numbers in [0, 1).
#[napi]
pub fn uniform(device: &NativeDevice, dims: Vec<f64>, seed: f64) -> napi::Result<u32> {
    guard(|| drawn("rand", Tensor::uniform, &device.device, &dims, seed))
}
