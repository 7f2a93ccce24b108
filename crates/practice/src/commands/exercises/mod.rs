//! `strata exercises`: what keeps the exercises in order, for those who write them and for those
//! who want them in a folder of their own.

mod init;
mod prove;
mod sync;

use crate::failure::Outcome;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  cargo strata exercises init ~/strata-exercises   your own workspace; it survives every git pull
  cargo strata exercises sync                      write exercises/ anew from solutions/
  cargo strata exercises sync --check              say what differs, change nothing
  cargo strata exercises prove ex03                every solution passes, every wrong answer fails

To solve exercises: cargo strata list, next, watch, hint, diff, reset, reveal, progress.";

/// Make your own workspace of exercises; generate and prove them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ExercisesArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a workspace of exercises outside the clone, or bring it up to date after a pull
    Init(init::InitArgs),
    /// Write exercises/ anew from solutions/
    Sync(sync::SyncArgs),
    /// Judge every solution, stub and wrong answer
    Prove(prove::ProveArgs),
}

pub fn run(args: &ExercisesArgs) -> Outcome {
    match &args.what {
        What::Init(args) => init::run(args),
        What::Sync(args) => sync::run(args),
        What::Prove(args) => prove::run(args),
    }
}
