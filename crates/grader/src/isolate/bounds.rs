//! What one judgement may take, and what of that this machine can hold it to.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Once;
use std::time::Duration;

/// Seconds for one answer on one tier; a day at most.
const TIME: Setting =
    Setting { name: "STRATA_TIME_LIMIT", unit: "seconds", usual: 20, most: 86_400 };
/// Megabytes of memory; a terabyte at most.
const MEMORY: Setting =
    Setting { name: "STRATA_MEMORY_LIMIT", unit: "megabytes", usual: 4096, most: 1 << 20 };

/// What one judgement may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Time for the answer.
    pub time: Duration,
    /// Beyond that, for starting the process and for what it tries after a first verdict.
    pub grace: Duration,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes printed, stdout and stderr together.
    pub output: u64,
    /// Bytes of the largest file written.
    pub file: u64,
    /// Files open at once.
    pub files: u64,
    /// Threads, and processes where there can be any.
    pub threads: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            time: Duration::from_secs(TIME.usual),
            grace: Duration::from_secs(5),
            memory: MEMORY.usual << 20,
            output: 64 << 20,
            file: 256 << 20,
            files: 4096,
            threads: 1024,
        }
    }
}

impl Bounds {
    /// The usual ones; `STRATA_TIME_LIMIT` (seconds) and `STRATA_MEMORY_LIMIT` (megabytes) set
    /// others. A value that makes no sense is said once, on stderr.
    pub fn from_env() -> Self {
        static SAID: Once = Once::new();
        let (time, wrong_time) = TIME.read(std::env::var(TIME.name).ok().as_deref());
        let (memory, wrong_memory) = MEMORY.read(std::env::var(MEMORY.name).ok().as_deref());
        SAID.call_once(|| {
            wrong_time.iter().chain(&wrong_memory).for_each(|text| eprintln!("warning: {text}"));
        });
        Bounds { time: Duration::from_secs(time), memory: memory << 20, ..Bounds::default() }
    }

    /// The variable's value that gives four times as much time, as far as that goes.
    pub(super) fn more_time(&self) -> u64 {
        self.time.as_secs().max(1).saturating_mul(4).min(TIME.most)
    }
}

/// A number that the environment may set.
struct Setting {
    name: &'static str,
    unit: &'static str,
    usual: u64,
    most: u64,
}

impl Setting {
    /// The number, and what is wrong with the text.
    fn read(&self, text: Option<&str>) -> (u64, Option<String>) {
        let Setting { name, unit, usual, most } = self;
        let Some(text) = text else { return (*usual, None) };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(number) if (1..=*most).contains(&number) => (number, None),
            Ok(0) | Err(_) if !digits || text.bytes().all(|b| b == b'0') => {
                let text = strata_files::printable(text);
                let why = format!("{name}={text} is no number of {unit} from 1 to {most}");
                (*usual, Some(format!("{why}; {usual} it is")))
            }
            _ => (*most, Some(format!("{name} goes to {most} {unit}; {most} it is"))),
        }
    }
}

/// What a judgement was held to, and what this machine does not offer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// What held.
    pub held: Vec<String>,
    /// What did not, and why.
    pub missing: Vec<String>,
}

impl Limits {
    pub(crate) fn holds(&mut self, what: impl Into<String>) {
        self.held.push(what.into());
    }

    pub(crate) fn lacks(&mut self, what: impl Into<String>) {
        self.missing.push(what.into());
    }

    pub(super) fn add(&mut self, more: Limits) {
        self.held.extend(more.held);
        self.missing.extend(more.missing);
    }
}

/// `4 GB of memory, 20 s; no network (seccomp); not here: landlock (the kernel has none)`
impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.held.join("; "))?;
        if !self.missing.is_empty() {
            write!(f, "; not here: {}", self.missing.join("; "))?;
        }
        Ok(())
    }
}

/// `4 GB`, `64 MB`
pub(super) fn size(bytes: u64) -> String {
    match bytes >> 20 {
        mb if mb >= 1024 && mb % 1024 == 0 => format!("{} GB", mb / 1024),
        mb => format!("{mb} MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_a_number_of_seconds_up_to_a_day() {
        let read = |text: &str| {
            let (number, wrong) = TIME.read(Some(text));
            (number, wrong.is_some())
        };
        assert_eq!(TIME.read(None), (20, None));
        assert_eq!(read("7"), (7, false));
        assert_eq!(read("86400"), (86_400, false));
        for large in ["86401", "18446744073709551615", "99999999999999999999999"] {
            assert_eq!(read(large), (86_400, true), "{large}");
        }
        for wrong in ["", "0", "000", "-1", "1.5", "1e3", "20 s", "NaN", "\u{1b}[31m"] {
            assert_eq!(read(wrong), (20, true), "{wrong:?}");
        }
        let longest = Bounds { time: Duration::from_secs(86_400), ..Bounds::default() };
        assert_eq!(longest.more_time(), 86_400);
    }

    #[test]
    fn limits_are_one_line() {
        let mut limits = Limits::default();
        limits.holds("4 GB of memory");
        limits.holds("no network (seccomp)");
        assert_eq!(limits.to_string(), "4 GB of memory; no network (seccomp)");
        limits.lacks("landlock");
        assert!(limits.to_string().ends_with("(seccomp); not here: landlock"));
        assert_eq!((size(4 << 30), size(64 << 20)), ("4 GB".into(), "64 MB".into()));
    }
}
