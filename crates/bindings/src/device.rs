//! Devices: opened, listed, measured.
use crate::engine::device::{self, Found, Info, Overlay, Precision, Settings};
use crate::error::parse;
use crate::ladders::{ceiling, check_rung};
use crate::table::note_device;
use crate::{Job, Result, wait};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

exports! { ($) device_functions
    now {
        best_reason: () -> String;
        asked_precision: () -> String;
        ladders: () -> String;
    }
    later {
        open_device: (name: String, options: String) -> Device;
        best_device: (options: String) -> Device;
        list_devices: () -> String;
    }
}

exports! { ($) device_class
    class Device as NativeDevice
    now {
        info: () -> String;
        with_rung: (op: String, rung: String) -> Device;
        precision: () -> String;
        with_precision: (precision: String) -> Device;
        same: (other: &Device) -> bool;
        stats: () -> String;
        trim: () -> Unit;
    }
    later {
        synchronize: () -> Unit;
        ceiling: () -> String;
    }
}

/// A device.
pub struct Device(pub(crate) device::Device);

impl From<device::Device> for Device {
    fn from(device: device::Device) -> Self {
        note_device(&device);
        Device(device)
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

fn settings(options: &str) -> Result<Settings> {
    let options: Options = parse("open", options)?;
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
        "precisions": info.precisions().iter().map(|precision| precision.name()).collect::<Vec<_>>(),
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

pub use crate::engine::device::cpu::bounded_threads;

/// The processor.
pub fn cpu_device() -> Result<Device> {
    let open = async { Ok(device::Device::open_async("cpu", Settings::default()).await?) };
    wait("cpuDevice", open).map(Device::from)
}

/// The device of that name.
pub fn open_device(name: String, options: String) -> Result<Job<Device>> {
    let work = async move || Ok(device::Device::open_async(&name, settings(&options)?).await?);
    Ok(Job::new(work, |device| Ok(device.into())))
}

/// The best device; [`best_reason`] says why, once it is there.
pub fn best_device(options: String) -> Result<Job<Device>> {
    let work = async move || Ok(device::Device::best_async(settings(&options)?).await?);
    Ok(Job::new(work, |(device, reason)| {
        REASON.set(reason);
        Ok(device.into())
    }))
}

/// Why the last [`best_device`] took what it took.
pub fn best_reason() -> Result<String> {
    Ok(REASON.with_borrow(Clone::clone))
}

/// What `STRATA_PRECISION` asks for, or nothing.
pub fn asked_precision() -> Result<String> {
    Ok(Precision::of_environment()?.map_or(String::new(), |precision| precision.to_string()))
}

/// Every device of this computer, and for machines that have none, why.
pub fn list_devices() -> Result<Job<String>> {
    let row = |found: Found| {
        let machine = found.machine.name();
        match found.info {
            Ok(info) => json!({"machine": machine, "info": describe(&info), "reason": null}),
            Err(error) => {
                json!({"machine": machine, "info": null, "reason": error.to_string()})
            }
        }
    };
    Ok(Job::of(async move || {
        let found = device::devices().await;
        Ok(Value::Array(found.into_iter().map(row).collect()).to_string())
    }))
}

impl Device {
    /// Who it is and what it can do.
    pub fn info(&self) -> Result<String> {
        Ok(describe(self.0.info()).to_string())
    }

    /// The same device with a rung forced for an op.
    pub fn with_rung(&self, op: String, rung: String) -> Result<Device> {
        check_rung(&op, &rung, self.0.machine())?;
        Ok(Device(self.0.with_rung(&op, &rung)))
    }

    /// How exactly products are made on this handle.
    pub fn precision(&self) -> Result<String> {
        Ok(self.0.precision().to_string())
    }

    /// The same device with products in another precision, if it has that.
    pub fn with_precision(&self, precision: String) -> Result<Device> {
        let precision: Precision = precision.parse()?;
        self.0.info().must_have(precision)?;
        Ok(Device(self.0.with_precision(precision)))
    }

    /// Whether two handles are one device.
    pub fn same(&self, other: &Device) -> Result<bool> {
        Ok(self.0.same(&other.0))
    }

    /// Counters since it was opened.
    pub fn stats(&self) -> Result<String> {
        let s = self.0.stats();
        let all = json!({
            "allocations": s.allocations,
            "bytes": s.bytes,
            "inUse": s.in_use,
            "launches": s.launches,
            "writes": s.writes,
            "reads": s.reads,
        });
        Ok(all.to_string())
    }

    /// Resolves when everything launched so far has run.
    pub fn synchronize(&self) -> Result<Job<()>> {
        let device = self.0.clone();
        Ok(Job::of(async move || Ok(device.synchronize_async().await?)))
    }

    /// Frees cached memory that nobody uses.
    pub fn trim(&self) -> Result<()> {
        self.0.trim();
        Ok(())
    }

    /// What it can do at most, measured.
    pub fn ceiling(&self) -> Result<Job<String>> {
        let device = self.0.clone();
        Ok(Job::of(async move || ceiling(&device).await))
    }
}
