//! A tensor's numbers, in and out.
use crate::engine::autograd::Var;
use crate::engine::device::{Buffer, DType, cpu, trace};
use crate::engine::tensor::{self, Layout, Tensor, ops};
use crate::job::{NO_WAITING, settle};
use crate::numbers::{integer, single};
use crate::table::{get, put};
use crate::{Device, Elements, Error, Job, Result, wait};
use std::ptr::NonNull;
use web_time::Instant;

exports! { ($) memory_functions
    now {
        read_sync: (a: Handle) -> ArrayBuffer;
        item: (a: Handle) -> f64;
        write: (a: Handle, bytes: LentBytes) -> Unit;
        copy_from: (to: Handle, from: Handle) -> Unit;
        fill: (a: Handle, value: f64) -> Unit;
        rehome: (a: Handle, device: &Device) -> Handle;
        time_adds: (a: Handle, b: Handle, n: u32) -> f64;
    }
    later {
        read: (a: Handle) -> ArrayBuffer;
        to_device: (a: Handle, device: &Device) -> Handle;
    }
}

/// A copy of the elements.
pub fn read(a: u32) -> Result<Job<Vec<u8>>> {
    let tensor = get(a)?.value().clone();
    Ok(Job::of(async move || Ok(tensor.to_bytes_async().await?)))
}

/// A copy of the elements, now.
pub fn read_sync(a: u32) -> Result<Vec<u8>> {
    let var = get(a)?;
    wait("toArray", async { Ok(var.value().to_bytes_async().await?) })
}

/// The only element.
pub fn item(a: u32) -> Result<f64> {
    wait("item", only(get(a)?))
}

/// The only element, where there is no waiting.
pub fn item_async(a: u32) -> Result<Job<f64>> {
    let var = get(a)?;
    Ok(Job::of(async move || only(var).await))
}

async fn only(var: Var) -> Result<f64> {
    let tensor = var.value();
    Ok(match tensor.dtype() {
        DType::I32 => f64::from(tensor.item_async::<i32>().await?),
        DType::U32 => f64::from(tensor.item_async::<u32>().await?),
        DType::F32 => f64::from(tensor.item_async::<f32>().await?),
        DType::BF16 | DType::F16 => f64::from(tensor.cast(DType::F32)?.item_async::<f32>().await?),
    })
}

/// The whole memory of a CPU tensor, which stays where it is for as long as this lives.
#[derive(Clone)]
pub struct Storage(Buffer);

impl Storage {
    /// Where it begins. It was zeroed at birth, and kernels write it while they run.
    pub fn pointer(&self) -> Result<NonNull<u8>> {
        cpu::host_pointer(self.0.memory()).ok_or_else(|| {
            let label = self.0.device().info().label();
            error!(
                "device",
                "view",
                "the tensor is on {label}, whose memory this process cannot see; `await tensor.read()` copies it"
            )
        })
    }

    /// How long it is.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// A copy of some of it, made while no kernel writes there; from a multiple of 4 on.
    pub fn copy(&self, first: usize, bytes: usize) -> Result<Vec<u8>> {
        wait("view", async { Ok(self.0.read(first, bytes).await?) })
    }
}

/// The memory behind a tensor.
pub fn storage(a: u32) -> Result<Storage> {
    Ok(Storage(get(a)?.value().buffer().clone()))
}

/// Only what has no past may be changed in place: the tape remembers values, not copies of them.
fn writable(op: &str, a: u32) -> Result<Var> {
    let var = get(a)?;
    if var.op().is_some() && var.requires_grad() {
        let made = var.op().unwrap_or("an op");
        return Err(error!(
            "graph",
            op,
            "this tensor was made by {made} and is part of a tape; change a leaf, or detach() it first"
        ));
    }
    Ok(var)
}

/// Overwrites the elements from a typed array, which may be a view of this very tensor.
pub fn write(a: u32, bytes: impl Elements<u8>) -> Result<()> {
    let bytes = bytes.get()?;
    let var = writable("write", a)?;
    let to = var.value();
    let size = to.dtype().size();
    if bytes.len() != to.numel() * size {
        let (n, shape) = (bytes.len() / size, to.shape());
        return Err(error!("shape", "write", "{n} elements for a tensor of shape {shape:?}"));
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
}

/// Copies another tensor's elements in.
pub fn copy_from(to: u32, from: u32) -> Result<()> {
    let (to, from) = (writable("copyFrom", to)?, get(from)?);
    let from = match from.value().buffer().same(to.value().buffer()) {
        true => ops::copy(from.value())?,
        false => from.value().clone(),
    };
    Ok(ops::copy_into(&from, to.value())?)
}

/// Sets every element.
pub fn fill(a: u32, value: f64) -> Result<()> {
    let var = writable("fill", a)?;
    let to = var.value();
    let wrong = || error!("value", "fill", "{value} is no whole number that {} holds", to.dtype());
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
}

/// The tensor on another device. Its gradient comes back to this one.
pub fn to_device(a: u32, device: &Device) -> Result<Job<u32>> {
    let (var, device) = (get(a)?, device.0.clone());
    let work = async move || {
        let moved = var.value().to_device_async(&device).await?;
        Ok((var, moved))
    };
    Ok(Job::new(work, |(var, moved)| {
        let home = var.value().device().clone();
        let back = move |grad: &Tensor| {
            let there = settle(grad.to_device_async(&home));
            there.unwrap_or_else(|| Err(tensor::Error::value("to", NO_WAITING)))
        };
        Ok(put(trace::on(|| {
            Var::from_op("to", moved, &[&var], move |grad, grads| grads.add(0, back(grad)?))
        })))
    }))
}

/// A copy on a handle of the same device that forces other rungs.
pub fn rehome(a: u32, device: &Device) -> Result<u32> {
    let var = get(a)?;
    if !var.value().device().same(&device.0) {
        let message = "withRung: that is another device; `await tensor.to(device)` moves it";
        return Err(Error::new("device", "to", message));
    }
    Ok(put(trace::on(|| {
        let fresh = Tensor::empty(&device.0, var.value().dtype(), var.value().shape())?;
        ops::copy_into(var.value(), &fresh)?;
        let copied = Var::from_op("to", fresh, &[&var], |g, grads| grads.add(0, g.clone()));
        Ok::<_, Error>(copied)
    })?))
}

/// Nanoseconds that Rust alone takes for `n` additions whose results are all kept to the end, as
/// JavaScript keeps them until its next turn.
pub fn time_adds(a: u32, b: u32, n: u32) -> Result<f64> {
    let (a, b) = (get(a)?, get(b)?);
    let start = Instant::now();
    // Not sized beforehand: so many may be asked for that there is no room for the list.
    let mut kept = Vec::new();
    for _ in 0..n {
        kept.push(a.add(&b)?);
    }
    drop(kept);
    Ok(start.elapsed().as_nanos() as f64)
}
