//! The verbs that judge: answers to exercises, kernels, their speed.

use crate::commands::{
    bench, bundle, check, diff, exercises, hint, list, mine, next, parity, progress, reset, reveal,
    watch,
};
use clap::Subcommand;
use strata_cli::{DeviceArgs, Judging, Outcome};
use strata_ml::device::Device;

/// The verbs that judge; `strata_cli::elsewhere` has the same names and sentences.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the exercises, and how far you are with each task
    List(list::ListArgs),
    /// Show the next task: what to do, where, and how it is judged
    Next(next::NextArgs),
    /// Judge whenever you save: task, goal and verdict on one screen
    Watch(watch::WatchArgs),
    /// Judge your answers
    Check(check::CheckArgs),
    /// Give a hint; asked again, the next one
    Hint(hint::HintArgs),
    /// Set your answer beside ours: numbers, source, speed
    Diff(diff::DiffArgs),
    /// Begin a task anew; what you wrote is kept
    Reset(reset::ResetArgs),
    /// Show our answer to a task
    Reveal(reveal::RevealArgs),
    /// Show how far you are, and how much is left
    Progress(progress::ProgressArgs),
    /// Make your own workspace of exercises; generate and prove them
    Exercises(exercises::ExercisesArgs),
    /// Check every op, on every rung, on every device, against float64 loops
    Parity(parity::ParityArgs),
    /// Time every rung and set it against what the machine can do
    Bench(bench::BenchArgs),
    /// Pack one binary and a script for a GPU machine without Rust
    Bundle(bundle::BundleArgs),
}

impl Judging for Verb {
    fn run(self) -> Outcome {
        match self {
            Verb::List(args) => list::run(&args),
            Verb::Next(args) => next::run(&args),
            Verb::Watch(args) => watch::run(&args),
            Verb::Check(args) => check::run(&args),
            Verb::Hint(args) => hint::run(&args),
            Verb::Diff(args) => diff::run(&args),
            Verb::Reset(args) => reset::run(&args),
            Verb::Reveal(args) => reveal::run(&args),
            Verb::Progress(args) => progress::run(&args),
            Verb::Exercises(args) => exercises::run(&args),
            Verb::Parity(args) => parity::run(&args),
            Verb::Bench(args) => bench::run(&args),
            Verb::Bundle(args) => bundle::run(&args),
        }
    }

    fn here() -> Outcome<()> {
        Ok(())
    }

    fn mine(device: &DeviceArgs) -> Outcome<Device> {
        mine::open(device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, FromArgMatches};
    use strata_cli::elsewhere::Elsewhere;

    fn verbs_of<T: Subcommand + FromArgMatches>() -> Vec<(String, String)> {
        let all = T::augment_subcommands(Command::new("strata"));
        let about = |c: &Command| c.get_about().map(ToString::to_string).unwrap_or_default();
        all.get_subcommands().map(|c| (c.get_name().to_string(), about(c))).collect()
    }

    #[test]
    fn both_programs_list_the_same_verbs() {
        let all = verbs_of::<Verb>();
        assert_eq!(all, verbs_of::<Elsewhere>());
        assert!(all.len() == 13 && all.iter().all(|(_, about)| !about.is_empty()));
    }
}
