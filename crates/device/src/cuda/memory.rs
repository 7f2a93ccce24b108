//! Memory on the card, and the pinned memory through which small writes travel.
use super::context::Context;
use super::driver;
use crate::{Error, Result};
use cudarc::driver::sys::{self, CUresult};
use std::ffi::c_void;
use std::sync::Arc;

/// A block of the card's memory.
pub(super) struct Block {
    /// Where it begins, on the card.
    pub(super) pointer: sys::CUdeviceptr,
    context: Arc<Context>,
}

impl Block {
    /// `bytes` bytes, contents unspecified.
    pub(super) fn new(context: &Arc<Context>, bytes: usize) -> Result<Self> {
        context.bind()?;
        let mut pointer = 0;
        // SAFETY: the context is bound; the pointer outlives the call.
        match unsafe { sys::cuMemAlloc_v2(&mut pointer, bytes.max(1)) } {
            CUresult::CUDA_ERROR_OUT_OF_MEMORY => {
                Err(Error::OutOfMemory { device: context.label.clone(), bytes, held: 0 })
            }
            result => {
                context.check(result, "cuMemAlloc")?;
                Ok(Block { pointer, context: context.clone() })
            }
        }
    }

    /// Whether the block belongs to this context.
    pub(super) fn of(&self, context: &Arc<Context>) -> bool {
        Arc::ptr_eq(&self.context, context)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.context.bind().is_ok() {
            // SAFETY: allocated in `new`, freed once; the driver waits for work that uses it.
            unsafe { sys::cuMemFree_v2(self.pointer) };
        }
    }
}

/// Bytes of one half of the staging memory: larger writes wait for the stream instead.
const HALF: usize = 4 << 20;

/// Host memory that the card reads by itself, in two halves. A write is copied into the current
/// half and its transfer queued, so that the caller's bytes may go away at once and a training step
/// does not wait. When a half is full the other is taken, after the transfers out of it are done.
pub(super) struct Staging {
    halves: Option<[Half; 2]>,
    current: usize,
    used: usize,
    context: Arc<Context>,
}

struct Half {
    bytes: *mut c_void,
    /// Recorded behind the half's last transfer.
    done: Event,
    recorded: bool,
}

// SAFETY: the pinned memory belongs to the staging alone, which is used behind a lock.
unsafe impl Send for Staging {}

impl Staging {
    /// Pinned memory; without any (the system may refuse to pin) every write waits.
    pub(super) fn new(context: &Arc<Context>) -> Result<Self> {
        context.bind()?;
        let mut halves = Vec::new();
        for _ in 0..2 {
            let mut bytes = std::ptr::null_mut();
            // SAFETY: the context is bound; the pointer outlives the call.
            if unsafe { sys::cuMemHostAlloc(&mut bytes, HALF, 0) } != CUresult::CUDA_SUCCESS {
                break;
            }
            halves.push(Half { bytes, done: Event::new(context)?, recorded: false });
        }
        let halves = halves.try_into().ok();
        Ok(Staging { halves, current: 0, used: 0, context: context.clone() })
    }

    /// Queues a copy of `data` to `target` on the card; the data may change when this returns.
    ///
    /// # Safety
    /// `target` has room for the data, in this context.
    pub(super) unsafe fn write(&mut self, target: sys::CUdeviceptr, data: &[u8]) -> Result<()> {
        self.context.bind()?;
        let small = data.len() <= HALF / 4 && self.halves.is_some();
        if small && self.used + data.len() > HALF {
            self.turn()?;
        }
        let source = match &self.halves {
            Some(halves) if small => {
                // SAFETY: the range lies in the half, and no transfer queued so far reads it.
                unsafe {
                    let free = halves[self.current].bytes.cast::<u8>().add(self.used);
                    free.copy_from_nonoverlapping(data.as_ptr(), data.len());
                    free.cast_const()
                }
            }
            _ => data.as_ptr(),
        };
        // SAFETY: the source is pinned and not reused before the transfer, or is waited for below.
        let result = unsafe {
            sys::cuMemcpyHtoDAsync_v2(target, source.cast(), data.len(), self.context.stream)
        };
        self.context.check(result, "cuMemcpyHtoDAsync")?;
        if !small {
            return self.context.wait();
        }
        self.used += data.len().next_multiple_of(64);
        Ok(())
    }

    /// Leaves the full half and takes the other as soon as the card has read it.
    fn turn(&mut self) -> Result<()> {
        let Some(halves) = &mut self.halves else { return Ok(()) };
        halves[self.current].done.record()?;
        halves[self.current].recorded = true;
        self.current = 1 - self.current;
        self.used = 0;
        let next = &halves[self.current];
        if next.recorded { next.done.wait() } else { Ok(()) }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Transfers may still read the memory.
        let bound = self.context.wait().is_ok() || self.context.bind().is_ok();
        for half in self.halves.iter().flatten().filter(|_| bound) {
            // SAFETY: allocated in `new`, freed once.
            unsafe { sys::cuMemFreeHost(half.bytes) };
        }
    }
}

/// A mark in the stream that knows when it was passed.
pub(super) struct Event {
    raw: sys::CUevent,
    context: Arc<Context>,
}

// SAFETY: as for `Context`: any thread may use the handle once the context is bound.
unsafe impl Send for Event {}

impl Event {
    pub(super) fn new(context: &Arc<Context>) -> Result<Self> {
        context.bind()?;
        let mut raw = std::ptr::null_mut();
        // SAFETY: the context is bound; the handle outlives the call.
        context.check(unsafe { sys::cuEventCreate(&mut raw, 0) }, "cuEventCreate")?;
        Ok(Event { raw, context: context.clone() })
    }

    /// Puts the mark behind everything queued so far.
    pub(super) fn record(&self) -> Result<()> {
        // SAFETY: both handles are alive.
        let result = unsafe { sys::cuEventRecord(self.raw, self.context.stream) };
        self.context.check(result, "cuEventRecord")
    }

    /// Waits until the mark was passed.
    pub(super) fn wait(&self) -> Result<()> {
        // SAFETY: the handle is alive.
        self.context.check(unsafe { sys::cuEventSynchronize(self.raw) }, "cuEventSynchronize")
    }

    /// Milliseconds from an earlier mark to this one; both were passed.
    pub(super) fn since(&self, earlier: &Event) -> Result<f32> {
        let mut ms = 0.0;
        // SAFETY: both handles are alive; the number outlives the call.
        let result = unsafe { driver::elapsed(&mut ms, earlier.raw, self.raw) };
        self.context.check(result, "cuEventElapsedTime")?;
        Ok(ms)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if self.context.bind().is_ok() {
            // SAFETY: created in `new`, destroyed once.
            unsafe { sys::cuEventDestroy_v2(self.raw) };
        }
    }
}
