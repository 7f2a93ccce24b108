//! `strata doctor`: what this computer has, what it lacks, and the command that fixes it.

mod devices;
mod host;
mod missing;

use crate::failure::Outcome;
use crate::ui::{self, say};
use clap::Args;
use devices::{DeviceReport, State};
use host::Host;
pub use host::{NODE, NPM, node_is_new, version as tool_version};
use missing::Missing;
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

#[derive(Debug, Serialize)]
struct Checkup {
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

fn examine() -> Checkup {
    let host = Host::look();
    let devices = devices::look();
    let nvrtc = strata_ml::device::cuda::compile_available();
    let chosen = match Device::best(Settings::default()) {
        Ok((_, why)) => why,
        Err(error) => format!("none: {error}"),
    };
    let missing = missing::list(&host, &devices, nvrtc.as_ref().err());
    Checkup {
        version: env!("CARGO_PKG_VERSION"),
        host,
        devices,
        nvrtc: nvrtc.ok(),
        chosen,
        missing,
    }
}

fn print(report: &Checkup) -> Outcome<()> {
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
    let npm = host.npm.as_ref().map_or(String::new(), |version| format!(", npm {version}"));
    say!("  node        {}{npm}", tool(&host.node))?;
    for (name, found) in [("bun", &host.bun), ("deno", &host.deno)] {
        if let Some(version) = found {
            say!("  {name:<11} {version}")?;
        }
    }
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
