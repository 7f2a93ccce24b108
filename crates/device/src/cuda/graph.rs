//! A recorded step as a CUDA graph: hundreds of launches handed over in one call.
use super::context::Context;
use super::function::Function;
use crate::{Launch, Result};
use cudarc::driver::sys;
use std::sync::Arc;

/// A launch that was noted down, its function already loaded.
pub(super) type Noted = (Launch, Arc<Function>);

/// Launches that can be replayed. It keeps their memory and their code alive.
pub(super) struct Graph {
    /// `None` for a step that launched nothing.
    exec: sys::CUgraphExec,
    context: Arc<Context>,
    noted: Vec<Noted>,
}

// SAFETY: as for `Context`: the handle is the driver's, for any thread to use.
unsafe impl Send for Graph {}
// SAFETY: as above. The driver forbids replaying one graph from two threads at once: `replay` is
// called behind the device's lock, and `drop` has the graph to itself.
unsafe impl Sync for Graph {}

impl Graph {
    /// Captures the launches. They were noted down first and are captured in one go, so nothing
    /// that a capture forbids (allocating, loading code, waiting) can happen inside it; and on a stream
    /// of their own, since another thread that waited for the context's would spoil the capture.
    pub(super) fn new(context: &Arc<Context>, noted: Vec<Noted>) -> Result<Self> {
        let exec = std::ptr::null_mut();
        let mut recorded = Graph { exec, context: context.clone(), noted };
        if recorded.noted.is_empty() {
            return Ok(recorded);
        }
        let calls = context.calls;
        let stream = context.new_stream()?;
        // Relaxed: other threads may allocate and free meanwhile.
        let mode = sys::CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_RELAXED;
        // SAFETY: the stream was made above, and nobody else knows it.
        let begun = unsafe { (calls.cuStreamBeginCapture_v2)(stream, mode) };
        let mut graph = std::ptr::null_mut();
        let captured = context.check(begun, "cuStreamBeginCapture").and_then(|()| {
            let launched = recorded.noted.iter().try_for_each(|(launch, function)| {
                // SAFETY: what is noted holds the memory, and stays for as long as it can be replayed.
                unsafe { function.launch(launch, stream) }
            });
            // SAFETY: the capture began above on this stream; it must end even if a launch failed.
            let ended = unsafe { (calls.cuStreamEndCapture)(stream, &mut graph) };
            launched.and_then(|()| context.check(ended, "cuStreamEndCapture"))
        });
        let instantiated = captured.and_then(|()| {
            let instantiate = calls.cuGraphInstantiateWithFlags;
            // SAFETY: the graph is what the capture gave; the handle outlives the call.
            let answer = unsafe { instantiate(&mut recorded.exec, graph, 0) };
            context.check(answer, "cuGraphInstantiate")
        });
        if !graph.is_null() {
            // SAFETY: ours, and the instance does not need it.
            unsafe { (calls.cuGraphDestroy)(graph) };
        }
        // SAFETY: made above, destroyed once; nothing ran on it.
        unsafe { (calls.cuStreamDestroy_v2)(stream) };
        instantiated?;
        Ok(recorded)
    }

    /// Whether it was recorded in this context.
    pub(super) fn of(&self, context: &Arc<Context>) -> bool {
        Arc::ptr_eq(&self.context, context)
    }

    /// Queues all launches once more.
    pub(super) fn replay(&self) -> Result<()> {
        let Some((last, _)) = self.noted.last() else { return Ok(()) };
        self.context.bind()?;
        self.context.note(last);
        // SAFETY: instantiated in `new`; memory and code are alive as long as this, and `drop` waits
        // for the last replay.
        let answer = unsafe { (self.context.calls.cuGraphLaunch)(self.exec, self.context.stream) };
        self.context.check(answer, "cuGraphLaunch")
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // The last replay may still run.
        if !self.exec.is_null() && self.context.wait().is_ok() {
            // SAFETY: instantiated in `new`, destroyed once.
            unsafe { (self.context.calls.cuGraphExecDestroy)(self.exec) };
        }
    }
}
