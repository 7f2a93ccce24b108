//! `strata hint`: one hint more, never two.

use super::practice::{self, Board, Hints, Line, Tone, TooSoon, line};
use crate::failure::{Failure, Outcome};
use crate::ui;
use clap::Args;
use strata_grader::catalog::{Exercise, Task};

const EXAMPLES: &str = "\
Examples:
  cargo strata hint ex03 tiled           the first hint; typed again, the second; then the third
  cargo strata hint                      for the next task that is not solved
  cargo strata hint ex03 tiled --level 1 the first one once more";

/// A hint: a nudge, then the idea, then nearly the code.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct HintArgs {
    /// The exercise and the task: ex03 tiled
    #[arg(value_name = "EXERCISE TASK", num_args = 0..=2)]
    what: Vec<String>,
    /// This one, if it was shown already or is the next
    #[arg(long, value_name = "1|2|3", value_parser = clap::value_parser!(u8).range(1..=3))]
    level: Option<u8>,
}

pub fn run(args: &HintArgs) -> Outcome {
    let home = practice::home()?;
    let (exercise, task) = practice::asked_task(&args.what, &Board::look(&home, None)?)?;
    let mut hints = Hints::load(&home);
    let asked = args.level.map(usize::from);
    let level = match hints.level(task, asked) {
        Ok(level) => level,
        // Where nothing is remembered, the reader has to.
        Err(TooSoon { .. }) if hints.forgets() => asked.unwrap_or(1),
        Err(TooSoon { first }) => {
            return Err(Failure::new(format!(
                "hint {first} comes first; `cargo strata hint {} {}` shows it",
                practice::number(exercise),
                task.name
            )));
        }
    };
    let seen_all = hints.seen(task) == task.hints.len();
    if let Err(Failure::Message(text)) = hints.remember(task, level) {
        ui::warn(&format!("that this hint was shown is not remembered: {text}"));
    }
    practice::print(&shown(exercise, task, level, seen_all && asked.is_none()))?;
    Ok(0)
}

/// A hint, and what comes after it.
fn shown(exercise: &Exercise, task: &Task, level: usize, again: bool) -> Vec<Line> {
    let (number, name) = (practice::number(exercise), &task.name);
    let left = task.hints.len() - level;
    let text = task.hints.get(level - 1).map(String::as_str).unwrap_or_default();
    let head = format!("{number} {name}: hint {level} of {}", task.hints.len());
    let again = if again { " (there are no more; this one again)" } else { "" };
    let after = match left {
        0 => line(Tone::Dim, "That was the last. Ours is shown by ")
            .and(Tone::Code, format!("cargo strata reveal {number} {name}")),
        _ => line(Tone::Dim, format!("{} left. The next: ", practice::plural(left, "hint")))
            .and(Tone::Code, format!("cargo strata hint {number} {name}")),
    };
    let mut lines = vec![line(Tone::Head, head).and(Tone::Dim, again), Line::default()];
    lines.extend(practice::prose(text, 0));
    lines.extend([Line::default(), after]);
    lines
}
