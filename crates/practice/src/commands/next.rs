//! `strata next`: the next task, and all it takes to begin it.

use super::practice::{self, Board, Hints, Line, Row, State, Tone, line};
use crate::failure::Outcome;
use crate::ui;
use clap::Args;
use strata_grader::catalog::Exercise;
use strata_grader::home::Home;

const EXAMPLES: &str = "\
Examples:
  cargo strata next
  cargo strata next ex05                 the next task of this exercise";

/// The next task that is not solved: what to do, where, and how it is judged.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct NextArgs {
    /// Only this exercise: ex03, 3 or matmul
    #[arg(value_name = "EXERCISE")]
    exercise: Option<String>,
}

pub fn run(args: &NextArgs) -> Outcome {
    let home = practice::home()?;
    let only = args.exercise.as_deref().map(practice::exercise).transpose()?;
    let board = Board::look(&home, only)?;
    board.warning.iter().for_each(|text| ui::warn(text));
    let lines = match board.next() {
        Some(row) => begin(&home, &board, row),
        None => finished(only),
    };
    practice::print(&lines)?;
    Ok(0)
}

/// A task, and all it takes to begin it.
pub fn begin(home: &Home, board: &Board, row: &Row) -> Vec<Line> {
    let (exercise, task) = (row.exercise, row.task);
    let (number, name) = (practice::number(exercise), &task.name);
    let place = exercise.tasks.iter().position(|t| t.name == *name).unwrap_or(0) + 1;
    let about = format!(
        "{}, about {}; task {place} of {} in {}",
        practice::kind(task),
        practice::minutes(task.minutes),
        exercise.tasks.len(),
        exercise.name
    );
    let mut lines = vec![
        line(Tone::Head, format!("{number} {name}: {}", task.title)),
        line(Tone::Dim, about),
        Line::default(),
    ];
    lines.extend(practice::prose(&task.goal, 0));
    lines.push(Line::default());
    let labelled = |label: &str| line(Tone::Dim, format!("  {label:<9}  "));
    let mut label = "files";
    for file in row.files(home) {
        lines.push(labelled(label).and(Tone::Code, file.display().to_string()));
        label = "";
    }
    if row.state != State::Untouched {
        lines.push(labelled("state").and(Tone::Plain, row.languages()));
    }
    if row.state == State::Gone {
        let command = format!("cargo strata reset {number} {name}");
        lines.push(labelled("get them").and(Tone::Code, command));
    }
    let left = task.hints.len() - Hints::load(home).seen(task);
    let rows = [
        ("judge", format!("cargo strata check {number} {name}"), String::new()),
        ("", format!("cargo test -p {} {name}", exercise.name), String::new()),
        ("on save", format!("cargo strata watch {number}"), String::new()),
        ("hint", format!("cargo strata hint {number} {name}"), format!("   {left} left")),
        ("read", exercise.page.clone(), String::new()),
    ];
    for (label, code, more) in rows {
        lines.push(labelled(label).and(Tone::Code, code).and(Tone::Dim, more));
    }
    let (done, all) = (Board::solved(&board.rows), board.rows.len());
    let (full, rest) = practice::bar(done, all, 30);
    lines.push(Line::default());
    let bar = line(Tone::Good, full).and(Tone::Dim, rest);
    lines.push(bar.and(Tone::Plain, format!("  {done} of {}", practice::plural(all, "task"))));
    lines
}

fn finished(only: Option<&Exercise>) -> Vec<Line> {
    match only {
        Some(exercise) => vec![
            line(Tone::Good, format!("Every task of {} is solved.", exercise.name)),
            line(Tone::Plain, "Go on with ").and(Tone::Code, "cargo strata next"),
        ],
        None => vec![
            line(Tone::Good, "Every task is solved."),
            line(Tone::Plain, "Now train a model on your own kernels: ")
                .and(Tone::Code, "cargo strata train --mine"),
        ],
    }
}
