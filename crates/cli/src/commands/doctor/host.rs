//! The computer around the devices.

use serde::Serialize;
use std::fs;
use std::process::Command;
use std::thread;
use strata_ml::device::cpu;

/// What kind of computer this is.
#[derive(Debug, Serialize)]
pub struct Host {
    pub os: String,
    pub arch: &'static str,
    pub cpu: String,
    /// Logical cores that this process may use.
    pub cores: usize,
    /// Threads that the CPU device uses.
    pub threads: usize,
    pub simd: &'static str,
    /// Bytes of memory this process may use.
    pub memory: Option<u64>,
    pub available: Option<u64>,
    pub rustc: Option<String>,
    pub node: Option<String>,
    pub npm: Option<String>,
    /// Other runtimes that the TypeScript package runs on.
    pub bun: Option<String>,
    pub deno: Option<String>,
}

impl Host {
    /// Looks.
    pub fn look() -> Self {
        let device = cpu::Cpu::new();
        Host {
            os: os(),
            arch: std::env::consts::ARCH,
            cpu: cpu::processor(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            threads: strata_ml::device::Backend::info(&device).caps.units as usize,
            simd: cpu::simd(),
            memory: cpu::memory(),
            available: cpu::available_memory(),
            rustc: version("rustc"),
            node: version("node"),
            npm: version(NPM),
            bun: version("bun"),
            deno: version("deno"),
        }
    }
}

/// How npm is started.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Node's oldest major version that the TypeScript package runs on.
pub const NODE: u32 = 20;

/// What a program says of its version, the first line; `None` where it is not installed.
pub fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_string();
    Some(text).filter(|_| output.status.success())
}

/// Whether Node's version, `v20.11.0`, is one that the TypeScript package runs on.
pub fn node_is_new(version: &str) -> bool {
    let major = version.trim_start_matches('v').split('.').next().unwrap_or_default();
    major.parse::<u32>().is_ok_and(|major| major >= NODE)
}

fn os() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    pretty.map_or(std::env::consts::OS.to_string(), |name| name.trim_matches('"').to_string())
}
