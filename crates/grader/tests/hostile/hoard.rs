//! Answers that take all there is: memory, time, threads, output, files; and those that end badly.

use super::{ALWAYS, CALLS, Hostile, WATCH};
use std::hint::black_box;
use std::io::Write;
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use strata_grader::grade::Job;

pub const ALL: &[Hostile] = &[
    Hostile("takes_all_memory", WATCH, "memory-limit", |_| {
        let mut all: Vec<Vec<u8>> = Vec::new();
        loop {
            all.push(vec![1; 16 << 20]);
        }
    }),
    Hostile("takes_all_memory_in_threads", WATCH, "memory-limit panicked", |_| {
        let taken = || {
            let mut all: Vec<Vec<u8>> = Vec::new();
            loop {
                all.push(vec![1; 1 << 20]);
            }
        };
        let threads: Vec<_> = (0..16).map(|_| std::thread::spawn(taken)).collect();
        threads.into_iter().all(|thread: std::thread::JoinHandle<()>| thread.join().is_ok())
    }),
    Hostile("asks_for_a_terabyte", ALWAYS, "memory-limit device-error", |_| {
        let all: Vec<u8> = black_box(vec![1; 1 << 40]);
        all.len() == 1 << 40
    }),
    Hostile("a_list_in_a_list_in_a_list", WATCH, "memory-limit", |_| {
        let mut text = String::from("x");
        loop {
            text = text.clone() + &text;
        }
    }),
    Hostile("hides_memory_in_nameless_files", CALLS, "differs", nameless),
    Hostile("prints_for_ever", ALWAYS, "output-limit", |_| {
        loop {
            println!("{}", "all work and no play makes a dull answer. ".repeat(1000));
        }
    }),
    Hostile("complains_for_ever", ALWAYS, "output-limit", |_| {
        let mut err = std::io::stderr();
        let noise = vec![b'\x1b'; 1 << 16];
        loop {
            let _ = err.write_all(&noise);
        }
    }),
    Hostile("prints_escapes_and_dies", ALWAYS, "device-error", |_| {
        eprintln!("\u{1b}]0;title\u{7}\u{1b}[2J\u{202e}");
        std::process::abort()
    }),
    Hostile("panics_with_a_hundred_megabytes", ALWAYS, "", |_| {
        panic!("{}", "no! ".repeat(25 << 20))
    }),
    Hostile("panics_while_it_panics", ALWAYS, "device-error", |_| {
        struct Twice;
        impl Drop for Twice {
            fn drop(&mut self) {
                panic!("twice");
            }
        }
        let _twice = Twice;
        panic!("once");
    }),
    Hostile("starts_threads_for_ever", WATCH, "thread-limit panicked device-error", |_| {
        loop {
            std::thread::spawn(|| std::thread::sleep(Duration::from_secs(3600)));
        }
    }),
    Hostile("calls_itself_for_ever", ALWAYS, "panicked", |_| deeper(0) == 1),
    Hostile("drops_a_list_too_long", ALWAYS, "panicked", |_| {
        struct Link(Option<Box<Link>>);
        let mut list = Link(None);
        for _ in 0..5_000_000 {
            list = Link(Some(Box::new(list)));
        }
        black_box(list.0.is_none())
    }),
    Hostile("aborts", ALWAYS, "device-error", |_| std::process::abort()),
    Hostile("sleeps_for_ever", ALWAYS, "time-limit", |_| {
        loop {
            std::thread::sleep(Duration::from_secs(3600));
        }
    }),
    Hostile("loops_for_ever", ALWAYS, "time-limit", |_| {
        let mut n = 0u64;
        loop {
            n = black_box(n.wrapping_add(1));
        }
    }),
    Hostile("waits_for_itself", ALWAYS, "time-limit", |_| {
        let lock = Mutex::new(());
        let _first = lock.lock();
        let (send, receive) = mpsc::channel::<()>();
        let _kept = send;
        receive.recv().is_ok()
    }),
    Hostile("opens_files_for_ever", ALWAYS, "differs", |_| {
        let open = |_| std::fs::File::open(if cfg!(windows) { "NUL" } else { "/dev/null" });
        let most = if cfg!(unix) { 256 } else { 100_000 };
        let files: Vec<_> = (0..most + 1).map_while(|n| open(n).ok()).collect();
        cfg!(unix) && files.len() > most
    }),
];

/// Right answers, and what they do to whoever times them.
pub const TIMED: &[&str] = &["timed_for_ever", "timed_exits", "timed_prints", "timed_lies"];

pub fn timed(job: &Job) -> Option<f64> {
    match job.task.as_str() {
        "timed_for_ever" => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        "timed_exits" => std::process::exit(0),
        "timed_prints" => loop {
            println!("{}", "x".repeat(1 << 16));
        },
        _ => Some(f64::NAN),
    }
}

fn deeper(n: u64) -> u64 {
    if n == u64::MAX { 0 } else { black_box(deeper(n + 1)) + 1 }
}

#[cfg(target_os = "linux")]
fn nameless(_: &Job) -> bool {
    rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::empty()).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Job) -> bool {
    false
}
