//! The words on the screen: the verdict in one line, and what there is to say about it.

use super::app::{App, Word};
use crate::commands::practice::{self, Line, Row, State, Tone, line};
use strata_grader::graded::{Graded, solved};
use strata_grader::progress::Status;

/// The verdict: how it is meant, in a word, and in more words.
pub fn verdict(app: &App) -> (Tone, &'static str, String) {
    let row = app.row();
    if let Some(said) = &app.judging {
        let said = said.strip_prefix("judging ").unwrap_or(said);
        return (Tone::Warn, "… judging", said.into());
    }
    match app.word() {
        Some(Word::Trouble(_)) => (Tone::Bad, "! not judged", String::new()),
        Some(Word::Graded(list)) if solved(list) => (Tone::Good, "✓ right", practice::parts(list)),
        Some(Word::Graded(list)) if practice::undecided(list) => {
            (Tone::Warn, "SKIPPED", practice::parts(list))
        }
        Some(Word::Graded(list)) => (Tone::Bad, "✗ wrong", practice::parts(list)),
        None => match row.state {
            State::Untouched => (Tone::Dim, "not begun", String::new()),
            State::Solved => (Tone::Good, "✓ right", row.languages()),
            State::Gone => (Tone::Bad, "! gone", "its files are not there".into()),
            _ => (Tone::Warn, "begun", row.languages()),
        },
    }
}

/// What there is to say about it.
pub fn body(app: &App) -> Vec<Line> {
    let row = app.row();
    let mut lines = note(app);
    lines.extend(hints(app));
    let before = lines.len();
    match app.word() {
        Some(Word::Trouble(text)) => lines.extend(text.lines().map(|text| line(Tone::Plain, text))),
        Some(Word::Graded(list)) if solved(list) => lines.extend(done(app)),
        Some(Word::Graded(list)) => {
            lines.extend(practice::skipped(list));
            lines.extend(wrong(row, list));
        }
        None => match row.state {
            State::Solved => lines.extend(done(app)),
            State::Gone => {
                lines.push(line(Tone::Plain, "x writes the files again, as they came."));
            }
            State::Untouched => lines.extend(begin(row)),
            _ if app.judging.is_some() => {}
            _ => lines.push(line(Tone::Plain, "Save it, or press r: it is judged at once.")),
        },
    }
    if app.judging.is_some() {
        // What was said of the text before.
        let old = lines.iter_mut().skip(before).flat_map(|line| &mut line.0);
        old.for_each(|span| span.tone = Tone::Dim);
    }
    lines
}

fn note(app: &App) -> Vec<Line> {
    match &app.note {
        Some((tone, text)) => vec![line(*tone, text.clone()), Line::default()],
        None => Vec::new(),
    }
}

fn hints(app: &App) -> Vec<Line> {
    let task = app.row().task;
    let mut lines = Vec::new();
    let count = task.hints.len();
    // The newest first: it is the one that was asked for.
    for (i, hint) in task.hints.iter().enumerate().take(app.hint).rev() {
        let newest = i + 1 == app.hint;
        let tone = if newest { Tone::Plain } else { Tone::Dim };
        let head = if newest { Tone::Warn } else { Tone::Dim };
        lines.push(line(head, format!("Hint {} of {count}", i + 1)));
        lines.push(line(tone, practice::one_line(hint)));
        lines.push(Line::default());
    }
    if app.hint == count {
        let name = &task.name;
        let command =
            format!("cargo strata reveal {} {name}", practice::number(app.row().exercise));
        lines.insert(2, line(Tone::Dim, "That was the last one. Ours: ").and(Tone::Code, command));
    }
    lines
}

fn begin(row: &Row) -> Vec<Line> {
    let what = match row.task.bug {
        true => "Find the bug and mend it. ",
        false => "Open a file, fill its TODO and save. ",
    };
    vec![line(Tone::Plain, what).and(Tone::Plain, "Your answer is judged at once.")]
}

fn wrong(row: &Row, list: &[Graded]) -> Vec<Line> {
    let begun: Vec<Graded> = list.iter().filter(|g| g.verdict.is_some()).cloned().collect();
    practice::details(row.task, &begun)
}

/// What can be done after a right answer.
fn done(app: &App) -> Vec<Line> {
    let row = app.row();
    let (number, name) = (practice::number(row.exercise), &row.task.name);
    let labelled = |label: &str| line(Tone::Dim, format!("  {label:<9}  "));
    let mut lines = Vec::new();
    let others = app.rows.iter().cycle().skip(app.at + 1).take(app.rows.len() - 1);
    let open = others.clone().find(|other| other.state != State::Solved);
    lines.push(match open {
        Some(next) => {
            let time = practice::minutes(next.task.minutes);
            let name = format!("{} {}: ", practice::number(next.exercise), next.task.name);
            labelled("next: n")
                .and(Tone::Head, name)
                .and(Tone::Plain, next.task.title.clone())
                .and(Tone::Dim, format!(", about {time}"))
        }
        None => labelled("done").and(Tone::Good, "every task here is solved"),
    });
    let diff = format!("cargo strata diff {number} {name}");
    lines.push(labelled("compare").and(Tone::Code, diff).and(Tone::Dim, "   yours beside ours"));
    if let Some((op, rung)) = &row.task.contract {
        let what = format!("   it stands in for our {op}={rung}");
        let train = labelled("train").and(Tone::Code, "cargo strata train --mine");
        lines.push(train.and(Tone::Dim, what));
    }
    for (language, status) in &row.by {
        if *status == Some(Status::Untouched) {
            let text = format!("{language} is still as it came: the same idea once more");
            lines.push(labelled("as well").and(Tone::Dim, text));
        }
    }
    lines
}
