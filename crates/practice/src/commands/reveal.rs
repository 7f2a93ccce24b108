//! `strata reveal`: our answer.

use super::practice::{self, Line, Put, Tone, line};
use crate::failure::Outcome;
use crate::ui::say;
use clap::Args;
use strata_grader::Language;

const EXAMPLES: &str = "\
Examples:
  cargo strata reveal ex03 tiled
  cargo strata reveal ex03 tiled --language wgsl
  cargo strata reveal ex03 tiled --language wgsl --write    into your file; yours is kept beside it

Beside your own, once you have one: cargo strata diff ex03 tiled";

/// Show our answer to a task. Your file stays as it is.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct RevealArgs {
    /// The exercise and the task: ex03 tiled
    #[arg(value_name = "EXERCISE TASK", num_args = 1..=2, required = true)]
    what: Vec<String>,
    /// Only this language: rust, wgsl or cuda
    #[arg(long, value_name = "NAME", value_parser = practice::language)]
    language: Option<Language>,
    /// Put it into your file; what you wrote is kept beside it
    #[arg(long)]
    write: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn run(args: &RevealArgs) -> Outcome {
    let home = practice::home()?;
    let (exercise, task) = practice::task(&args.what)?;
    let files = practice::files(task, args.language)?;
    let (number, name) = (practice::number(exercise), &task.name);
    let question = match args.write {
        true => {
            format!("Put our answer to {number} {name} into your file? What you wrote is kept.")
        }
        false => format!("Show our answer to {number} {name}?"),
    };
    if !practice::agree(&question, args.yes)? {
        say!("Nothing was shown")?;
        return Ok(1);
    }
    for file in files {
        let text = practice::solution(task, file)?;
        let path = home.root.join(exercise.name).join(file);
        let shown = practice::shown(&path);
        if !args.write {
            let language = Language::of(file).unwrap_or(Language::Rust);
            let mut lines =
                vec![line(Tone::Head, format!("{number} {name}: our {}", shown.display()))];
            lines.push(Line::default());
            lines.extend(practice::paint(language, &text));
            lines.push(Line::default());
            practice::print_whole(&lines)?;
            continue;
        }
        match practice::put(&path, &text)? {
            Put::Same => say!("{} held our answer already", shown.display())?,
            Put::Made => say!("{} holds our answer", shown.display())?,
            Put::Saved(backup) => {
                let backup = practice::shown(&backup);
                say!("{} holds our answer; yours is now {}", shown.display(), backup.display())?;
            }
        }
    }
    Ok(0)
}
