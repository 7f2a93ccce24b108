use crate::{Backend, Cost, Launch, Layer, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What one kernel did under a profile.
#[derive(Clone, Debug)]
pub struct ProfileRow {
    /// `<op>/<n>_<rung>:entry`.
    pub kernel: String,
    /// How often it was launched.
    pub launches: u64,
    /// Time on the device, all launches together.
    pub time: Duration,
    /// FLOPs and minimal bytes, all launches together.
    pub cost: Cost,
}

impl ProfileRow {
    /// FLOPs in a second.
    pub fn flops_per_second(&self) -> f64 {
        self.cost.flops / self.time.as_secs_f64().max(1e-12)
    }

    /// Minimal bytes in a second.
    pub fn bytes_per_second(&self) -> f64 {
        self.cost.bytes / self.time.as_secs_f64().max(1e-12)
    }

    /// Share of the measured ceilings: the larger of the two shares binds.
    pub fn share(&self, peak_flops: f64, peak_bytes: f64) -> f64 {
        (self.flops_per_second() / peak_flops).max(self.bytes_per_second() / peak_bytes)
    }
}

/// The rows of a profile, readable while the device works.
#[derive(Clone, Debug, Default)]
pub struct ProfileLog(Arc<Mutex<HashMap<String, ProfileRow>>>);

impl ProfileLog {
    /// The rows, longest time first.
    pub fn rows(&self) -> Vec<ProfileRow> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows: Vec<_> = map.values().cloned().collect();
        rows.sort_by(|a, b| b.time.cmp(&a.time).then(a.kernel.cmp(&b.kernel)));
        rows
    }

    /// Forgets what was measured.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn add(&self, launch: &Launch, time: Duration) {
        let kernel = format!("{}:{}", launch.kernel.path, launch.kernel.entry);
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = map.entry(kernel.clone()).or_insert(ProfileRow {
            kernel,
            launches: 0,
            time: Duration::ZERO,
            cost: Cost::default(),
        });
        row.launches += 1;
        row.time += time;
        row.cost.flops += launch.cost.flops;
        row.cost.bytes += launch.cost.bytes;
    }
}

/// A backend that times every launch of another. Launches no longer overlap, so the sum is more
/// than the step takes without it.
#[derive(Debug)]
pub(crate) struct Profile {
    inner: Box<dyn Backend>,
    log: ProfileLog,
}

impl crate::Device {
    /// A device that times every launch of `backend`, and its log.
    pub fn profiled(backend: Box<dyn Backend>, settings: crate::Settings) -> (Self, ProfileLog) {
        let log = ProfileLog::default();
        let profile = Profile { inner: backend, log: log.clone() };
        (crate::Device::new(Box::new(profile), settings), log)
    }
}

impl Layer for Profile {
    fn inner(&self) -> &dyn Backend {
        &*self.inner
    }

    fn unrecorded(&self) -> Option<&'static str> {
        Some("under a profile: launches are timed one by one")
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        self.inner.prepare(launch)?;
        let time = self.inner.time(launch)?;
        self.log.add(launch, time);
        Ok(())
    }
}
