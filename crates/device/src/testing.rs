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
    let open = |machine| {
        let opening = Choice { machine, index: None }.open(Settings::default());
        match pollster::block_on(opening) {
            Ok(device) => Some(device),
            Err(error) => {
                // The error names its machine; say it once.
                let (name, reason) = (machine.name(), error.to_string());
                let named = format!("{name} is not available: ");
                skip(name, reason.strip_prefix(&named).unwrap_or(&reason));
                None
            }
        }
    };
    [Machine::Cpu, Machine::Wgpu, Machine::Cuda].into_iter().filter_map(open).collect()
}

/// Announces once per process that `what` is not tested, as `SKIPPED: <what>: <reason>`.
///
/// # Panics
/// `STRATA_REQUIRE` names it.
pub fn skip(what: &str, reason: &str) {
    let required = std::env::var("STRATA_REQUIRE").unwrap_or_default();
    if required.split(',').any(|name| name.trim() == what) {
        panic!("STRATA_REQUIRE asks for {what}, which cannot be had: {reason}");
    }
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !said.iter().any(|s| s == what) {
        said.push(what.into());
        // Not `eprintln!`, which the test harness hides for tests that pass.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {what}: {reason}");
    }
}
