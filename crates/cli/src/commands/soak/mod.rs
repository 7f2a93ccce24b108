//! `strata soak`: can a run be killed, starved of disk, or raced, and lose anything?
//!
//! Every part trains a very small model in a process of its own, ruins it in some way, looks at what
//! is left in the folder, and goes on from there. Nothing may be lost: whatever was saved once can
//! be opened, and a run that was killed a thousand times ends with the bits of one that never was.

mod disks;
mod kills;
mod rivals;
mod run;

use crate::failure::{Failure, Outcome};
use crate::ui::{self, Bar, say};
use clap::Args;
use run::Ground;
use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  cargo strata soak                      a thousand kills, and a disk that fails at every call
  cargo strata soak --kills 10000        more
  cargo strata soak --kills 100 --seed 7 --keep ruins

A line for each part; the exit code is 1 if anything was lost, and then the folder is kept.";

/// Try to lose a checkpoint: kills, failing disks, rivals.
///
/// Trains a very small model on this computer's processor again and again: killed at each call of a
/// save and at random moments, on a disk that refuses each call in turn, on one that is full, and
/// with a second run in the same folder.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SoakArgs {
    /// How many times a run is killed at a random moment
    #[arg(long, value_name = "N", default_value = "1000", value_parser = crate::args::whole(1, 1_000_000))]
    kills: u64,
    /// Stop after so many seconds, whatever was done by then
    #[arg(long, value_name = "N", value_parser = crate::args::whole(1, 1_000_000))]
    seconds: Option<u64>,
    /// Seed of the moments
    #[arg(long, value_name = "N", default_value = "1", value_parser = crate::args::whole(0, u64::MAX))]
    seed: u64,
    /// Work in this folder and keep it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// How a part went.
#[derive(Debug, Default)]
pub struct Tally {
    /// Things that were tried.
    pub tried: u64,
    /// What was lost, each in a sentence.
    pub lost: Vec<String>,
    /// Why it was not tried, or not wholly.
    pub skipped: Option<String>,
}

/// What all parts know.
pub struct Soak<'a> {
    ground: Ground,
    /// When the part that is on has had its share of the time.
    end: Cell<Option<Instant>>,
    bar: &'a Bar,
}

impl Soak<'_> {
    /// Is there time for more?
    fn goes_on(&self) -> bool {
        self.end.get().is_none_or(|end| Instant::now() < end)
    }
}

pub fn run(args: &SoakArgs) -> Outcome {
    // In memory, where the system has such a disk: a kill leaves it as it leaves any other, and a
    // sync costs nothing there.
    let temporary = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
    let root = args.keep.clone().unwrap_or_else(|| temporary.path().to_path_buf());
    let bar = Bar::new();
    let end = args.seconds.map(|s| Instant::now() + Duration::from_secs(s));
    let soak = Soak { ground: Ground::new(&root)?, end: Cell::new(end), bar: &bar };
    let parts: [(&str, &dyn Fn() -> Outcome<Tally>); 6] = [
        ("killed at each call of three saves", &|| kills::at_each_call(&soak)),
        ("killed at random", &|| kills::at_random(&soak, args.kills, args.seed)),
        ("a disk that refuses each call", &|| disks::at_each_call(&soak)),
        ("a disk that stays broken", &|| disks::for_good(&soak)),
        ("a disk that is full", &|| disks::full(&soak)),
        ("two runs in one folder", &|| rivals::two(&soak)),
    ];
    let mut lost = 0;
    for (i, (name, part)) in parts.into_iter().enumerate() {
        let left = |end: Instant| end.saturating_duration_since(Instant::now());
        let to_come = u32::try_from(parts.len() - i).unwrap_or(u32::MAX);
        let share = |end| Instant::now() + left(end) / to_come;
        soak.end.set(end.map(share));
        let tally = part()?;
        bar.aside(|| -> Outcome<()> {
            let (style, word) = match tally.lost.len() {
                0 => (ui::GOOD, "nothing lost".into()),
                n => (ui::BAD, format!("{} LOST", ui::count(n as u64))),
            };
            say!("{name:36} {:>7} tried  {style}{word}{style:#}", ui::count(tally.tried))?;
            for text in tally.lost.iter().take(20) {
                say!("    {text}")?;
            }
            if let Some(why) = &tally.skipped {
                say!("SKIPPED: {name}: {why}")?;
            }
            Ok(())
        })?;
        lost += tally.lost.len();
    }
    drop(bar);
    if lost == 0 {
        return Ok(0);
    }
    let at = match &args.keep {
        Some(folder) => folder.clone(),
        None => temporary.keep(),
    };
    Err(Failure::new(format!("{lost} things were lost; the folder is kept: {}", at.display())))
}
