//! How much memory this computer has.

use super::sysctl;
use std::fs;

/// Bytes of memory that this process may use: the computer's, or its container's bound. `None` where
/// the system does not say.
pub fn memory() -> Option<u64> {
    let total = field("MemTotal").or_else(|| sysctl("hw.memsize")?.parse().ok())?;
    Some(total.min(container().unwrap_or(total)))
}

/// Bytes of it that can still be had; `None` where the system does not say.
pub fn available_memory() -> Option<u64> {
    crate::room::left()
}

/// A line of Linux's account of its memory.
fn field(name: &str) -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kib.checked_mul(1 << 10)
}

/// In a container, the bound that counts.
fn container() -> Option<u64> {
    fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()
}
