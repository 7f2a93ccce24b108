//! Devices and rungs under test.
use std::sync::OnceLock;
use strata_device::{Device, testing::testing_devices};

/// The devices of this computer, opened once: what was compiled for one test serves the next.
pub fn devices() -> &'static [Device] {
    static DEVICES: OnceLock<Vec<Device>> = OnceLock::new();
    DEVICES.get_or_init(testing_devices)
}

/// A handle for every rung of `op` that stands on this device, with its name.
pub fn rungs(device: &Device, op: &str) -> Vec<(&'static str, Device)> {
    let ladders = strata_matmul::ladders();
    let ladder = ladders.iter().find(|l| l.op == op).expect("a ladder of that name");
    ladder
        .rungs
        .iter()
        .filter(|r| r.machines.contains(&device.machine()))
        .map(|r| (r.name, device.with_rung(op, r.name)))
        .collect()
}
