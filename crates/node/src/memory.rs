//! A tensor's numbers, in and out.
use crate::failure::{Failure, Outcome};
use crate::guard::guard;
use crate::job::{Bytes, Job, job};
use crate::lent::Lent;
use crate::numbers::{integer, single};
use crate::shown;
use crate::table::{get, put};
use crate::{device::NativeDevice, table};
use napi::bindgen_prelude::{AsyncTask, ToNapiValue};
use napi::{Env, sys};
use napi_derive::napi;
use std::cell::Cell;
use std::ffi::c_void;
use strata_ml::autograd::Var;
use strata_ml::device::{Buffer, DType, cpu, trace};
use strata_ml::tensor::{Layout, Tensor, ops};

/// A copy of the elements, read off this thread.
#[napi(js_name = "read", ts_return_type = "Promise<ArrayBuffer>")]
pub fn read_off_thread(a: u32) -> napi::Result<AsyncTask<Job<Vec<u8>, Bytes>>> {
    guard(|| {
        let tensor = get(a)?.value().clone();
        Ok(job(move || Ok(tensor.to_bytes()?), |bytes| Ok(Bytes(bytes))))
    })
}

/// A copy of the elements, now.
#[napi]
pub fn read_sync(a: u32) -> napi::Result<Bytes> {
    guard(|| Ok(Bytes(get(a)?.value().to_bytes()?)))
}

/// The only element.
#[napi]
pub fn item(a: u32) -> napi::Result<f64> {
    guard(|| {
        let var = get(a)?;
        let tensor = var.value();
        Ok(match tensor.dtype() {
            DType::I32 => f64::from(tensor.item::<i32>()?),
            DType::U32 => f64::from(tensor.item::<u32>()?),
            DType::F32 => f64::from(tensor.item::<f32>()?),
            DType::BF16 | DType::F16 => f64::from(tensor.cast(DType::F32)?.item::<f32>()?),
        })
    })
}

thread_local! {
    static ALIASES: Cell<bool> = const { Cell::new(true) };
}

/// Whether [`storage`] shows Rust's memory here; false once the runtime has forced a copy.
#[napi]
pub fn aliases() -> bool {
    ALIASES.get()
}

/// A value that is made already.
pub struct Made(sys::napi_value);

impl ToNapiValue for Made {
    unsafe fn to_napi_value(_: sys::napi_env, made: Self) -> napi::Result<sys::napi_value> {
        Ok(made.0)
    }
}

/// Lets go of the buffer that an `ArrayBuffer` showed.
unsafe extern "C" fn release(_: sys::napi_env, data: *mut c_void, hint: *mut c_void) {
    shown::remove(data.addr());
    // SAFETY: `storage` made `hint` of a box, and the runtime calls this once.
    let buffer = unsafe { Box::from_raw(hint.cast::<Buffer>()) };
    table::shown(-table::signed(buffer.bytes()));
}

/// The whole storage of a CPU tensor as an `ArrayBuffer` over Rust's own memory, which lives for as
/// long as it is reachable.
#[napi(ts_return_type = "ArrayBuffer")]
pub fn storage(env: Env, a: u32) -> napi::Result<Made> {
    guard(|| {
        let var = get(a)?;
        let buffer = var.value().buffer().clone();
        let Some(pointer) = cpu::host_pointer(buffer.memory()) else {
            let label = buffer.device().info().label();
            let message = format!(
                "view: the tensor is on {label}, whose memory this process cannot see; `await tensor.read()` copies it"
            );
            return Err(Failure::new("device", "view", message));
        };
        let bytes = buffer.bytes();
        table::shown(table::signed(bytes));
        let hint = Box::into_raw(Box::new(buffer.clone()));
        shown::add(pointer.as_ptr().addr(), &buffer);
        let mut made = std::ptr::null_mut();
        // SAFETY: the memory has at least `bytes` bytes (a buffer is no longer than its memory),
        // and stays where it is until `release` drops the buffer in `hint`. It was zeroed at birth.
        // Kernels write it only on calls from JavaScript's thread, or on a run's own thread, where
        // whoever looks sees something in between, as with any shared array. Where Rust is given
        // this memory back, as an array to read, it reads through the device (`lent.rs`).
        let status = unsafe {
            sys::napi_create_external_arraybuffer(
                env.raw(),
                pointer.as_ptr().cast(),
                bytes,
                Some(release),
                hint.cast(),
                &mut made,
            )
        };
        if status == sys::Status::napi_ok {
            return Ok(Made(made));
        }
        shown::remove(pointer.as_ptr().addr());
        // SAFETY: the runtime refused, so nobody else has the box.
        drop(unsafe { Box::from_raw(hint) });
        table::shown(-table::signed(bytes));
        ALIASES.set(false);
        let copy = buffer.read_blocking(0, bytes)?;
        let copied = napi::bindgen_prelude::ArrayBuffer::from_data(&env, copy);
        let internal = |error: napi::Error| Failure::new("internal", "view", error.reason.clone());
        // SAFETY: `env` is this call's own.
        let raw = copied.and_then(|c| unsafe { ToNapiValue::to_napi_value(env.raw(), c) });
        Ok(Made(raw.map_err(internal)?))
    })
}

/// Only what has no past may be changed in place: the tape remembers values, not copies of them.
fn writable(op: &str, a: u32) -> Outcome<Var> {
    let var = get(a)?;
    if var.op().is_some() && var.requires_grad() {
        let made = var.op().unwrap_or("an op");
        let message = format!(
            "{op}: this tensor was made by {made} and is part of a tape; change a leaf, or detach() it first"
        );
        return Err(Failure::new("graph", op, message));
    }
    Ok(var)
}

/// Overwrites the elements from a typed array, which may show this very tensor's memory.
#[napi]
pub fn write(a: u32, bytes: Lent<u8>) -> napi::Result<()> {
    guard(|| {
        let bytes = bytes.get()?;
        let var = writable("write", a)?;
        let to = var.value();
        let size = to.dtype().size();
        if bytes.len() != to.numel() * size {
            let (n, shape) = (bytes.len() / size, to.shape());
            let message = format!("write: {n} elements for a tensor of shape {shape:?}");
            return Err(Failure::new("shape", "write", message));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let first = to.offset() * size;
        if to.is_contiguous() && first.is_multiple_of(4) && bytes.len().is_multiple_of(4) {
            return Ok(to.buffer().write(first, &bytes)?);
        }
        // Through a tensor of its own where the elements do not lie side by side.
        let from = to.device().alloc(bytes.len())?;
        from.write(0, &bytes)?;
        let from = Tensor::from_buffer(from, to.dtype(), Layout::contiguous(to.shape()))?;
        Ok(ops::copy_into(&from, to)?)
    })
}

/// Copies another tensor's elements in.
#[napi]
pub fn copy_from(to: u32, from: u32) -> napi::Result<()> {
    guard(|| {
        let (to, from) = (writable("copyFrom", to)?, get(from)?);
        let from = match from.value().buffer().same(to.value().buffer()) {
            true => ops::copy(from.value())?,
            false => from.value().clone(),
        };
        Ok(ops::copy_into(&from, to.value())?)
    })
}

/// Sets every element.
#[napi]
pub fn fill(a: u32, value: f64) -> napi::Result<()> {
    guard(|| {
        let var = writable("fill", a)?;
        let to = var.value();
        let wrong = || {
            let message = format!("fill: {value} is no whole number that {} holds", to.dtype());
            Failure::new("value", "fill", message)
        };
        let one = match to.dtype() {
            DType::U32 => {
                let value: u32 = integer(value).ok_or_else(wrong)?;
                Tensor::from_slice(to.device(), &[value], &[])?
            }
            DType::I32 => {
                let value: i32 = integer(value).ok_or_else(wrong)?;
                Tensor::from_slice(to.device(), &[value], &[])?
            }
            float => Tensor::full(to.device(), &[], single(value))?.cast(float)?,
        };
        Ok(ops::copy_into(&one.broadcast_to(to.shape())?, to)?)
    })
}

/// The tensor on another device. Its gradient comes back to this one.
#[napi(ts_return_type = "Promise<number>")]
pub fn to_device(
    a: u32,
    device: &NativeDevice,
) -> napi::Result<AsyncTask<Job<(Var, Tensor), u32>>> {
    guard(|| {
        let (var, device) = (get(a)?, device.device.clone());
        let work = move || {
            let moved = var.value().to_device(&device)?;
            Ok((var, moved))
        };
        Ok(job(work, |(var, moved)| {
            let home = var.value().device().clone();
            let to = trace::on(|| {
                Var::from_op("to", moved, &[&var], move |grad, grads| {
                    grads.add(0, grad.to_device(&home)?)
                })
            });
            Ok(put(to))
        }))
    })
}

/// A copy on a handle of the same device that forces other rungs.
#[napi]
pub fn rehome(a: u32, device: &NativeDevice) -> napi::Result<u32> {
    guard(|| {
        let var = get(a)?;
        if !var.value().device().same(&device.device) {
            let message = "withRung: that is another device; `await tensor.to(device)` moves it";
            return Err(Failure::new("device", "to", message));
        }
        Ok(put(trace::on(|| {
            let fresh = Tensor::empty(&device.device, var.value().dtype(), var.value().shape())?;
            ops::copy_into(var.value(), &fresh)?;
            let copied = Var::from_op("to", fresh, &[&var], |g, grads| grads.add(0, g.clone()));
            Ok::<_, Failure>(copied)
        })?))
    })
}

/// Nanoseconds that Rust alone takes for `n` additions whose results are all kept to the end, as
/// JavaScript keeps them until its next turn.
#[napi]
pub fn time_adds(a: u32, b: u32, n: u32) -> napi::Result<f64> {
    guard(|| {
        let (a, b) = (table::get(a)?, table::get(b)?);
        let start = std::time::Instant::now();
        // Not sized beforehand: so many may be asked for that there is no room for the list.
        let mut kept = Vec::new();
        for _ in 0..n {
            kept.push(a.add(&b)?);
        }
        drop(kept);
        Ok(start.elapsed().as_nanos() as f64)
    })
}
