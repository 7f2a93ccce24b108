//! A machine that times the launches of one rung and lets all others pass.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use strata_ml::device::{Access, Backend, Cost, Kernel, Launch, Layer, Result};

/// What one call of an op cost: the sum over its rung's launches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Call {
    /// On the device's own clock.
    pub time: Duration,
    /// As the launches state it.
    pub cost: Cost,
    /// Bytes bound for reading only, and for writing: which kind of stream it is.
    pub read: f64,
    pub written: f64,
    pub launches: usize,
}

#[derive(Debug, Default)]
struct State {
    on: bool,
    armed: Vec<&'static Kernel>,
    call: Call,
}

/// Switches the meter on and off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch(Arc<Mutex<State>>);

impl Switch {
    /// From now on, launches of these kernels are timed; of all kernels if none is named.
    pub fn arm(&self, kernels: &[&'static Kernel]) {
        *self.state() = State { on: true, armed: kernels.to_vec(), call: Call::default() };
    }

    /// What was measured since.
    pub fn disarm(&self) -> Call {
        std::mem::take(&mut *self.state()).call
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Meter {
    pub machine: Arc<dyn Backend>,
    pub switch: Switch,
}

impl Layer for Meter {
    fn inner(&self) -> &dyn Backend {
        &*self.machine
    }

    fn unrecorded(&self) -> Option<&'static str> {
        Some("under a meter: launches are timed one by one")
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        let state = self.switch.state();
        let named = || state.armed.iter().any(|k| std::ptr::eq(*k, launch.kernel));
        let timed = state.on && (state.armed.is_empty() || named());
        drop(state);
        if !timed {
            return self.machine.launch(launch);
        }
        self.machine.prepare(launch)?;
        let time = self.machine.time(launch)?;
        let call = &mut self.switch.state().call;
        call.time += time;
        call.cost.flops += launch.cost.flops;
        call.cost.bytes += launch.cost.bytes;
        call.launches += 1;
        for (binding, access) in launch.bindings.iter().zip(launch.kernel.accesses()) {
            match access {
                Access::Read => call.read += binding.bytes as f64,
                Access::Write => call.written += binding.bytes as f64,
            }
        }
        Ok(())
    }
}
