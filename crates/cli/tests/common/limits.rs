//! Running the command on inputs that were made to hang it or to fill the memory.

use super::{strata, text};
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Processor time that a refusal may take; a machine with other work to do has its own clock.
const WORK: Duration = Duration::from_secs(10);
/// However busy the machine is.
const WAIT: Duration = Duration::from_secs(120);
/// Memory beyond the size of the input.
const MEMORY: u64 = 1 << 30;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
    /// Bytes of memory at most, where the system tells.
    pub peak: u64,
}

/// Runs the command until it ends; one that takes too long or too much is ended, and the test fails.
pub fn limited<S: AsRef<OsStr>>(folder: &Path, words: &[S]) -> Ended {
    watched(strata(folder).args(words))
}

/// As [`limited`], of a command that is set up already.
pub fn watched(command: &mut Command) -> Ended {
    let shown = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut pipes = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = thread::spawn(move || read(&mut pipes.0));
    let err = thread::spawn(move || read(&mut pipes.1));
    let (start, mut peak) = (Instant::now(), 0);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak = peak.max(memory(child.id()));
        let slow = start.elapsed() > WAIT || work(child.id()) > WORK;
        if slow || peak > MEMORY {
            let _ = child.kill();
            let _ = child.wait();
            let why = if slow { "it took too long" } else { "it took too much memory" };
            let err = err.join().unwrap();
            panic!("{shown}: {why}: {:?}, {peak} bytes\n{err}", start.elapsed());
        }
        thread::sleep(Duration::from_millis(5));
    };
    Ended { status, out: out.join().unwrap(), err: err.join().unwrap(), peak }
}

fn read(pipe: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    text(&bytes)
}

/// The most memory that a process had, on Linux.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// The processor time that a process has used, on Linux.
fn work(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// A run that must end in one message and this code, whatever the input; returns the message.
pub fn refused<S: AsRef<OsStr>>(folder: &Path, words: &[S], code: i32, says: &[&str]) -> String {
    let ended = limited(folder, words);
    let shown: Vec<_> = words.iter().map(|w| w.as_ref().to_string_lossy()).collect();
    let whole = format!("{}\n{}\n{}", shown.join(" "), ended.out, ended.err);
    assert_eq!(ended.status.code(), Some(code), "{whole}");
    assert_eq!(ended.err.matches("error:").count(), 1, "one message: {whole}");
    assert_sound(&ended, &whole);
    says.iter().for_each(|word| assert!(ended.err.contains(word), "{word:?} is not said: {whole}"));
    ended.err
}

/// Nothing in it that a terminal would obey, and no panic.
pub fn assert_sound(ended: &Ended, whole: &str) {
    assert!(!ended.err.contains("panicked"), "{whole}");
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    for stream in [&ended.out, &ended.err] {
        assert!(!stream.contains(obeyed), "a control character: {whole:?}");
    }
    assert!(ended.err.len() < 20_000, "{} bytes of message", ended.err.len());
}
