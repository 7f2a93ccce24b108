//! One case at one size, in a process of its own.

use crate::Work;
use std::fs;
use std::process::Command;
use std::time::Instant;

/// Whether the system tells a process its peak, and lets it begin anew.
pub const MEMORY: bool = cfg!(target_os = "linux");
/// Runs of which the fastest counts.
const RUNS: usize = 5;
/// A case that takes longer than this runs no more often.
const LONG: f64 = 0.5;

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Processor time of all threads, the least of several runs.
    pub seconds: f64,
    /// Memory that the first run took beyond what was there before.
    pub bytes: f64,
}

impl Measured {
    /// The least of each.
    pub fn least(self, other: Measured) -> Measured {
        let (seconds, bytes) = (self.seconds.min(other.seconds), self.bytes.min(other.bytes));
        Measured { seconds, bytes }
    }
}

/// Measures a case in a new process.
pub fn measured(name: &str, n: usize) -> Measured {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--one", name, &n.to_string()]).env("RAYON_NUM_THREADS", "2");
    let out = command.output().expect("it starts");
    let text = String::from_utf8_lossy(&out.stdout);
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse().ok());
    match (out.status.success(), numbers.next(), numbers.next()) {
        (true, Some(seconds), Some(bytes)) => Measured { seconds, bytes },
        _ => {
            let err = String::from_utf8_lossy(&out.stderr);
            let said: Vec<&str> = err.lines().filter(|line| !line.is_empty()).take(2).collect();
            eprintln!("{name} at {n} ended with {}: {}", out.status, said.join(" "));
            Measured { seconds: f64::INFINITY, bytes: f64::INFINITY }
        }
    }
}

/// Runs the work here, and prints what it cost.
pub fn here(mut work: Work) {
    // From now on the peak is this work's.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = status("VmRSS:");
    let mut least = timed(&mut work);
    let bytes = (status("VmHWM:") - before).max(0.0);
    for _ in 1..RUNS {
        if least < LONG {
            least = least.min(timed(&mut work));
        }
    }
    println!("{least} {bytes}");
}

fn timed(work: &mut Work) -> f64 {
    let start = spent();
    work();
    spent() - start
}

/// Processor time of this process in seconds; the clock where there is none.
#[cfg(unix)]
fn spent() -> f64 {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

#[cfg(not(unix))]
fn spent() -> f64 {
    clock()
}

#[allow(dead_code)]
fn clock() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// A line of this process's status in bytes; 0 where a system does not tell.
fn status(name: &str) -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}
