//! `strata doctor`: what this computer has, what it lacks, and the command that fixes it.

mod devices;
mod host;

use crate::failure::Outcome;
use crate::ui::{self, say};
use clap::Args;
use devices::{DeviceReport, State};
use host::Host;
pub use host::version as tool_version;
use serde::Serialize;
use strata_ml::device::{Device, Settings};

const EXAMPLES: &str = "\
Examples:
  cargo strata doctor
  cargo strata doctor --json
  STRATA_NVRTC=/opt/nvrtc cargo strata doctor      NVRTC from an unusual place

Every device that is found is also tried: a small sum is computed on it and compared.";

/// Say what this computer has, what is missing, and the command that fixes it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Print one JSON object: host, devices, nvrtc, chosen, missing
    #[arg(long)]
    json: bool,
}

/// Something that is not there, and how to get it.
#[derive(Debug, Serialize)]
struct Missing {
    what: String,
    why: String,
    fix: String,
}

#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    host: Host,
    devices: Vec<DeviceReport>,
    /// Version and file of NVRTC, `None` without one.
    nvrtc: Option<String>,
    /// The device that a command takes by itself, and why.
    chosen: String,
    missing: Vec<Missing>,
}

pub fn run(args: &DoctorArgs) -> Outcome {
    let report = examine();
    match args.json {
        true => ui::json(&serde_json::to_value(&report)?)?,
        false => print(&report)?,
    }
    Ok(0)
}

fn examine() -> Report {
    let host = Host::look();
    let devices = devices::look();
    let nvrtc = strata_ml::device::cuda::compile_available();
    let chosen = match Device::best(Settings::default()) {
        Ok((_, why)) => why,
        Err(error) => format!("none: {error}"),
    };
    let mut missing = Vec::new();
    let mut lacks = |what: &str, why: String, fix: &str| {
        missing.push(Missing { what: what.into(), why, fix: fix.into() });
    };
    for device in &devices {
        match &device.state {
            State::Absent { reason, fix } => lacks(device.machine, reason.clone(), fix),
            State::Fails { reason } => {
                let fix = "Update its driver, or choose another device with --device";
                lacks(&device.label, reason.clone(), fix);
            }
            State::Works => {}
        }
    }
    let software = |d: &DeviceReport| d.software;
    if devices.iter().any(software) && !devices.iter().any(|d| d.machine == "wgpu" && !d.software) {
        let why = "only a software adapter was found: right for checking, slow for training";
        lacks("a GPU for wgpu", why.into(), "On a computer with a GPU, install its Vulkan driver");
    }
    let no_driver = devices.iter().any(|d| d.machine == "cuda" && !matches!(d.state, State::Works));
    if let (Err(strata_ml::device::Error::Unavailable { reason, fix, .. }), true) =
        (&nvrtc, no_driver)
    {
        if !missing.iter().any(|m| m.why == *reason) {
            let why = format!("{reason}; CUDA kernels cannot even be compiled for checking");
            missing.push(Missing { what: "nvrtc".into(), why, fix: fix.clone() });
        }
    }
    if host.rustc.is_none() {
        let fix = "Install Rust from https://rustup.rs";
        missing.push(Missing {
            what: "rustc".into(),
            why: "needed to build and test".into(),
            fix: fix.into(),
        });
    }
    if host.node.is_none() {
        let fix =
            "Install Node 22 or newer from https://nodejs.org (only the TypeScript part needs it)";
        missing.push(Missing {
            what: "node".into(),
            why: "not found on PATH".into(),
            fix: fix.into(),
        });
    }
    Report { version: env!("CARGO_PKG_VERSION"), host, devices, nvrtc: nvrtc.ok(), chosen, missing }
}

fn print(report: &Report) -> Outcome<()> {
    let (head, dim, good, bad, warn) = (ui::HEAD, ui::DIM, ui::GOOD, ui::BAD, ui::WARN);
    let host = &report.host;
    say!("{head}Strata {}{head:#} on {} ({})\n", report.version, host.os, host.arch)?;
    say!("{head}Computer{head:#}")?;
    say!("  processor   {}", host.cpu)?;
    say!("  threads     {} of {} logical cores, {}", host.threads, host.cores, host.simd)?;
    if let Some(total) = host.memory {
        let free =
            host.available.map_or(String::new(), |n| format!(", {} available", ui::bytes(n)));
        say!("  memory      {}{free}", ui::bytes(total))?;
    }
    let tool = |found: &Option<String>| found.clone().unwrap_or_else(|| "not found".into());
    say!("  rustc       {}", tool(&host.rustc))?;
    say!("  node        {}", tool(&host.node))?;
    say!("  nvrtc       {}\n", tool(&report.nvrtc))?;
    say!("{head}Devices{head:#}")?;
    for device in &report.devices {
        match &device.state {
            State::Works if device.software => {
                say!(
                    "  {warn}~{warn:#} {}  {dim}a software adapter: for checking, not for speed{dim:#}",
                    device.label
                )?;
            }
            State::Works => say!("  {good}✓{good:#} {}", device.label)?,
            State::Fails { reason } => say!("  {bad}✗{bad:#} {}  {reason}", device.label)?,
            State::Absent { reason, .. } => say!("  {bad}✗{bad:#} {}  {reason}", device.machine)?,
        }
        for line in &device.details {
            say!("      {dim}{line}{dim:#}")?;
        }
    }
    say!("\n{head}A command without --device takes{head:#}\n  {}", report.chosen)?;
    if !report.missing.is_empty() {
        say!("\n{head}Missing{head:#}")?;
        for Missing { what, why, fix } in &report.missing {
            say!("  {warn}{what}{warn:#}: {why}\n      {fix}")?;
        }
    }
    Ok(())
}
