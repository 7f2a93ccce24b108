//! Looking at launches as they are made: which kernels an op ran, with what, and how long they take.
//!
//! Off unless asked for, and for one thread only. While [`on`] runs, every launch that this thread
//! makes is noted down, until somebody takes the notes with [`drain`]: chapter 2's tape does, for
//! each of its nodes. A replayed recording makes no launches of its own and leaves no notes.
//!
//! ```
//! use strata_device::trace;
//! let notes = trace::on(|| {
//!     // run ops here
//!     trace::drain()
//! });
//! assert!(notes.is_empty() && !trace::is_on());
//! ```
use crate::{Access, Binding, Buffer, Device, Launch, Result};
use std::cell::{Cell, RefCell};
use std::time::Duration;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static LOG: RefCell<Vec<Traced>> = const { RefCell::new(Vec::new()) };
}

/// Ends a trace, also when what was traced panics.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        if DEPTH.get() == 0 {
            // What nobody took would keep its buffers for ever, and be taken for a later op's.
            drop(LOG.take());
        }
    }
}

/// Runs `f` and notes down the launches that this thread makes meanwhile. Calls may be nested; what
/// nobody has [drained](drain) is forgotten when the outermost one ends.
pub fn on<T>(f: impl FnOnce() -> T) -> T {
    DEPTH.set(DEPTH.get() + 1);
    let _guard = Guard;
    f()
}

/// Whether launches of this thread are noted down.
pub fn is_on() -> bool {
    DEPTH.get() > 0
}

/// Takes the notes made on this thread since they were last taken, oldest first; none when off.
pub fn drain() -> Vec<Traced> {
    if is_on() { LOG.take() } else { Vec::new() }
}

/// Called by [`Device::launch`].
pub(crate) fn note(device: &Device, launch: &Launch) {
    if is_on() {
        let noted = Traced { device: device.clone(), launch: launch.clone() };
        LOG.with_borrow_mut(|log| {
            // Most ops launch once, and what they launched stays with their result.
            if log.is_empty() {
                log.reserve_exact(1);
            }
            log.push(noted);
        });
    }
}

/// How often a launch is timed, and the time after which once more is not worth the wait.
const RUNS: usize = 5;
const LONG: Duration = Duration::from_millis(50);

/// A launch that was made, and where. It keeps the memory of its bindings alive.
#[derive(Clone, Debug)]
pub struct Traced {
    device: Device,
    launch: Launch,
}

impl Traced {
    /// Where it ran.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Kernel, params, geometry and cost. The bindings show the memory that was used; by now it may
    /// hold something else.
    pub fn launch(&self) -> &Launch {
        &self.launch
    }

    /// How long this launch takes when it runs alone: the median of several runs after a warm-up.
    /// No tensor changes: what the kernel writes goes to buffers of its own, zeroed before the first
    /// run. Blocks.
    ///
    /// # Errors
    /// The device has no room or fails; a step is being recorded.
    pub fn time(&self) -> Result<Duration> {
        let mut launch = self.launch.clone();
        // Held until the last run: a buffer that is dropped may be given to somebody else.
        let mut fresh = Vec::new();
        for (binding, access) in launch.bindings.iter_mut().zip(launch.kernel.accesses()) {
            // Memory that is only read is bound as it was. If its tensor is gone and the memory has
            // been recycled, it holds other numbers. That is safe: kernels check every index that
            // they read from a buffer, and the sizes are in the params.
            if access == Access::Write {
                let buffer = self.apart(binding.bytes, &mut fresh)?;
                buffer.write(0, &vec![0; binding.bytes])?;
                *binding = buffer.whole().binding();
            }
        }
        self.device.time(&launch)?;
        let mut times = Vec::with_capacity(RUNS);
        while times.len() < RUNS && times.last().is_none_or(|&t| t < LONG) {
            times.push(self.device.time(&launch)?);
        }
        times.sort();
        Ok(times[times.len() / 2])
    }

    /// A buffer of memory that the launch does not show, joining `held`. The device's cache may offer
    /// what the launch reads, if the tensor that it belonged to is gone.
    fn apart(&self, bytes: usize, held: &mut Vec<Buffer>) -> Result<Buffer> {
        loop {
            let buffer = self.device.alloc(bytes)?;
            held.push(buffer.clone());
            let shown = |b: &Binding| b.memory.id() == buffer.memory().id();
            if !self.launch.bindings.iter().any(shown) {
                return Ok(buffer);
            }
        }
    }
}
