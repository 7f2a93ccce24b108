//! `strata exercises init`: the reader's own workspace.

use crate::failure::Outcome;
use crate::ui::say;
use clap::Args;
use std::path::PathBuf;
use strata_cli::workspace;
use strata_grader::home::Home;

/// Make a workspace of exercises outside the clone, or bring it up to date after a `git pull`.
///
/// What you have edited is kept. `cargo test` and `cargo strata` work in it as they do in the clone.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The folder; made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub fn run(args: &InitArgs) -> Outcome {
    // Typed in a workspace that was made before, the clone is the one it was made from.
    let known = Home::find(&std::env::current_dir()?).ok().and_then(|home| home.clone);
    let clone = known.map_or_else(workspace, Ok)?;
    let report = Home::init(&args.folder, &clone)?;
    say!("{report}")?;
    Ok(0)
}
