//! `strata parity`: the table op by rung by device.

use crate::failure::{Failure, Outcome};
use clap::Args;

/// Check every op, on every rung, on every device, against float64 loops.
#[derive(Args, Debug)]
pub struct ParityArgs {}

pub fn run(_: &ParityArgs) -> Outcome {
    Err(Failure::new("not wired yet"))
}
