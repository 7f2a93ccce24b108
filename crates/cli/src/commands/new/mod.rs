//! `strata new`: skeletons for those who add to Strata.

mod op;
mod places;
#[cfg(test)]
mod tests;

use crate::failure::Outcome;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  cargo strata new op leaky_relu --chapter 04    kernels, Rust, oracle and parity case, and what to write where

CONTRIBUTING.md goes through an op, a rung, a module and an exercise, place by place.";

/// Make the skeleton of an op, in a clone of Strata.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct NewArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// An op that computes `out = alpha * x`, correct on every device, to start from
    Op(op::OpArgs),
}

pub fn run(args: &NewArgs) -> Outcome {
    match &args.what {
        What::Op(args) => op::run(args),
    }
}
