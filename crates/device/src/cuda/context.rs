//! A context on one card, with the one stream that everything runs on.
use super::calls::{Answer, Calls};
use super::driver;
use crate::{Launch, Result};
use cudarc::driver::sys;
use std::sync::{Mutex, PoisonError};

/// The card's primary context and our stream. Memory, modules and graphs hold on to it, so that it
/// outlives them.
pub(super) struct Context {
    /// The driver's functions.
    pub(super) calls: &'static Calls,
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

// SAFETY: the handles are the driver's, not memory of ours. They may be used from any thread whose
// current context this is, which `bind` sees to before every call that asks for one.
unsafe impl Send for Context {}
// SAFETY: as above, and from several threads at once: the driver locks for itself, and `last` has a
// lock of its own.
unsafe impl Sync for Context {}

impl Context {
    /// The primary context of a card and a stream on it.
    pub(super) fn new(device: sys::CUdevice, label: String) -> Result<Self> {
        let calls = &driver::ready()?.calls;
        let mut raw = std::ptr::null_mut();
        // SAFETY: the handle outlives the call; the device is the driver's own.
        let answer = unsafe { (calls.cuDevicePrimaryCtxRetain)(&mut raw, device) };
        driver::check(calls, answer, &label, "cuDevicePrimaryCtxRetain", String::new)?;
        let eager = std::env::var_os("STRATA_CUDA_SYNC").is_some_and(|v| v == "1");
        let last = Mutex::new(None);
        let stream = std::ptr::null_mut();
        // From here on, whatever fails, its drop lets the card go.
        let mut context = Context { calls, raw, device, stream, label, eager, last };
        context.stream = context.new_stream()?;
        Ok(context)
    }

    /// A stream of its own, which waits for no other.
    pub(super) fn new_stream(&self) -> Result<sys::CUstream> {
        self.bind()?;
        let mut stream = std::ptr::null_mut();
        let flags = sys::CUstream_flags_enum::CU_STREAM_NON_BLOCKING as u32;
        // SAFETY: the context is bound; the handle outlives the call.
        let answer = unsafe { (self.calls.cuStreamCreate)(&mut stream, flags) };
        self.check(answer, "cuStreamCreate")?;
        Ok(stream)
    }

    /// Makes the context this thread's.
    pub(super) fn bind(&self) -> Result<()> {
        // SAFETY: the context was retained and is released only when this is dropped.
        self.check(unsafe { (self.calls.cuCtxSetCurrent)(self.raw) }, "cuCtxSetCurrent")
    }

    /// Waits for the stream.
    pub(super) fn wait(&self) -> Result<()> {
        self.bind()?;
        // SAFETY: the stream lives as long as this.
        let answer = unsafe { (self.calls.cuStreamSynchronize)(self.stream) };
        self.check(answer, "cuStreamSynchronize")
    }

    /// A driver's answer as a `Result`.
    pub(super) fn check(&self, answer: Answer, call: &str) -> Result<()> {
        driver::check(self.calls, answer, &self.label, call, || self.suspect())
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
        let bound = self.bind().is_ok();
        if bound && !self.stream.is_null() {
            // SAFETY: memory, modules, events and graphs hold on to this, so the last user is gone;
            // created in `new`, destroyed once. The driver finishes what is queued.
            unsafe { (self.calls.cuStreamDestroy_v2)(self.stream) };
        }
        // SAFETY: retained in `new`, released once, after everything that lived in it.
        unsafe { (self.calls.cuDevicePrimaryCtxRelease_v2)(self.device) };
    }
}
