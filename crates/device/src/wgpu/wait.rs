//! Waiting for the GPU: natively by polling the device, in a page by letting the page go on.
use super::Wgpu;
use crate::Result;
use ::wgpu::{PollType, SubmissionIndex};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// A value that a callback will bring.
pub(super) struct Signal<T>(Arc<Mutex<(Option<T>, Option<Waker>)>>);

impl<T> Signal<T> {
    pub(super) fn new() -> Self {
        Signal(Arc::new(Mutex::new((None, None))))
    }

    /// A second handle, for the callback.
    pub(super) fn sender(&self) -> Self {
        Signal(self.0.clone())
    }

    pub(super) fn send(&self, value: T) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.0 = Some(value);
        if let Some(waker) = slot.1.take() {
            drop(slot);
            waker.wake();
        }
    }

    fn take(&self, waker: &Waker) -> Option<T> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.1 = Some(waker.clone());
        slot.0.take()
    }
}

/// A future's value if it has one at once. Natively WebGPU's error scopes always do; in a page they
/// answer later, and the fault handler has to do.
pub(super) fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

impl Wgpu {
    /// The value of a signal that comes at the latest when the submit `at` is done.
    pub(super) async fn settle<T>(&self, signal: Signal<T>, at: SubmissionIndex) -> Result<T> {
        poll_fn(|context| {
            if let Some(value) = signal.take(context.waker()) {
                return Poll::Ready(Ok(value));
            }
            if let Err(error) = self.block_on_submit(&at).and_then(|()| self.faults.check()) {
                return Poll::Ready(Err(error));
            }
            // Another thread may have collected the callback and not yet called it: it will wake us.
            signal.take(context.waker()).map_or(Poll::Pending, |value| Poll::Ready(Ok(value)))
        })
        .await
    }

    /// Waits until a submit is done. In a page this returns at once: pages must not block.
    pub(super) fn block_on_submit(&self, at: &SubmissionIndex) -> Result<()> {
        if cfg!(target_family = "wasm") || self.wait_for(at)? {
            return Ok(());
        }
        // The submit was refused. Was it at fault (that is told elsewhere), or is the device gone,
        // which WebGPU does not always say? An empty submit finds out.
        self.faults.check()?;
        if !self.wait_for(&self.queue.submit(None))? {
            self.faults.lose("it takes no more work".into());
        }
        self.faults.check()
    }

    /// Whether a submit came to its end; `false` if it never began.
    fn wait_for(&self, at: &SubmissionIndex) -> Result<bool> {
        let wait = PollType::Wait { submission_index: Some(at.clone()), timeout: None };
        // wgpu panics here when the device is lost while it waits; to us that is an error like any
        // other. Nothing of ours is touched inside.
        match catch_unwind(AssertUnwindSafe(|| self.device.poll(wait))) {
            Ok(outcome) => Ok(outcome.is_ok()),
            Err(_) => {
                self.faults.lose("it stopped answering".into());
                self.faults.check().map(|()| false)
            }
        }
    }
}
