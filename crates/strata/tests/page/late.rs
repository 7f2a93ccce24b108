//! A processor whose answers come later, as a GPU's do in a page.
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use strata_ml::device::cpu::Cpu;
use strata_ml::device::{Backend, BoxFuture, Launch, Layer, Memory, Result};
use strata_ml::prelude::*;

/// Each read is answered when it is asked for a second time.
#[derive(Debug, Default)]
pub struct Late {
    cpu: Cpu,
    waits: Arc<AtomicU64>,
}

/// The device, and how often somebody has had to come back.
pub fn late() -> (Device, Arc<AtomicU64>) {
    let late = Late::default();
    let waits = late.waits.clone();
    (Device::new(Box::new(late), Settings::default()), waits)
}

/// Who polls: the page, which needs no waking here.
struct Host;

static HOST: LazyLock<Arc<Host>> = LazyLock::new(|| Arc::new(Host));

impl Wake for Host {
    fn wake(self: Arc<Self>) {}
}

/// Runs a future as a page does: it is polled again once the host has had its turn.
pub fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(HOST.clone());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
    }
}

impl Late {
    fn later<'a, T: 'a>(&'a self, answer: BoxFuture<'a, T>) -> BoxFuture<'a, T> {
        let mut asked = false;
        Box::pin(async move {
            poll_fn(|context| {
                // An executor inside of ours would stop the page: here, too, it shows.
                let ours = context.waker().data() == Arc::as_ptr(&HOST).cast();
                assert!(ours, "somebody waits for the device");
                match std::mem::replace(&mut asked, true) {
                    true => Poll::Ready(()),
                    false => {
                        self.waits.fetch_add(1, Ordering::Relaxed);
                        Poll::Pending
                    }
                }
            })
            .await;
            answer.await
        })
    }
}

impl Layer for Late {
    fn inner(&self) -> &dyn Backend {
        &self.cpu
    }

    fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        self.later(self.cpu.read(memory, offset, bytes))
    }

    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        self.later(self.cpu.synchronize())
    }

    fn time(&self, _: &Launch) -> Result<Duration> {
        panic!("timing waits for the device")
    }
}
