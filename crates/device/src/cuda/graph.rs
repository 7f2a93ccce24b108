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

// SAFETY: as for `Context`: any thread may use the handle once the context is bound. The driver
// forbids replaying one graph from two threads at once, and the device replays behind a lock.
unsafe impl Send for Graph {}
// SAFETY: as above.
unsafe impl Sync for Graph {}

impl Graph {
    /// Captures the launches. They were noted down first and are captured in one go, so nothing
    /// that a capture forbids (allocating, loading code, waiting) can happen inside it.
    pub(super) fn new(context: &Arc<Context>, noted: Vec<Noted>) -> Result<Self> {
        let exec = std::ptr::null_mut();
        let mut recorded = Graph { exec, context: context.clone(), noted };
        if recorded.noted.is_empty() {
            return Ok(recorded);
        }
        context.bind()?;
        // Relaxed: other threads may allocate and free meanwhile.
        let mode = sys::CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_RELAXED;
        // SAFETY: the stream is alive and not capturing: captures happen behind the device's lock.
        let result = unsafe { sys::cuStreamBeginCapture_v2(context.stream, mode) };
        context.check(result, "cuStreamBeginCapture")?;
        let launched =
            recorded.noted.iter().try_for_each(|(launch, function)| function.launch(launch));
        let mut graph = std::ptr::null_mut();
        // SAFETY: the capture began above on this stream; it must end even if a launch failed.
        let ended = unsafe { sys::cuStreamEndCapture(context.stream, &mut graph) };
        let instantiated = launched.and_then(|()| {
            context.check(ended, "cuStreamEndCapture")?;
            // SAFETY: the graph is what the capture gave; the handle outlives the call.
            let result = unsafe { sys::cuGraphInstantiateWithFlags(&mut recorded.exec, graph, 0) };
            context.check(result, "cuGraphInstantiate")
        });
        if !graph.is_null() {
            // SAFETY: ours, and the instance does not need it.
            unsafe { sys::cuGraphDestroy(graph) };
        }
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
        // SAFETY: instantiated in `new`; memory and code are alive as long as this.
        let result = unsafe { sys::cuGraphLaunch(self.exec, self.context.stream) };
        self.context.check(result, "cuGraphLaunch")
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // The last replay may still run.
        if !self.exec.is_null() && self.context.wait().is_ok() {
            // SAFETY: instantiated in `new`, destroyed once.
            unsafe { sys::cuGraphExecDestroy(self.exec) };
        }
    }
}
