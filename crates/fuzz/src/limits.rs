//! What an input may cost, and who watches.

use cap::Cap;
use std::alloc::System;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Memory that an input may take beyond its own size.
pub const MEMORY: usize = 1 << 30;
/// Seconds of a processor's work.
pub const SECONDS: u64 = 10;
/// Seconds by the clock, for what waits without working. A busy machine is no fault.
pub const WAIT: u64 = 60;

/// A variable with fewer seconds than [`SECONDS`], for tests of this program.
pub const SHORTER: &str = "STRATA_FUZZ_SECONDS";

/// The exit code of a program that could not be started.
pub const NOT_STARTED: u8 = 125;

/// What the process says before it ends itself.
pub const HANG: &str = "strata-fuzz: the input has taken too long";

/// Every byte that Rust code asks for is counted here. More than the limit ends the process, as it
/// would where there is no more.
#[global_allocator]
static MEMORY_IN_USE: Cap<System> = Cap::new(System, usize::MAX);

/// Holds an input to its memory until this is dropped.
#[derive(Debug)]
pub struct Held(());

impl Held {
    /// From here on, `size` bytes and [`MEMORY`] more.
    pub fn memory(size: usize) -> Held {
        let now = MEMORY_IN_USE.allocated();
        let _ = MEMORY_IN_USE.set_limit(now.saturating_add(MEMORY).saturating_add(size));
        Held(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = MEMORY_IN_USE.set_limit(usize::MAX);
    }
}

/// Seconds of work that this process has done on all its threads; zero where nobody counts.
pub fn worked() -> f64 {
    // After the name in brackets; the system counts in hundredths.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

static STARTED: AtomicU64 = AtomicU64::new(0);
static RUNS: AtomicBool = AtomicBool::new(false);

/// Says that an input begins, or that it has ended.
pub fn mark(runs: bool) {
    STARTED.fetch_add(1, Ordering::SeqCst);
    RUNS.store(runs, Ordering::SeqCst);
}

/// Ends this process when an input takes too long: `seconds` of work, or `wait` by the clock.
pub fn watch(seconds: u64, wait: u64) {
    let set = std::env::var(SHORTER).ok().and_then(|text| text.parse().ok());
    let seconds = set.map_or(seconds, |set: u64| seconds.min(set));
    thread::spawn(move || {
        let mut last = (u64::MAX, worked(), Instant::now());
        loop {
            thread::sleep(Duration::from_millis(200));
            let number = STARTED.load(Ordering::SeqCst);
            if number != last.0 || !RUNS.load(Ordering::SeqCst) {
                last = (number, worked(), Instant::now());
                continue;
            }
            let (work, time) = (worked() - last.1, last.2.elapsed());
            if work > seconds as f64 || time > Duration::from_secs(wait) {
                eprintln!("{HANG}: {work:.0} s of work in {} s", time.as_secs());
                std::process::abort();
            }
        }
    });
}
