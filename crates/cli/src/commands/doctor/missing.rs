//! What is not there, and how to get it.

use super::devices::{DeviceReport, State};
use super::host::{Host, NODE, node_is_new};
use serde::Serialize;
use strata_ml::device::Error;

/// Something that is not there, and how to get it.
#[derive(Debug, Serialize)]
pub struct Missing {
    pub what: String,
    pub why: String,
    pub fix: String,
}

/// Everything that is missing; `nvrtc` says why CUDA's compiler is not there, if it is not.
pub fn list(host: &Host, devices: &[DeviceReport], nvrtc: Option<&Error>) -> Vec<Missing> {
    let mut list: Vec<Missing> = Vec::new();
    let mut lacks = |what: &str, why: &str, fix: &str| {
        // A card without NVRTC would be told of it twice.
        if !list.iter().any(|m| m.why == why) {
            list.push(Missing { what: what.into(), why: why.into(), fix: fix.into() });
        }
    };
    for device in devices {
        match &device.state {
            State::Absent { reason, fix } => lacks(device.machine, reason, fix),
            State::Fails { reason } => {
                let fix = "Update its driver, or choose another device with --device";
                lacks(&device.label, reason, fix);
            }
            State::Works => {}
        }
    }
    let adapters = || devices.iter().filter(|d| d.machine == "wgpu" && d.state.works());
    if adapters().count() > 0 && adapters().all(|d| d.software) {
        let why = "only a software adapter was found: right for checking, slow for training";
        lacks("a GPU for wgpu", why, "On a computer with a GPU, install its Vulkan driver");
    }
    if let Some(Error::Unavailable { reason, fix, .. }) = nvrtc {
        lacks("nvrtc", reason, fix);
    }
    if host.rustc.is_none() {
        lacks("rustc", "needed to build and test", "Install Rust from https://rustup.rs");
    }
    let fix = "Install Node from https://nodejs.org; only the TypeScript part needs it";
    match (&host.node, &host.npm) {
        (None, _) => lacks("node", "not found on PATH", fix),
        (Some(node), _) if !node_is_new(node) => {
            lacks("node", &format!("version {NODE} or later is needed, this is {node}"), fix);
        }
        (Some(_), None) => lacks("npm", "not found on PATH; it comes with Node", fix),
        (Some(_), Some(_)) => {}
    }
    list
}
