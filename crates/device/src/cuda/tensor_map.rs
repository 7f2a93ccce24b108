//! Tensor maps as the driver encodes them.
use super::calls::EncodeTiled;
use super::driver;
use crate::{DType, Swizzle, TensorMap};
use cudarc::driver::sys::{self, CUtensorMap, CUtensorMapDataType as Type};

/// Bytes of one, as a kernel takes it.
pub(super) const BYTES: usize = size_of::<CUtensorMap>();

/// Encodes a map of a tensor that begins at `address`. The launch was validated: what the map shows
/// lies within its binding.
///
/// # Errors
/// A driver that has no such maps, or does not take this one, in words.
pub(super) fn encode(map: &TensorMap, address: u64) -> Result<CUtensorMap, String> {
    let encode: EncodeTiled = driver::ready()
        .map_err(|error| error.to_string())?
        .encode_tiled
        .ok_or("tensor maps need a driver of CUDA 12 or newer")?;
    let dtype = match map.dtype {
        DType::F32 => Type::CU_TENSOR_MAP_DATA_TYPE_FLOAT32,
        DType::BF16 => Type::CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
        DType::F16 => Type::CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
        DType::I32 => Type::CU_TENSOR_MAP_DATA_TYPE_INT32,
        DType::U32 => Type::CU_TENSOR_MAP_DATA_TYPE_UINT32,
    };
    let swizzle = match map.swizzle {
        Swizzle::None => sys::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_NONE,
        Swizzle::B32 => sys::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_32B,
        Swizzle::B64 => sys::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_64B,
        Swizzle::B128 => sys::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_128B,
    };
    // The driver counts dimensions from the innermost on, and leaves its stride out.
    let size = map.dtype.size();
    let shape: Vec<u64> = map.shape.iter().rev().map(|&n| n as u64).collect();
    let strides: Vec<u64> = map.strides.iter().rev().skip(1).map(|&s| (s * size) as u64).collect();
    let tile: Vec<u32> = map.tile.iter().rev().map(|&n| n as u32).collect();
    let each = vec![1u32; tile.len()];
    let mut encoded = CUtensorMap { opaque: [0; 16] };
    // SAFETY: the lists have as many numbers as there are dimensions (strides one fewer), and outlive
    // the call, which only reads them; nothing is read from the address.
    let answer = unsafe {
        encode(
            &mut encoded,
            dtype,
            shape.len() as u32,
            address as *mut std::ffi::c_void,
            shape.as_ptr(),
            strides.as_ptr(),
            tile.as_ptr(),
            each.as_ptr(),
            sys::CUtensorMapInterleave::CU_TENSOR_MAP_INTERLEAVE_NONE,
            swizzle,
            sys::CUtensorMapL2promotion::CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
            sys::CUtensorMapFloatOOBfill::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
        )
    };
    match answer {
        super::calls::Answer::SUCCESS => Ok(encoded),
        other => Err(format!("the driver takes no tensor map of {map:?} (error {})", other.0)),
    }
}
