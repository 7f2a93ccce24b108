//! How much memory this computer can still give.
//!
//! Linux and macOS say yes to an allocation and look for the memory when it is written to; where there
//! is none, the process is ended, without a word. So before a large block is taken, the system is
//! asked what it has left, and an allocation beyond that is an error like any other. Windows refuses
//! by itself.
use crate::{Error, Result};

/// Below this an allocation is not worth the question.
const LARGE: usize = 64 << 20;

/// Left to everybody else: a system without any memory stands still.
const SPARE: u64 = 128 << 20;

/// Whether `bytes` more bytes can be had for `what` (an op, a buffer, a read).
///
/// # Errors
/// [`Error::NoRoom`]: more than the computer has left.
pub fn room(what: &str, bytes: usize) -> Result<()> {
    if bytes < LARGE {
        return Ok(());
    }
    match left() {
        Some(left) if bytes as u64 > left.saturating_sub(SPARE) => {
            Err(Error::NoRoom { what: what.into(), bytes, left: Some(left) })
        }
        _ => Ok(()),
    }
}

/// An empty vector with room for `n` elements.
///
/// # Errors
/// [`Error::NoRoom`]: the memory is not there, or no vector is that long.
pub fn vector<T>(what: &str, n: usize) -> Result<Vec<T>> {
    let bytes = n.saturating_mul(size_of::<T>());
    room(what, bytes)?;
    let mut vector = Vec::new();
    let refused = |_| Error::NoRoom { what: what.into(), bytes, left: left() };
    vector.try_reserve_exact(n).map_err(refused)?;
    Ok(vector)
}

/// A copy of some elements.
///
/// # Errors
/// As [`vector`].
pub fn copied<T: Copy>(what: &str, data: &[T]) -> Result<Vec<T>> {
    let mut copy = vector(what, data.len())?;
    copy.extend_from_slice(data);
    Ok(copy)
}

/// Bytes that can still be had; `None` where the system does not say.
pub(crate) fn left() -> Option<u64> {
    let groups = groups().filter_map(|g| Some(g.most?.saturating_sub(g.used?)));
    [system::left(), groups.min(), own()].into_iter().flatten().min()
}

/// What this process may still take where its own memory is bounded (`ulimit -v`).
#[cfg(target_os = "linux")]
fn own() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    let most = getrlimit(Resource::As).current?;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(most.saturating_sub(pages.saturating_mul(rustix::param::page_size() as u64)))
}

#[cfg(not(target_os = "linux"))]
fn own() -> Option<u64> {
    None
}

/// The bounds of one control group: a container's, or a session's.
struct Group {
    most: Option<u64>,
    used: Option<u64>,
}

/// The control groups that this process is in, innermost first (Linux; version 2, then 1).
fn groups() -> impl Iterator<Item = Group> {
    let text = match cfg!(target_os = "linux") {
        true => std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default(),
        false => String::new(),
    };
    let mut folders = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(kind), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, files) = match kind {
            "" => ("/sys/fs/cgroup", V2),
            _ if kind.split(',').any(|k| k == "memory") => ("/sys/fs/cgroup/memory", V1),
            _ => continue,
        };
        // Inside a container the path may be the host's, and only the root is to be seen.
        let inner = std::path::Path::new(path).ancestors();
        folders.extend(inner.map(|p| (format!("{root}{}", p.display()), files)));
        folders.push((root.into(), files));
    }
    folders.into_iter().map(|(folder, [most, used, cache])| {
        let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).ok();
        let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
        // Files that were read lie in memory too; that part is given back when it is asked for.
        let kept = read("memory.stat").and_then(|text| field(&text, cache)).unwrap_or(0);
        Group { most: number(most), used: number(used).map(|used| used.saturating_sub(kept)) }
    })
}

/// The files of a group that hold its limit and its use, and the line of `memory.stat` for what it
/// can give back.
const V2: [&str; 3] = ["memory.max", "memory.current", "inactive_file"];
const V1: [&str; 3] = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];

/// The number behind a name: `inactive_file 4096`, `MemAvailable:  123 kB`.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    let mut words = lines.find(|words| {
        words.clone().next().is_some_and(|first| first.trim_end_matches(':') == name)
    })?;
    let number: u64 = words.nth(1)?.parse().ok()?;
    Some(if words.next() == Some("kB") { number.saturating_mul(1024) } else { number })
}

#[cfg(target_os = "linux")]
mod system {
    use super::field;

    pub(super) fn left() -> Option<u64> {
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        let swap = field(&text, "SwapFree").unwrap_or(0);
        Some(field(&text, "MemAvailable")?.saturating_add(swap))
    }
}

#[cfg(target_os = "macos")]
mod system {
    use std::sync::OnceLock;

    /// macOS swaps and compresses: what it has in all is the bound that can be told.
    pub(super) fn left() -> Option<u64> {
        static TOTAL: OnceLock<Option<u64>> = OnceLock::new();
        *TOTAL.get_or_init(|| crate::cpu::sysctl("hw.memsize")?.parse().ok())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod system {
    pub(super) fn left() -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "MemTotal:  10 kB\nMemAvailable:      7 kB\nSwapFree: 0 kB\n";
        assert_eq!(field(text, "MemAvailable"), Some(7 * 1024));
        assert_eq!(field(text, "Mem"), None);
        assert_eq!(field("cache 1\ninactive_file 4096\n", "inactive_file"), Some(4096));
        assert_eq!(field("inactive_file\n", "inactive_file"), None);
    }

    #[test]
    fn small_requests_are_not_asked_about_and_impossible_ones_are_refused() {
        room("test", LARGE - 1).unwrap();
        for n in [usize::MAX / 4, usize::MAX] {
            let error = vector::<u32>("test", n).unwrap_err().to_string();
            assert!(error.contains("test") && error.contains("bytes"), "{error}");
        }
        assert_eq!(copied("test", &[1, 2, 3]).unwrap(), [1, 2, 3]);
        if cfg!(any(target_os = "linux", target_os = "macos")) {
            // Far more than any computer has, and far less than an address space.
            assert!(left().unwrap() > SPARE);
            assert!(room("test", 1 << 46).is_err());
        }
    }
}
