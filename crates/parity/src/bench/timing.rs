use super::meter::{Call, Meter, Switch};
use crate::Outcome;
use std::sync::Arc;
use std::time::{Duration, Instant};
use strata_ml::device::{self, Backend, Cost, Device, Kernel, Machine, Settings};
use strata_ml::tensor::ops::{Reduce, reduce};
use strata_ml::tensor::{self, Tensor};

/// A device under the meter, and a block of memory larger than its caches.
pub struct Bench {
    device: Device,
    switch: Switch,
    /// Reading it pushes everything else out of the last cache.
    flush: Tensor,
    quick: bool,
}

/// A call, timed often enough.
#[derive(Clone, Copy, Debug)]
pub struct Timed {
    /// Median time of a call.
    pub seconds: f64,
    /// The fastest call: what the device can do when nothing comes between.
    pub best: f64,
    /// Calls that were timed.
    pub runs: usize,
    /// What a call must do at least.
    pub cost: Cost,
    /// Bytes its launches bind for reading only, and for writing.
    pub read: f64,
    /// See `read`.
    pub written: f64,
    /// Launches of a call.
    pub launches: usize,
}

/// How long and how often: at least `fewest` calls, then until either limit.
struct Patience {
    fewest: usize,
    most: usize,
    enough: Duration,
    /// After this much time even fewer calls will do.
    limit: Duration,
}

impl Bench {
    /// A bench on a machine.
    ///
    /// # Errors
    /// The device has no room.
    pub fn new(machine: Arc<dyn Backend>, quick: bool) -> Outcome<Self> {
        let caps = &machine.info().caps;
        // Twice the last cache; where its size is unknown, more than any has.
        let bytes = match (caps.l2_bytes, machine.info().machine) {
            _ if caps.software => 32 << 20,
            (0, Machine::Cpu) => 128 << 20,
            (0, _) => 256 << 20,
            (known, _) => (2 * known).max(64 << 20),
        };
        let bytes = bytes.min(caps.max_binding);
        let switch = Switch::default();
        let meter = Meter { machine, switch: switch.clone() };
        let device = Device::new(Box::new(meter), Settings::default());
        let flush = Tensor::full(&device, &[1024, bytes / 4096], 1.0)?;
        Ok(Bench { device, switch, flush, quick })
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Times what `call` launches of these kernels (of all, if none is named); `None` where the
    /// forced rung does not take its arguments.
    ///
    /// # Errors
    /// The call fails.
    pub fn time(
        &self,
        kernels: &[&'static Kernel],
        call: &dyn Fn() -> Outcome,
    ) -> Outcome<Option<Timed>> {
        let milliseconds = Duration::from_millis;
        let patience = match self.quick {
            true => {
                Patience { fewest: 3, most: 10, enough: milliseconds(60), limit: milliseconds(600) }
            }
            false => Patience {
                fewest: 7,
                most: 100,
                enough: milliseconds(400),
                limit: milliseconds(4000),
            },
        };
        let start = Instant::now();
        let refused = |f: &crate::Error| {
            matches!(
                f,
                crate::Error::Tensor(tensor::Error::Device(device::Error::UnknownRung { .. }))
            )
        };
        // The first call compiles; it and the next warm up.
        match call() {
            Err(failure) if refused(&failure) => return Ok(None),
            other => other?,
        }
        if start.elapsed() < patience.limit {
            call()?;
        }
        self.device.synchronize()?;
        let start = Instant::now();
        let mut calls: Vec<Call> = Vec::new();
        loop {
            calls.push(self.once(kernels, call)?);
            let (n, elapsed) = (calls.len(), start.elapsed());
            let enough = n >= patience.fewest && (n >= patience.most || elapsed >= patience.enough);
            if enough || elapsed >= patience.limit {
                break;
            }
        }
        calls.sort_by_key(|c| c.time);
        #[expect(clippy::indexing_slicing, reason = "the loop has timed one call at least")]
        let (best, median) = (calls[0], calls[calls.len() / 2]);
        Ok(Some(Timed {
            seconds: median.time.as_secs_f64().max(1e-9),
            best: best.time.as_secs_f64().max(1e-9),
            runs: calls.len(),
            cost: median.cost,
            read: median.read,
            written: median.written,
            launches: median.launches,
        }))
    }

    fn once(&self, kernels: &[&'static Kernel], call: &dyn Fn() -> Outcome) -> Outcome<Call> {
        reduce(Reduce::Max, &self.flush, &[1], false, 1.0)?;
        self.device.synchronize()?;
        self.switch.arm(kernels);
        let outcome = call();
        let measured = self.switch.disarm();
        outcome?;
        Ok(measured)
    }
}
