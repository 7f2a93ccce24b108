//! `strata list`: every task, and how far it is.

use super::practice::{self, Board, Line, Row, State, Tone, line};
use crate::failure::Outcome;
use crate::ui;
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, IsTerminal};
use strata_grader::Language;
use strata_grader::catalog::{Exercise, Kind};
use strata_grader::home::Home;
use strata_grader::progress::Status;

const EXAMPLES: &str = "\
Examples:
  cargo strata list
  cargo strata list ex03
  cargo strata list --json

✓ solved   ✗ wrong   ~ changed since it was judged   • begun   · untouched   ! its files are gone";

/// Narrower than this, titles are left out.
const WIDE: usize = 110;

/// Every task of the exercises, and how far you are with it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ListArgs {
    /// Only this exercise: ex03, 3 or matmul
    #[arg(value_name = "EXERCISE")]
    exercise: Option<String>,
    /// Print one JSON object, with the path of every file
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ListArgs) -> Outcome {
    let home = practice::home()?;
    let only = args.exercise.as_deref().map(practice::exercise).transpose()?;
    let board = Board::look(&home, only)?;
    board.warning.iter().for_each(|text| ui::warn(text));
    if args.json {
        ui::json(&machine(&home, &board))?;
        return Ok(0);
    }
    let wide = ui::width() >= WIDE;
    let mut lines = Vec::new();
    for (exercise, rows) in board.exercises() {
        lines.extend(group(exercise, rows, wide));
    }
    let width = ui::width();
    if io::stdout().is_terminal() {
        lines.iter_mut().for_each(|line| *line = line.cut(width));
    }
    lines.push(summary(&board));
    practice::print(&lines)?;
    Ok(0)
}

/// An exercise: its name, and a line for each task.
fn group(exercise: &Exercise, rows: &[Row], wide: bool) -> Vec<Line> {
    let (done, all) = (Board::solved(rows), rows.len());
    let mut lines = vec![
        line(Tone::Head, exercise.name)
            .and(Tone::Plain, format!("  {}", exercise.title))
            .and(Tone::Dim, format!("  {done} of {all}")),
    ];
    let pad = |f: fn(&Row) -> usize| rows.iter().map(f).max().unwrap_or(0);
    let name = pad(|row| row.task.name.chars().count());
    let title = if wide { pad(|row| row.task.title.chars().count()) + 2 } else { 0 };
    let kind = pad(|row| practice::kind(row.task).chars().count());
    for row in rows {
        let (tone, mark) = mark(row.state);
        let text = if wide { row.task.title.as_str() } else { "" };
        let kind = format!("{:<kind$}  ", practice::kind(row.task));
        let time = format!("{:>7}  ", practice::minutes(row.task.minutes));
        let head = line(tone, format!("  {mark} "));
        let head = head.and(Tone::Plain, format!("{:<name$}  {text:<title$}", row.task.name));
        // Where there is no room for all, the kind is the first to go.
        lines.push(match wide {
            true => head.and(Tone::Dim, time + &kind).and(tone, row.languages()),
            false => {
                head.and(Tone::Dim, time).and(tone, row.languages() + "  ").and(Tone::Dim, kind)
            }
        });
    }
    lines.push(Line::default());
    lines
}

/// How a task stands, as a sign.
pub fn mark(state: State) -> (Tone, char) {
    match state {
        State::Solved => (Tone::Good, '✓'),
        State::Failed => (Tone::Bad, '✗'),
        State::Stale => (Tone::Warn, '~'),
        State::Edited => (Tone::Warn, '•'),
        State::Untouched => (Tone::Dim, '·'),
        State::Gone => (Tone::Bad, '!'),
    }
}

fn summary(board: &Board) -> Line {
    let (done, all) = (Board::solved(&board.rows), board.rows.len());
    let (full, rest) = practice::bar(done, all, 30);
    let left = match Board::minutes(&board.rows) {
        0 => String::new(),
        minutes => format!(", about {} left", practice::minutes(minutes)),
    };
    let line = line(Tone::Good, full).and(Tone::Dim, rest);
    let line = line
        .and(Tone::Plain, format!("  {done} of {} solved{left}", practice::plural(all, "task")));
    match board.next() {
        Some(_) => line.and(Tone::Plain, ". Go on with ").and(Tone::Code, "cargo strata next"),
        None => line,
    }
}

fn machine(home: &Home, board: &Board) -> Value {
    let exercises = board.exercises().map(|(exercise, rows)| {
        let tasks: Vec<Value> = rows.iter().map(|row| one(home, row)).collect();
        json!({
            "name": exercise.name,
            "title": exercise.title,
            "chapter": exercise.chapter,
            "page": exercise.page,
            "tasks": tasks,
        })
    });
    json!({
        "root": home.root,
        "tasks": board.rows.len(),
        "solved": Board::solved(&board.rows),
        "minutes_left": Board::minutes(&board.rows),
        "exercises": exercises.collect::<Vec<_>>(),
    })
}

fn one(home: &Home, row: &Row) -> Value {
    let status = |&(language, status): &(Language, Option<Status>)| {
        let word = match status {
            Some(Status::Untouched) => "untouched",
            Some(Status::Edited) => "edited",
            Some(Status::Passed) => "passed",
            Some(Status::Failed) => "failed",
            Some(Status::Stale) => "stale",
            None => "gone",
        };
        (language.to_string().to_lowercase(), Value::from(word))
    };
    let task = row.task;
    let files: Vec<_> =
        task.files.iter().map(|file| home.root.join(&task.exercise).join(file)).collect();
    json!({
        "name": task.name,
        "title": task.title,
        "kind": if task.kind == Kind::Rust { "rust" } else { "kernel" },
        "bug": task.bug,
        "minutes": task.minutes,
        "contract": task.contract.as_ref().map(|(op, rung)| format!("{op}={rung}")),
        "state": row.state.name(),
        "languages": row.by.iter().map(status).collect::<serde_json::Map<_, _>>(),
        "files": files,
    })
}
