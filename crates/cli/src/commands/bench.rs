//! `strata bench`: the table op by rung by device.

use crate::failure::{Failure, Outcome};
use clap::Args;

/// Time every rung and set it against what the machine can do.
#[derive(Args, Debug)]
pub struct BenchArgs {}

pub fn run(_: &BenchArgs) -> Outcome {
    Err(Failure::new("not wired yet"))
}
