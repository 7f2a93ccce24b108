//! `strata reset`: a file as it came; what was in it is kept.

use super::practice::{self, Put};
use crate::failure::Outcome;
use crate::ui::say;
use clap::Args;
use strata_grader::Language;

const EXAMPLES: &str = "\
Examples:
  cargo strata reset ex03 tiled
  cargo strata reset ex03 tiled --language wgsl
  cargo strata reset ex03 tiled --yes    without asking

What you wrote is kept beside it: 3_tiled.wgsl.bak, then .bak.2, .bak.3; none is ever overwritten.";

/// Begin a task anew: its files as they came. What you wrote is kept.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ResetArgs {
    /// The exercise and the task: ex03 tiled
    #[arg(value_name = "EXERCISE TASK", num_args = 1..=2, required = true)]
    what: Vec<String>,
    /// Only this language: rust, wgsl or cuda
    #[arg(long, value_name = "NAME", value_parser = practice::language)]
    language: Option<Language>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn run(args: &ResetArgs) -> Outcome {
    let home = practice::home()?;
    let (exercise, task) = practice::task(&args.what)?;
    let files = practice::files(task, args.language)?;
    let mut changed = Vec::new();
    for file in files {
        let (path, text) = (home.root.join(exercise.name).join(file), practice::stub(task, file)?);
        match practice::holds(&path, &text) {
            true => say!("{} is as it came", practice::shown(&path).display())?,
            false => changed.push((path, text)),
        }
    }
    if changed.is_empty() {
        return Ok(0);
    }
    let names: Vec<String> =
        changed.iter().map(|(path, _)| practice::shown(path).display().to_string()).collect();
    let question = format!("Begin {} anew? What you wrote is kept.", names.join(" and "));
    if !practice::agree(&question, args.yes)? {
        say!("Nothing was changed")?;
        return Ok(1);
    }
    for (path, text) in changed {
        let name = practice::shown(&path);
        match practice::put(&path, &text)? {
            Put::Same => say!("{} is as it came", name.display())?,
            Put::Made => say!("{} was gone; it is back, as it came", name.display())?,
            Put::Saved(backup) => {
                let backup = practice::shown(&backup);
                say!("{} is as it came; yours is now {}", name.display(), backup.display())?;
            }
        }
    }
    Ok(0)
}
