//! Tensors made of numbers.
use crate::engine::tensor::{self, Layout, Tensor, numel};
use crate::numbers::{dtype, shape, single, whole};
use crate::table::put_tensor;
use crate::{Device, Elements, Result};

exports! { ($) create_functions
    now {
        from_bytes: (device: &Device, dtype: u32, dims: Numbers, bytes: LentBytes) -> Handle;
        zeros: (device: &Device, dtype: u32, dims: Numbers) -> Handle;
        full: (device: &Device, dims: Numbers, value: f64) -> Handle;
        randn, uniform: (device: &Device, dims: Numbers, seed: f64) -> Handle;
    }
}

/// From the bytes of a typed array.
pub fn from_bytes(
    device: &Device,
    dtype_code: u32,
    dims: Vec<f64>,
    bytes: impl Elements<u8>,
) -> Result<u32> {
    let op = "tensor";
    let bytes = bytes.get()?;
    let dims = shape(op, &dims)?;
    let dtype = dtype(op, dtype_code)?;
    let n = numel(op, &dims)?;
    if n.checked_mul(dtype.size()) != Some(bytes.len()) {
        let given = bytes.len() / dtype.size();
        return Err(error!(
            "shape",
            op, "shape {dims:?} has {n} elements, {given} were given for it"
        ));
    }
    let buffer = device.0.alloc(bytes.len())?;
    if !bytes.is_empty() {
        buffer.write(0, &bytes)?;
    }
    Ok(put_tensor(Tensor::from_buffer(buffer, dtype, Layout::contiguous(&dims))?))
}

/// All zeros.
pub fn zeros(device: &Device, dtype_code: u32, dims: Vec<f64>) -> Result<u32> {
    let dims = shape("zeros", &dims)?;
    Ok(put_tensor(Tensor::zeros(&device.0, dtype("zeros", dtype_code)?, &dims)?))
}

/// All one value, as f32.
pub fn full(device: &Device, dims: Vec<f64>, value: f64) -> Result<u32> {
    let dims = shape("full", &dims)?;
    Ok(put_tensor(Tensor::full(&device.0, &dims, single(value))?))
}

type Draw = fn(&crate::engine::device::Device, &[usize], u64) -> tensor::Result<Tensor>;

fn drawn(op: &str, draw: Draw, device: &Device, dims: &[f64], seed: f64) -> Result<u32> {
    let seed = whole(op, "the seed", seed)? as u64;
    Ok(put_tensor(draw(&device.0, &shape(op, dims)?, seed)?))
}

/// Standard normals.
pub fn randn(device: &Device, dims: Vec<f64>, seed: f64) -> Result<u32> {
    drawn("randn", Tensor::randn, device, &dims, seed)
}

/// Uniform numbers in [0, 1).
pub fn uniform(device: &Device, dims: Vec<f64>, seed: f64) -> Result<u32> {
    drawn("rand", Tensor::uniform, device, &dims, seed)
}
