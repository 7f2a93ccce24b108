//! The devices a test runs on: one list for the tests of every chapter.
//!
//! ```
//! for device in strata_device::testing::testing_devices() {
//!     // build tensors on `device`, run the op, compare with the oracle
//! #   assert!(!device.info().label().is_empty());
//! }
//! ```
use crate::{Choice, Device, Machine, Settings};
use std::io::Write;
use std::sync::Mutex;

/// One device of each machine that is present, freshly opened: the CPU first, then WebGPU (a
/// software adapter counts), then CUDA.
///
/// A machine that is absent is announced once per process as `SKIPPED: <machine>: <reason>`, on
/// stderr past the test harness's capture, so that a green run says what it did not cover. Every
/// call opens its own devices: tests run in parallel, and one that records must not disturb another.
///
/// # Panics
/// The environment variable `STRATA_REQUIRE` (`cuda,wgpu`) names a machine that cannot be opened:
/// in CI a skip of what must be there is a failure.
pub fn testing_devices() -> Vec<Device> {
    let required = std::env::var("STRATA_REQUIRE").unwrap_or_default();
    let required: Vec<&str> = required.split(',').map(str::trim).collect();
    let mut devices = Vec::new();
    for machine in [Machine::Cpu, Machine::Wgpu, Machine::Cuda] {
        let opening = Choice { machine, index: None }.open(Settings::default());
        match pollster::block_on(opening) {
            Ok(device) => devices.push(device),
            Err(error) if required.contains(&machine.to_string().as_str()) => {
                panic!("STRATA_REQUIRE asks for {machine}, which cannot be opened: {error}")
            }
            Err(error) => announce(machine, &error.to_string()),
        }
    }
    devices
}

fn announce(machine: Machine, reason: &str) {
    static SAID: Mutex<Vec<Machine>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !said.contains(&machine) {
        said.push(machine);
        // Errors already name their machine; say it once.
        let reason = reason.strip_prefix(&format!("{machine} is not available: ")).unwrap_or(reason);
        // Not `eprintln!`, which the test harness hides for tests that pass.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {machine}: {reason}");
    }
}
