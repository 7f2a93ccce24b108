//! Looks at a judge from outside: the memory and threads of its process and of all that descends
//! from it; and ends them together.

use super::bounds::{Bounds, Limits, size};
use std::process::Child;
use std::time::{Duration, Instant};

/// Which bound was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breach {
    None,
    Memory,
    Threads,
}

/// A look every now and then.
pub(super) struct Watch {
    root: u32,
    memory: u64,
    threads: u64,
    last: Instant,
}

/// Between two looks.
const TICK: Duration = Duration::from_millis(40);
/// Between two tries to end what is still there.
pub(super) const PAUSE: Duration = Duration::from_micros(500);
/// How long a process is given to end.
const PATIENCE: Duration = Duration::from_secs(2);

impl Watch {
    pub fn of(child: &Child, bounds: &Bounds) -> Watch {
        let Bounds { memory, threads, .. } = *bounds;
        Watch { root: child.id(), memory, threads, last: Instant::now() }
    }

    /// What is watched here.
    pub fn tell(&self, limits: &mut Limits) {
        match here() {
            true => {
                let (memory, threads) = (size(self.memory), self.threads);
                limits.holds(format!("{memory} of memory, {threads} threads (watched)"));
            }
            false => limits.lacks("memory is not watched on this system"),
        }
    }

    pub fn look(&mut self) -> Breach {
        if self.last.elapsed() < TICK {
            return Breach::None;
        }
        self.last = Instant::now();
        let (memory, threads) = total(self.root);
        match () {
            () if memory > self.memory => Breach::Memory,
            () if threads > self.threads => Breach::Threads,
            () => Breach::None,
        }
    }
}

#[cfg(target_os = "linux")]
fn here() -> bool {
    std::path::Path::new("/proc/thread-self/children").exists()
}

#[cfg(not(target_os = "linux"))]
fn here() -> bool {
    false
}

/// Bytes of memory and number of threads of a process and its descendants.
#[cfg(target_os = "linux")]
fn total(root: u32) -> (u64, u64) {
    let (mut memory, mut threads) = (0, 0);
    for process in tree(root) {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        memory += (number("RssAnon:") + number("RssShmem:") + number("VmSwap:")) << 10;
        threads += number("Threads:");
    }
    (memory, threads)
}

#[cfg(not(target_os = "linux"))]
fn total(_: u32) -> (u64, u64) {
    (0, 0)
}

/// A process and all that descend from it, the oldest first.
#[cfg(target_os = "linux")]
fn tree(root: u32) -> Vec<u32> {
    let mut list = vec![root];
    let mut at = 0;
    while let Some(process) = list.get(at) {
        list.extend(children(*process));
        at += 1;
    }
    list
}

/// The children of all of a process's threads.
#[cfg(target_os = "linux")]
fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let of = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children"));
    let texts = threads.flatten().filter_map(|thread| of(thread).ok());
    let numbers = |text: String| -> Vec<u32> {
        text.split_whitespace().filter_map(|number| number.parse().ok()).collect()
    };
    texts.flat_map(numbers).collect()
}

/// Ends everything that descends from a process, until nothing does. The process itself is left: to
/// it falls whatever its descendants leave behind.
#[cfg(target_os = "linux")]
pub(super) fn end_tree(root: u32) {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let below = tree(root);
        let alive: Vec<u32> = below.into_iter().skip(1).filter(|&p| !is_dead(p)).collect();
        if alive.is_empty() {
            return;
        }
        alive.into_iter().for_each(kill);
        std::thread::sleep(PAUSE);
    }
}

/// Ends a judge with all that it has started. Its keeper ends by itself when nothing falls to it any
/// more: killed before, it would leave to the system whatever a dying judge was about to leave to it.
#[cfg(target_os = "linux")]
pub(super) fn end(keeper: &mut Child) {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        end_tree(keeper.id());
        match keeper.try_wait() {
            Ok(None) => std::thread::sleep(PAUSE),
            _ => return,
        }
    }
    let _ = keeper.kill();
    let _ = keeper.wait();
}

/// Ends a judge, as far as this system tells with all that it has started.
#[cfg(not(target_os = "linux"))]
pub(super) fn end(judge: &mut Child) {
    end_tree(judge.id());
    let _ = judge.kill();
    let _ = judge.wait();
}

/// Whether a process has ended and only its number is left.
#[cfg(target_os = "linux")]
fn is_dead(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next());
    state.is_none_or(|state| matches!(state, "Z" | "X"))
}

#[cfg(target_os = "linux")]
fn kill(process: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _ = kill_process(process, Signal::KILL);
    }
}

/// Ends the group that a judge leads, which is all that is known here of what it has started.
#[cfg(all(unix, not(target_os = "linux")))]
fn end_tree(root: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(root).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Ends what a judge has started, where the system's own tool does that.
#[cfg(not(unix))]
fn end_tree(root: u32) {
    use std::process::{Command, Stdio};
    let mut tree = Command::new("taskkill");
    tree.args(["/T", "/F", "/PID", &root.to_string()]);
    let _ = tree.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}
