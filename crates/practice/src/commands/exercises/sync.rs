//! `strata exercises sync`: exercises/ from solutions/.

use crate::failure::Outcome;
use crate::ui::{self, say};
use clap::Args;
use strata_cli::workspace;
use strata_grader::sync;

/// Write exercises/ anew from solutions/.
///
/// Files that were edited are replaced: this is for those who write exercises, not for those who
/// solve them.
#[derive(Args, Debug)]
pub struct SyncArgs {
    /// Say what differs and change nothing; the exit code is 1 if anything does
    #[arg(long)]
    check: bool,
}

pub fn run(args: &SyncArgs) -> Outcome {
    let folder = workspace()?.join("exercises");
    if !args.check {
        let report = sync::sync(&folder)?;
        say!("{report}")?;
        return Ok(0);
    }
    let differences = sync::check(&folder)?;
    for difference in &differences {
        say!("{}differs{:#}  {difference}", ui::BAD, ui::BAD)?;
    }
    match differences.is_empty() {
        true => say!("exercises/ is what solutions/ says")?,
        false => say!("Run `cargo strata exercises sync` and commit what it writes")?,
    }
    Ok(u8::from(!differences.is_empty()))
}
