//! A context on one card, with the one stream that everything runs on.
use super::driver;
use crate::{Launch, Result};
use cudarc::driver::sys::{self, CUresult};
use std::sync::{Mutex, PoisonError};

/// The card's primary context and our stream. Memory, modules and graphs hold on to it, so that it
/// outlives them.
pub(super) struct Context {
    raw: sys::CUcontext,
    device: sys::CUdevice,
    /// The stream.
    pub(super) stream: sys::CUstream,
    /// `cuda:0 (NVIDIA H200)`.
    pub(super) label: String,
    /// Wait after every launch, so that a fault names its kernel (`STRATA_CUDA_SYNC=1`).
    pub(super) eager: bool,
    last: Mutex<Option<(&'static str, &'static str)>>,
}

// SAFETY: the driver's handles may be used from any thread once the context is bound to it, which
// `bind` does before every call.
unsafe impl Send for Context {}
// SAFETY: as above; the driver's calls are thread-safe.
unsafe impl Sync for Context {}

impl Context {
    /// The primary context of a card and a stream on it.
    pub(super) fn new(device: sys::CUdevice, label: String) -> Result<Self> {
        let nobody = String::new;
        let mut raw = std::ptr::null_mut();
        // SAFETY: the handle outlives the call; the device is the driver's own.
        let result = unsafe { sys::cuDevicePrimaryCtxRetain(&mut raw, device) };
        driver::check(result, &label, "cuDevicePrimaryCtxRetain", nobody)?;
        let eager = std::env::var_os("STRATA_CUDA_SYNC").is_some_and(|v| v == "1");
        let last = Mutex::new(None);
        let stream = std::ptr::null_mut();
        let mut context = Context { raw, device, stream, label, eager, last };
        context.bind()?;
        let flags = sys::CUstream_flags_enum::CU_STREAM_NON_BLOCKING as u32;
        // SAFETY: the context is bound; the handle outlives the call.
        let result = unsafe { sys::cuStreamCreate(&mut context.stream, flags) };
        context.check(result, "cuStreamCreate")?;
        Ok(context)
    }

    /// Makes the context this thread's.
    pub(super) fn bind(&self) -> Result<()> {
        // SAFETY: the context was retained and is released only when this is dropped.
        self.check(unsafe { sys::cuCtxSetCurrent(self.raw) }, "cuCtxSetCurrent")
    }

    /// Waits for the stream.
    pub(super) fn wait(&self) -> Result<()> {
        self.bind()?;
        // SAFETY: the stream lives as long as this.
        self.check(unsafe { sys::cuStreamSynchronize(self.stream) }, "cuStreamSynchronize")
    }

    /// A driver's answer as a `Result`.
    pub(super) fn check(&self, result: CUresult, call: &str) -> Result<()> {
        driver::check(result, &self.label, call, || self.suspect())
    }

    /// Notes which kernel runs last, for the message if it faults.
    pub(super) fn note(&self, launch: &Launch) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((launch.kernel.path, launch.kernel.entry));
    }

    /// A fault shows at some later call: name the last launch, and how to find the guilty one.
    fn suspect(&self) -> String {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last {
            None => String::new(),
            Some((path, entry)) if self.eager => format!(" in kernel {path}:{entry}"),
            Some((path, entry)) => format!(
                "; the last kernel launched was {path}:{entry}, and STRATA_CUDA_SYNC=1 finds the \
                 one that failed"
            ),
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // Errors are ignored: a lost device, or a driver that has shut down, has nothing to free.
        // SAFETY: the last user is gone; both handles are ours and released once.
        unsafe {
            if !self.stream.is_null() && sys::cuCtxSetCurrent(self.raw) == CUresult::CUDA_SUCCESS {
                sys::cuStreamDestroy_v2(self.stream);
            }
            sys::cuDevicePrimaryCtxRelease_v2(self.device);
        }
    }
}
