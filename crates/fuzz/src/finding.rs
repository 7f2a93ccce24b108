//! What was found: an input, and what it did.

use crate::limits::{self, Held};
use crate::{Kind, Target};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How an input went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A panic, or something that a target calls a fault.
    Panic,
    /// The process took more memory than it may.
    Memory,
    /// The stack was full.
    Stack,
    /// It took too long.
    Hang,
    /// The process ended otherwise.
    Abort,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Panic => "panic",
            Fault::Memory => "memory",
            Fault::Stack => "stack",
            Fault::Hang => "hang",
            Fault::Abort => "abort",
        })
    }
}

/// An input that does harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The target.
    pub target: String,
    /// What happens.
    pub fault: Fault,
    /// Where and how, on one line.
    pub message: String,
    /// The input.
    pub input: Vec<u8>,
}

impl Finding {
    /// What it has in common with others of the same fault: the place of a panic, or all but the
    /// numbers in its message where the place is only that of whoever noticed.
    pub fn signature(&self) -> String {
        let (place, text) = self.message.split_once(": ").unwrap_or(("", &self.message));
        if place.contains(".rs:") && !place.starts_with("crates/fuzz/") {
            return format!("{} {place}", self.fault);
        }
        let plain = |c: char| if c.is_ascii_digit() { '#' } else { c };
        let text: String = text.chars().take(200).map(plain).collect();
        let words: Vec<&str> = text.split('#').filter(|part| !part.is_empty()).collect();
        format!("{} {}", self.fault, words.join("#"))
    }

    /// Of a process that ended by itself, told by the last that it said.
    pub fn of_dead(target: &str, said: &str, how: &str, input: Vec<u8>) -> Finding {
        let line = |what: &str| said.lines().find(|line| line.contains(what)).map(str::trim);
        let (fault, message) = if let Some(line) = line(limits::HANG) {
            (Fault::Hang, line)
        } else if let Some(line) = line("libFuzzer: timeout") {
            (Fault::Hang, line)
        } else if let Some(line) = line("has overflowed its stack") {
            (Fault::Stack, line)
        } else if let Some(line) = line("memory allocation of") {
            (Fault::Memory, line)
        } else if let Some(line) = line("libFuzzer: out-of-memory") {
            (Fault::Memory, line)
        } else {
            (Fault::Abort, how)
        };
        Finding { target: target.into(), fault, message: message.into(), input }
    }

    /// The findings that were kept below a folder.
    pub fn kept(folder: &Path) -> Vec<Finding> {
        let folders = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
        let mut found: Vec<Finding> =
            folders.flat_map(|folder| Finding::kept_in(&folder)).collect();
        found.sort_by(|a, b| (&a.target, &a.message).cmp(&(&b.target, &b.message)));
        found
    }

    fn kept_in(folder: &Path) -> Vec<Finding> {
        let target = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let faults = [Fault::Panic, Fault::Memory, Fault::Stack, Fault::Hang, Fault::Abort];
        let read = |(path, input): (PathBuf, Vec<u8>)| {
            let name = path.file_name()?.to_str()?;
            let fault = *faults.iter().find(|fault| name.starts_with(&format!("{fault}-")))?;
            if name.ends_with(".txt") {
                return None;
            }
            let about = fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
            let message = about.split_once('\n').map_or("", |(_, rest)| rest.trim()).to_string();
            Some(Finding { target: target.clone(), fault, message, input })
        };
        crate::seeds::files(folder).into_iter().filter_map(read).collect()
    }

    /// Writes it into a folder: the input, and what is known of it beside it.
    ///
    /// # Errors
    /// No room, or no right to write.
    pub fn keep(&self, folder: &Path) -> io::Result<PathBuf> {
        let folder = folder.join(&self.target);
        fs::create_dir_all(&folder)?;
        let digest = Sha256::digest(&self.input);
        let short: String = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(format!("{}-{short}", self.fault));
        fs::write(&path, &self.input)?;
        let about = format!("{}: {}\n{}\n", self.target, self.fault, self.message);
        fs::write(path.with_extension("txt"), about)?;
        Ok(path)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.target, self.fault, self.message)
    }
}

static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// From here on a panic says nothing by itself: [`observe`] tells what it was.
pub fn hush() {
    set_hook(Box::new(|info| {
        let place = info.location().map_or("?".into(), |at| format!("{}:{}", at.file(), at.line()));
        let text = info.payload_as_str().unwrap_or_default().replace('\n', " | ");
        let mut last = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        // The first of several is the cause.
        last.get_or_insert(format!("{place}: {text}"));
    }));
}

/// Tries one input; a panic is a finding. Whatever else goes wrong ends the process.
pub fn observe(target: &Target, input: &[u8]) -> Option<Finding> {
    *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = None;
    limits::mark(true);
    let held = (target.kind == Kind::Inside).then(|| Held::memory(input.len()));
    let done = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    drop(held);
    limits::mark(false);
    done.err()?;
    let message = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    let message = message.unwrap_or_else(|| "a panic without words".into());
    let message = message.replace(env!("CARGO_MANIFEST_DIR"), "crates/fuzz");
    Some(Finding {
        target: target.name.into(),
        fault: Fault::Panic,
        message,
        input: input.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_are_told_apart() {
        let of = |said: &str| Finding::of_dead("t", said, "signal 6", Vec::new());
        assert_eq!(of("memory allocation of 4294967296 bytes failed").fault, Fault::Memory);
        assert_eq!(of("\nthread 'main' (1) has overflowed its stack\n").fault, Fault::Stack);
        assert_eq!(of(&format!("x\n{}: 11 s", limits::HANG)).fault, Fault::Hang);
        assert_eq!(of("").to_string(), "t abort: signal 6");
        let two = ["memory allocation of 5 bytes failed", "memory allocation of 77 bytes failed"];
        assert_eq!(of(two[0]).signature(), of(two[1]).signature());
    }

    #[test]
    fn one_place_is_one_fault() {
        let at = |message: &str| {
            let message = message.to_string();
            Finding { target: "t".into(), fault: Fault::Panic, message, input: Vec::new() }
                .signature()
        };
        assert_eq!(at("src/a.rs:7: index 3 of 2"), at("src/a.rs:7: index 9 of 4"));
        assert_ne!(at("src/a.rs:7: index 3 of 2"), at("src/a.rs:8: index 3 of 2"));
    }
}
