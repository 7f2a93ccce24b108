//! Memory on the card, and the pinned memory through which small writes travel.
use super::calls::Answer;
use super::context::Context;
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
        let answer = unsafe { (context.calls.cuMemAlloc_v2)(&mut pointer, bytes.max(1)) };
        if answer.is(CUresult::CUDA_ERROR_OUT_OF_MEMORY) {
            return Err(Error::OutOfMemory { device: context.label.clone(), bytes, held: 0 });
        }
        context.check(answer, "cuMemAlloc")?;
        Ok(Block { pointer, context: context.clone() })
    }

    /// Whether the block belongs to this context.
    pub(super) fn of(&self, context: &Arc<Context>) -> bool {
        Arc::ptr_eq(&self.context, context)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // Launches that were queued may still use it. A lost device uses nothing, and frees nothing.
        if self.context.wait().is_ok() {
            // SAFETY: allocated in `new`, freed once. Only work on the context's stream uses it, and
            // all of that is done; what is recorded holds the block itself.
            unsafe { (self.context.calls.cuMemFree_v2)(self.pointer) };
        }
    }
}

/// Bytes that the card can still give; `None` where its driver does not say.
pub(super) fn left(context: &Context) -> Option<u64> {
    context.bind().ok()?;
    let (mut free, mut total) = (0, 0);
    // SAFETY: the context is bound; the numbers outlive the call.
    let answer = unsafe { (context.calls.cuMemGetInfo_v2)(&mut free, &mut total) };
    context.check(answer, "cuMemGetInfo").ok().map(|()| free as u64)
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
    pinned: Pinned,
    /// Recorded behind the half's last transfer.
    done: Event,
    recorded: bool,
}

/// `HALF` bytes of host memory that the card reads by itself.
struct Pinned {
    bytes: *mut c_void,
    context: Arc<Context>,
}

impl Pinned {
    /// `None` if the system refuses to pin.
    fn new(context: &Arc<Context>) -> Result<Option<Self>> {
        context.bind()?;
        let mut bytes = std::ptr::null_mut();
        // SAFETY: the context is bound; the pointer outlives the call.
        let answer = unsafe { (context.calls.cuMemHostAlloc)(&mut bytes, HALF, 0) };
        let pinned = answer == Answer::SUCCESS && !bytes.is_null();
        Ok(pinned.then(|| Pinned { bytes, context: context.clone() }))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // Transfers may still read it; those of a lost device have ended.
        if self.context.wait().is_ok() || self.context.bind().is_ok() {
            // SAFETY: allocated in `new`, freed once.
            unsafe { (self.context.calls.cuMemFreeHost)(self.bytes) };
        }
    }
}

// SAFETY: the memory belongs to this alone, and any thread may write it and free it.
unsafe impl Send for Pinned {}

impl Staging {
    /// Pinned memory; without any (the system may refuse to pin) every write waits.
    pub(super) fn new(context: &Arc<Context>) -> Result<Self> {
        let half = || -> Result<Option<Half>> {
            let Some(pinned) = Pinned::new(context)? else { return Ok(None) };
            Ok(Some(Half { pinned, done: Event::new(context)?, recorded: false }))
        };
        let halves = match (half()?, half()?) {
            (Some(one), Some(two)) => Some([one, two]),
            _ => None,
        };
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
                // SAFETY: `used + data.len()` is at most HALF, so the range lies in the half. No
                // transfer that is queued reads it: they read what lies before `used`, and `turn`
                // waited for those of the half's last round.
                unsafe {
                    let free = halves[self.current].pinned.bytes.cast::<u8>().add(self.used);
                    free.copy_from_nonoverlapping(data.as_ptr(), data.len());
                    free.cast_const()
                }
            }
            _ => data.as_ptr(),
        };
        let copy = self.context.calls.cuMemcpyHtoDAsync_v2;
        // SAFETY: the source has `data.len()` bytes: the half's, which stay as they are until the
        // transfer is done, or the caller's, who is kept waiting below until it is. The target has
        // room: the caller's promise.
        let answer = unsafe { copy(target, source.cast(), data.len(), self.context.stream) };
        self.context.check(answer, "cuMemcpyHtoDAsync")?;
        if !small {
            return self.context.wait();
        }
        self.used += data.len().next_multiple_of(64);
        Ok(())
    }

    /// Leaves the full half and takes the other, once the card has read all of it. If that cannot be
    /// told, the full half stays the current one, and the next write tries again.
    fn turn(&mut self) -> Result<()> {
        let Some(halves) = &mut self.halves else { return Ok(()) };
        halves[self.current].done.record()?;
        halves[self.current].recorded = true;
        let next = 1 - self.current;
        if halves[next].recorded {
            halves[next].done.wait()?;
        }
        (self.current, self.used) = (next, 0);
        Ok(())
    }
}

/// A mark in the stream that knows when it was passed.
pub(super) struct Event {
    raw: sys::CUevent,
    context: Arc<Context>,
}

// SAFETY: as for `Context`: the handle may be used from any thread.
unsafe impl Send for Event {}

impl Event {
    pub(super) fn new(context: &Arc<Context>) -> Result<Self> {
        context.bind()?;
        let mut raw = std::ptr::null_mut();
        // SAFETY: the context is bound; the handle outlives the call.
        context.check(unsafe { (context.calls.cuEventCreate)(&mut raw, 0) }, "cuEventCreate")?;
        Ok(Event { raw, context: context.clone() })
    }

    /// Puts the mark behind everything queued so far.
    pub(super) fn record(&self) -> Result<()> {
        self.context.bind()?;
        // SAFETY: both handles are alive, and of the context that is bound.
        let answer = unsafe { (self.context.calls.cuEventRecord)(self.raw, self.context.stream) };
        self.context.check(answer, "cuEventRecord")
    }

    /// Waits until the mark was passed.
    pub(super) fn wait(&self) -> Result<()> {
        self.context.bind()?;
        // SAFETY: the handle is alive.
        let answer = unsafe { (self.context.calls.cuEventSynchronize)(self.raw) };
        self.context.check(answer, "cuEventSynchronize")
    }

    /// Milliseconds from an earlier mark to this one; both were passed.
    pub(super) fn since(&self, earlier: &Event) -> Result<f32> {
        self.context.bind()?;
        let mut ms = 0.0;
        let elapsed = self.context.calls.cuEventElapsedTime;
        // SAFETY: both handles are alive; the number outlives the call.
        let answer = unsafe { elapsed(&mut ms, earlier.raw, self.raw) };
        self.context.check(answer, "cuEventElapsedTime")?;
        Ok(ms)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if self.context.bind().is_ok() {
            // SAFETY: created in `new`, destroyed once.
            unsafe { (self.context.calls.cuEventDestroy_v2)(self.raw) };
        }
    }
}
