//! The `strata` command. What it does is in the library of this crate; exercises are judged by another
//! program, `strata-practice`, which is built when a verb asks for it: training compiles none of it.

use std::process::ExitCode;
use strata_cli::elsewhere::Elsewhere;

fn main() -> ExitCode {
    strata_cli::main::<Elsewhere>()
}
