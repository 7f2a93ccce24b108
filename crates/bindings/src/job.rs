//! Work that takes long or waits for a device. It blocks nobody by itself: an addon drives it to its
//! end on another thread, a page awaits it.
use crate::Result;
use crate::engine::device::{Device, Machine, MaybeSend};
use std::future::Future;
use std::pin::Pin;

#[cfg(not(target_family = "wasm"))]
type Start<J> = Box<dyn FnOnce() -> Work<J> + Send>;
#[cfg(target_family = "wasm")]
type Start<J> = Box<dyn FnOnce() -> Work<J>>;

type Work<J> = Pin<Box<dyn Future<Output = Result<Finish<J>>>>>;

/// What is left to be done on JavaScript's thread: the table of tensors is that thread's.
#[cfg(not(target_family = "wasm"))]
pub type Finish<J> = Box<dyn FnOnce() -> Result<J> + Send>;
/// What is left to be done on JavaScript's thread: the table of tensors is that thread's.
#[cfg(target_family = "wasm")]
pub type Finish<J> = Box<dyn FnOnce() -> Result<J>>;

/// Work to be done, and what is made of its outcome.
#[must_use = "a job does nothing until it is run"]
pub struct Job<J>(Start<J>);

impl<J: 'static> Job<J> {
    /// `work` may run anywhere; `finish` makes of its outcome what JavaScript gets, on its thread.
    pub fn new<T: MaybeSend + 'static>(
        work: impl AsyncFnOnce() -> Result<T> + MaybeSend + 'static,
        finish: impl FnOnce(T) -> Result<J> + MaybeSend + 'static,
    ) -> Self {
        Job(Box::new(move || {
            Box::pin(async move {
                let done = work().await?;
                Ok(Box::new(move || finish(done)) as Finish<J>)
            })
        }))
    }

    /// The work alone: for a thread that is not JavaScript's, where the future must stay.
    pub async fn work(self) -> Result<Finish<J>> {
        (self.0)().await
    }

    /// All of it, on JavaScript's thread.
    pub async fn run(self) -> Result<J> {
        self.work().await?()
    }

    /// All of it, now: see [`wait`].
    pub fn wait(self, op: &'static str) -> Result<J> {
        wait(op, self.run())
    }

    /// The same with something else made of it in the end.
    pub fn map<N: 'static>(self, make: fn(J) -> N) -> Job<N> {
        Job(Box::new(move || {
            let work = (self.0)();
            Box::pin(async move {
                let finish = work.await?;
                Ok(Box::new(move || finish().map(make)) as Finish<N>)
            })
        }))
    }
}

impl<J: MaybeSend + 'static> Job<J> {
    /// Work whose outcome is what JavaScript gets.
    pub fn of(work: impl AsyncFnOnce() -> Result<J> + MaybeSend + 'static) -> Self {
        Job::new(work, Ok)
    }
}

/// Waits for what is short: an element, a norm.
pub fn wait<T>(op: &'static str, future: impl Future<Output = Result<T>>) -> Result<T> {
    settle(future).unwrap_or_else(|| Err(error!("device", op, "{NO_WAITING}")))
}

/// Why [`settle`] may have nothing.
pub(crate) const NO_WAITING: &str = "a page cannot wait for a GPU; await the form that gives a \
    promise, or work on the CPU, where there is no waiting";

/// Fails where [`wait`] would have nothing to give, for work that must not be done and then be lost.
pub(crate) fn can_wait(op: &'static str, device: &Device) -> Result<()> {
    match cfg!(target_family = "wasm") && device.machine() != Machine::Cpu {
        true => Err(error!("device", op, "{NO_WAITING}")),
        false => Ok(()),
    }
}

/// What a future gives, waiting for it.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn settle<T>(future: impl Future<Output = T>) -> Option<T> {
    Some(pollster::block_on(future))
}

/// What a future gives at once, as all do that only the processor works for; a page cannot wait.
#[cfg(target_family = "wasm")]
pub(crate) fn settle<T>(future: impl Future<Output = T>) -> Option<T> {
    use std::task::{Context, Poll, Waker};
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}
