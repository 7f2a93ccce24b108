//! Tries inputs one after another. Before each one it writes down which it is, so that one that ends
//! the process is known afterwards.

use crate::finding::{self, observe};
use crate::{Kind, Target, limits};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a worker is to do.
#[derive(Clone, Debug)]
pub struct Work {
    /// Where its inputs' random numbers come from.
    pub seed: u64,
    /// The first input's number.
    pub first: u64,
    /// How long.
    pub time: Duration,
    /// Where it writes what it does: `CURRENT`, `TOTAL` and findings.
    pub folder: PathBuf,
    /// Only these inputs, once each.
    pub inputs: Vec<PathBuf>,
}

/// The file of the input that is being tried: its number in eight bytes, then itself.
pub const CURRENT: &str = "current";
/// The file of the slowest input so far: its number and its seconds of work.
pub const SLOWEST: &str = "slowest";
/// Findings lie below here.
pub const FINDINGS: &str = "findings";

/// Of one fault, this many examples are kept.
const EXAMPLES: u32 = 3;

/// Does the work.
///
/// # Errors
/// The folder cannot be written.
pub fn work(target: &Target, work: &Work) -> io::Result<()> {
    finding::hush();
    match target.kind {
        Kind::Inside => limits::watch(limits::SECONDS, limits::WAIT),
        // The process that does the work has limits of its own.
        Kind::Outside => limits::watch(u64::MAX, 10 * limits::WAIT),
    }
    let mut log = Log::new(&work.folder)?;
    if !work.inputs.is_empty() {
        // By their places among all of them, wherever it begins: the next worker goes on behind.
        let skipped = usize::try_from(work.first).unwrap_or(usize::MAX);
        for (number, path) in (0..).zip(&work.inputs).skip(skipped) {
            log.attempt(target, number, &fs::read(path)?)?;
        }
        return Ok(());
    }
    let starts = target.starts();
    let start = Instant::now();
    for number in work.first.. {
        if start.elapsed() >= work.time {
            break;
        }
        log.attempt(target, number, &target.input(&starts, work.seed, number))?;
    }
    Ok(())
}

struct Log {
    current: File,
    folder: PathBuf,
    seen: BTreeMap<String, u32>,
    slowest: f64,
}

impl Log {
    fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join(FINDINGS))?;
        let current = File::create(folder.join(CURRENT))?;
        Ok(Log { current, folder: folder.into(), seen: BTreeMap::new(), slowest: 0.5 })
    }

    fn attempt(&mut self, target: &Target, number: u64, input: &[u8]) -> io::Result<()> {
        self.current.rewind()?;
        self.current.set_len(0)?;
        self.current.write_all(&[&number.to_le_bytes()[..], input].concat())?;
        let before = limits::worked();
        let found = observe(target, input);
        let work = limits::worked() - before;
        if work > self.slowest {
            self.slowest = work;
            fs::write(self.folder.join(SLOWEST), format!("{number} {work:.1}"))?;
        }
        if let Some(finding) = found {
            let times = self.seen.entry(finding.signature()).or_default();
            *times += 1;
            if *times <= EXAMPLES {
                finding.keep(&self.folder.join(FINDINGS))?;
            }
        }
        Ok(())
    }
}

/// The slowest input's number and seconds of work; none if all were quick.
pub fn slowest(folder: &Path) -> Option<(u64, f64)> {
    let text = fs::read_to_string(folder.join(SLOWEST)).ok()?;
    let (number, seconds) = text.split_once(' ')?;
    Some((number.parse().ok()?, seconds.parse().ok()?))
}

/// The number and the input that a worker was at.
pub fn current(folder: &Path) -> Option<(u64, Vec<u8>)> {
    let bytes = fs::read(folder.join(CURRENT)).ok()?;
    let (number, input) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*number), input.to_vec()))
}
