//! `strata progress`: how far you are, and how much is left.

use super::practice::{self, Board, Line, Row, State, Tone, line};
use crate::failure::Outcome;
use crate::ui;
use clap::Args;
use strata_grader::progress::Status;

const EXAMPLES: &str = "\
Examples:
  cargo strata progress
  cargo strata progress && cargo strata next

A result counts for the text it was found with: an answer that was edited since is judged again by
`cargo strata check`, `cargo strata watch` or `cargo test`.";

/// How far you are: a bar for each exercise, the time that is left, the kernels you can train on.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ProgressArgs {}

pub fn run(_: &ProgressArgs) -> Outcome {
    let home = practice::home()?;
    let board = Board::look(&home, None)?;
    board.warning.iter().for_each(|text| ui::warn(text));
    practice::print(&shown(&board))?;
    Ok(0)
}

fn shown(board: &Board) -> Vec<Line> {
    let name = board.rows.iter().map(|row| row.exercise.name.len()).max().unwrap_or(0);
    let mut lines: Vec<Line> = board
        .exercises()
        .map(|(exercise, rows)| bar(exercise.name, name, rows, Tone::Plain))
        .collect();
    lines.push(Line::default());
    lines.push(bar("all", name, &board.rows, Tone::Head));
    lines.extend(trainable(board));
    lines.extend(stale(board));
    lines
}

/// `ex03-matmul  ━━━━━━──────  2 of 5   1 h 10 min left`
fn bar(name: &str, width: usize, rows: &[Row], tone: Tone) -> Line {
    let (done, all) = (Board::solved(rows), rows.len());
    let (full, rest) = practice::bar(done, all, 24);
    let wrong = rows.iter().filter(|row| row.state == State::Failed).count();
    let left = match (done == all, Board::minutes(rows)) {
        (true, _) => "done".to_string(),
        (false, minutes) => format!("{} left", practice::minutes(minutes)),
    };
    let line = line(tone, format!("{name:<width$}  ")).and(Tone::Good, full).and(Tone::Dim, rest);
    let line = line.and(Tone::Plain, format!("  {done:>2} of {all:<2}  {left:>14}"));
    match wrong {
        0 => line,
        _ => line.and(Tone::Bad, format!("   {wrong} wrong")),
    }
}

/// The kernels that `train --mine` would take.
fn trainable(board: &Board) -> Vec<Line> {
    let contracts: Vec<&Row> = board.rows.iter().filter(|r| r.task.contract.is_some()).collect();
    let ready = |row: &&&Row| row.by.iter().any(|(_, status)| *status == Some(Status::Passed));
    let ready: Vec<String> = contracts.iter().filter(ready).map(|row| named(row)).collect();
    if contracts.is_empty() {
        return Vec::new();
    }
    let count = format!("kernels to train on: {} of {}", ready.len(), contracts.len());
    let mut lines = vec![Line::default()];
    if ready.is_empty() {
        let first = contracts.first().map(|row| {
            format!("; the first is {} {}", practice::number(row.exercise), row.task.name)
        });
        lines.push(line(Tone::Plain, count).and(Tone::Dim, first.unwrap_or_default()));
        return lines;
    }
    lines.push(line(Tone::Plain, format!("{count}: ")).and(Tone::Good, ready.join(", ")));
    lines.push(line(Tone::Plain, "Train on them: ").and(Tone::Code, "cargo strata train --mine"));
    lines
}

/// `matmul=3_tiled (WGSL)`
fn named(row: &Row) -> String {
    let (op, rung) = row.task.contract.clone().unwrap_or_default();
    let right = row.by.iter().filter(|(_, status)| *status == Some(Status::Passed));
    let right: Vec<String> = right.map(|(language, _)| language.to_string()).collect();
    format!("{op}={rung} ({})", right.join(", "))
}

/// Results that no longer count.
fn stale(board: &Board) -> Vec<Line> {
    let rows = board.rows.iter().filter_map(|row| Some((row, row.stale.as_ref()?)));
    let mut lines: Vec<Line> = rows
        .map(|(row, why)| {
            let (number, name) = (practice::number(row.exercise), &row.task.name);
            line(Tone::Warn, format!("~ {number} {name}: {why}. "))
                .and(Tone::Code, format!("cargo strata check {number} {name}"))
        })
        .collect();
    if !lines.is_empty() {
        lines.insert(0, Line::default());
    }
    lines
}
