//! Devices: opened, listed, measured.
use crate::failure::{Outcome, json};
use crate::guard::guard;
use crate::job::{Job, errand, job};
use crate::ladders::{ceiling, known};
use crate::table::note_device;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use strata_ml::device::{Device, Info, Overlay, Settings};

/// A device.
#[napi]
pub struct NativeDevice {
    pub(crate) device: Device,
}

impl NativeDevice {
    fn new(device: Device) -> Self {
        note_device(&device);
        NativeDevice { device }
    }
}

thread_local! {
    static REASON: RefCell<String> = const { RefCell::new(String::new()) };
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    rungs: BTreeMap<String, String>,
    kernels: Option<PathBuf>,
}

fn settings(options: &str) -> Outcome<Settings> {
    let options: Options = serde_json::from_str(options).map_err(json("open"))?;
    let overlay = options.kernels.as_deref().map(Overlay::open).transpose()?;
    Ok(Settings { overlay: overlay.map(Arc::new), rungs: options.rungs, ..Settings::default() })
}

fn describe(info: &Info) -> Value {
    let caps = &info.caps;
    json!({
        "machine": info.machine.name(),
        "index": info.index,
        "name": info.name,
        "driver": info.driver,
        "label": info.label(),
        "caps": {
            "maxWorkgroup": caps.max_workgroup,
            "sharedBytes": caps.shared_bytes,
            "maxGrid": caps.max_grid,
            // The CPU has no limit; JSON has no infinity.
            "maxBinding": (caps.max_binding as u64).min(1 << 52),
            "maxBuffer": (caps.max_buffer as u64).min(1 << 52),
            "subgroup": [caps.subgroup.0, caps.subgroup.1],
            "f16": caps.f16,
            "cooperativeMatrix": caps.cooperative_matrix,
            "timestamps": caps.timestamps,
            "compute": caps.compute,
            "units": caps.units,
            "l2Bytes": caps.l2_bytes,
            "software": caps.software,
        },
    })
}

/// The processor.
#[napi]
pub fn cpu_device() -> napi::Result<NativeDevice> {
    guard(|| {
        crate::threads::take_part();
        Ok(NativeDevice::new(Device::open("cpu", Settings::default())?))
    })
}

/// The device of that name.
#[napi(ts_return_type = "Promise<NativeDevice>")]
pub fn open_device(
    name: String,
    options: String,
) -> napi::Result<AsyncTask<Job<Device, NativeDevice>>> {
    guard(|| {
        let work = move || Ok(Device::open(&name, settings(&options)?)?);
        Ok(job(work, |device| Ok(NativeDevice::new(device))))
    })
}

/// The best device; [`best_reason`] says why, once it is there.
#[napi(ts_return_type = "Promise<NativeDevice>")]
pub fn best_device(
    options: String,
) -> napi::Result<AsyncTask<Job<(Device, String), NativeDevice>>> {
    guard(|| {
        let work = move || Ok(Device::best(settings(&options)?)?);
        Ok(job(work, |(device, reason)| {
            REASON.set(reason);
            Ok(NativeDevice::new(device))
        }))
    })
}

/// Why the last [`best_device`] took what it took.
#[napi]
pub fn best_reason() -> napi::Result<String> {
    guard(|| Ok(REASON.with_borrow(Clone::clone)))
}

/// Every device of this computer, and for machines that have none, why.
#[napi(ts_return_type = "Promise<string>")]
pub fn list_devices() -> napi::Result<AsyncTask<Job<String, String>>> {
    guard(|| {
        let row = |found: strata_ml::device::Found| match found.info {
            Ok(info) => {
                json!({"machine": found.machine.name(), "info": describe(&info), "reason": null})
            }
            Err(error) => {
                json!({"machine": found.machine.name(), "info": null, "reason": error.to_string()})
            }
        };
        let work = move || {
            let found = pollster::block_on(strata_ml::device::devices());
            Ok(Value::Array(found.into_iter().map(row).collect()).to_string())
        };
        Ok(job(work, Ok))
    })
}

#[napi]
impl NativeDevice {
    /// Who it is and what it can do.
    #[napi]
    pub fn info(&self) -> napi::Result<String> {
        guard(|| Ok(describe(self.device.info()).to_string()))
    }

    /// The same device with a rung forced for an op.
    #[napi]
    pub fn with_rung(&self, op: String, rung: String) -> napi::Result<NativeDevice> {
        guard(|| {
            known(&op, &rung, self.device.machine())?;
            Ok(NativeDevice { device: self.device.with_rung(&op, &rung) })
        })
    }

    /// Whether two handles are one device.
    #[napi]
    pub fn same(&self, other: &NativeDevice) -> napi::Result<bool> {
        guard(|| Ok(self.device.same(&other.device)))
    }

    /// Counters since it was opened.
    #[napi]
    pub fn stats(&self) -> napi::Result<String> {
        guard(|| {
            let s = self.device.stats();
            let all = json!({
                "allocations": s.allocations,
                "bytes": s.bytes,
                "inUse": s.in_use,
                "launches": s.launches,
                "writes": s.writes,
                "reads": s.reads,
            });
            Ok(all.to_string())
        })
    }

    /// Resolves when everything launched so far has run.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn synchronize(&self) -> napi::Result<AsyncTask<Job<(), ()>>> {
        guard(|| {
            let device = self.device.clone();
            Ok(errand(move || Ok(device.synchronize()?)))
        })
    }

    /// Frees cached memory that nobody uses.
    #[napi]
    pub fn trim(&self) -> napi::Result<()> {
        guard(|| {
            self.device.trim();
            Ok(())
        })
    }

    /// What it can do at most, measured.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn ceiling(&self) -> napi::Result<AsyncTask<Job<String, String>>> {
        guard(|| {
            let device = self.device.clone();
            Ok(job(move || ceiling(&device), Ok))
        })
    }
}
