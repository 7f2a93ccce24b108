//! Text with a meaning: lines whose stretches say how they are meant, for the command's output and
//! for the screen of `watch` alike.

use crate::ui::{self, Paint};
use anstyle::Style;
use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

/// Longer lines of prose are hard to read.
const MEASURE: usize = 92;

/// What the lines of a report's table begin with.
const TABLE: &str = "             ";

/// How a stretch of text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    Plain,
    /// What comes first.
    Head,
    /// Right.
    Good,
    /// Left out, or doubtful.
    Warn,
    /// Wrong.
    Bad,
    /// What matters less.
    Dim,
    /// What can be typed, or clicked on.
    Code,
}

impl Tone {
    fn style(self) -> Paint {
        match self {
            Tone::Plain => Paint(Style::new()),
            Tone::Head => ui::HEAD,
            Tone::Good => ui::GOOD,
            Tone::Warn => ui::WARN,
            Tone::Bad => ui::BAD,
            Tone::Dim => ui::DIM,
            Tone::Code => ui::CODE,
        }
    }
}

/// A stretch of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// How it is meant.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Span>);

impl Line {
    /// With one more stretch. It may quote anybody: what a terminal would obey is spelled out.
    pub fn and(mut self, tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into().replace('\t', "    ").replace("\r\n", " ").replace('\n', " ");
        let text = match strata_files::printable(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(spelled) => spelled,
        };
        self.0.push(Span { tone, text });
        self
    }

    /// What it says.
    pub fn text(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }

    /// As much of the line as fits.
    pub fn cut(&self, width: usize) -> Line {
        let mut left = width;
        let mut short = Line::default();
        for span in self.0.iter().filter(|span| !span.text.is_empty()) {
            if left == 0 {
                break;
            }
            let text = cut(&span.text, left);
            left -= text.chars().count().min(left);
            short = short.and(span.tone, text);
        }
        short
    }

    /// The line in several of at most `width` columns, broken between words; what follows stands
    /// below the first word of the line, or of what its label says.
    pub fn wrapped(&self, width: usize) -> Vec<Line> {
        let text = self.text();
        if text.chars().count() <= width {
            return vec![self.clone()];
        }
        let indent = indent(&text);
        let indent = if indent + 16 > width { 0 } else { indent };
        let mut lines: Vec<Line> = vec![Line::default()];
        let (mut column, mut start) = (0, true);
        for span in &self.0 {
            for piece in pieces(&span.text) {
                let mut piece = piece.to_string();
                let mut length = piece.chars().count();
                if !start && column + piece.trim_end().chars().count() > width {
                    lines.push(Line::default().and(Tone::Plain, " ".repeat(indent)));
                    piece = piece.trim_start().to_string();
                    length = piece.chars().count();
                    column = indent;
                }
                // A word that is longer than a line is cut.
                while column + piece.trim_end().chars().count() > width {
                    let room = width.saturating_sub(column).max(1);
                    let head: String = piece.chars().take(room).collect();
                    piece = piece.chars().skip(room).collect();
                    length = piece.chars().count();
                    push(&mut lines, span.tone, head);
                    lines.push(Line::default().and(Tone::Plain, " ".repeat(indent)));
                    column = indent;
                }
                column += length;
                start = false;
                push(&mut lines, span.tone, piece);
            }
        }
        lines
    }
}

/// As much of a text as fits.
pub fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.into(),
        false => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}

fn push(lines: &mut [Line], tone: Tone, text: String) {
    let Some(line) = lines.last_mut() else { return };
    match line.0.last_mut() {
        Some(last) if last.tone == tone => last.text.push_str(&text),
        _ => line.0.push(Span { tone, text }),
    }
}

/// Words, each with the spaces before it; at last the spaces after all.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.trim_start_matches(' ');
        let after = word.trim_start_matches(|c| c != ' ');
        // `after` is the end of `rest`.
        let (piece, after) = rest.split_at(rest.len() - after.len());
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Where the text of a line begins: after its spaces, and after a label such as `  diagnosis  `.
fn indent(text: &str) -> usize {
    let spaces = text.chars().take_while(|&c| c == ' ').count();
    match label(text) {
        Some((label, _)) => label.chars().count(),
        None => spaces,
    }
}

/// The label that a line of a report begins with, with the spaces around it, and what follows.
pub fn label(line: &str) -> Option<(&str, &str)> {
    let inner = line.strip_prefix("  ").filter(|inner| !inner.starts_with(' '))?;
    let (name, rest) = inner.split_once("  ")?;
    let named = name.chars().all(|c| c.is_ascii_lowercase() || c == ' ') && name.len() <= 11;
    let rest = rest.trim_start_matches(' ');
    let label = line.strip_suffix(rest).filter(|_| named && !rest.is_empty())?;
    Some((label, rest))
}

/// Lines in this width: tables move to the left where that helps, all else is broken.
pub fn fit(lines: &[Line], width: usize) -> Vec<Line> {
    let in_table = |line: &Line| line.text().starts_with(TABLE);
    let mut fitting = Vec::new();
    for group in lines.chunk_by(|a, b| in_table(a) == in_table(b)) {
        let longest = group.iter().map(|line| line.text().chars().count()).max().unwrap_or(0);
        let table = group.first().is_some_and(in_table);
        let left = if table { longest.saturating_sub(width).min(TABLE.len() - 2) } else { 0 };
        for line in group {
            let mut line = line.clone();
            if let Some(first) = line.0.first_mut() {
                first.text.drain(..left);
            }
            fitting.extend(line.wrapped(width));
        }
    }
    fitting
}

/// A line with one meaning.
pub fn line(tone: Tone, text: impl Into<String>) -> Line {
    Line::default().and(tone, text)
}

/// Prose in lines that are easy to read, indented by so many columns.
pub fn prose(text: &str, indent: usize) -> Vec<Line> {
    let whole: Vec<&str> = text.split_whitespace().collect();
    let whole = line(Tone::Plain, " ".repeat(indent) + &whole.join(" "));
    whole.wrapped(ui::width().min(MEASURE))
}

/// Prints lines, broken to the terminal's width where there is one.
///
/// # Errors
/// Nobody listens.
pub fn print(lines: &[Line]) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return print_whole(lines);
    }
    let width = ui::width();
    print_whole(&fit(lines, width))
}

/// Prints lines as long as they are: somebody may want to copy them.
///
/// # Errors
/// Nobody listens.
pub fn print_whole(lines: &[Line]) -> io::Result<()> {
    let mut out = ui::out();
    for line in lines {
        let mut left = line.text().trim_end().len();
        for span in &line.0 {
            let whole = span.text.as_str();
            let text = whole.split_at_checked(left).map_or(whole, |(head, _)| head);
            left -= text.len();
            let style = span.tone.style();
            write!(out, "{style}{text}{style:#}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        line(Tone::Plain, text).wrapped(width).iter().map(Line::text).collect()
    }

    #[test]
    fn long_lines_hang_below_their_label() {
        assert_eq!(label("  diagnosis  a word"), Some(("  diagnosis  ", "a word")));
        assert_eq!(label("  diagnosis  "), None);
        assert_eq!(label("  --> src/a.rs:1"), None);
        assert_eq!(label("             [0, 0]  1.0"), None);
        let lines = wrapped("  diagnosis  one two three four five six", 30);
        assert_eq!(lines, ["  diagnosis  one two three", "             four five six"]);
        assert_eq!(wrapped("  a bb ccc dddd eeeee ffffff gggg", 22).len(), 2);
        assert_eq!(wrapped("short", 30), ["short"]);
    }

    #[test]
    fn tables_move_before_they_break() {
        let table = |rest: &str| line(Tone::Plain, format!("{TABLE}{rest}"));
        let lines = [line(Tone::Plain, "differ"), table("index   got"), table("[0]  1.0, lane 0")];
        let fitted: Vec<String> = fit(&lines, 22).iter().map(Line::text).collect();
        assert_eq!(fitted, ["differ", "      index   got", "      [0]  1.0, lane 0"]);
    }

    #[test]
    fn words_longer_than_a_line_are_cut_and_none_is_lost() {
        for width in 1..30 {
            let text = "ab abcdefghijklmnopqrstuvwxyz c";
            let lines = wrapped(text, width);
            assert!(lines.iter().all(|l| l.chars().count() <= width), "{width}: {lines:?}");
            let all: String = lines.concat().replace(' ', "");
            assert_eq!(all, text.replace(' ', ""));
        }
    }

    #[test]
    fn tones_survive_a_break() {
        let both = line(Tone::Bad, "one two").and(Tone::Code, " three four");
        let lines = both.wrapped(9);
        assert_eq!(lines[0], line(Tone::Bad, "one two"));
        let label = line(Tone::Dim, "  diagnosis  ").and(Tone::Head, "one two three four");
        assert_eq!(label.wrapped(30)[0].text(), "  diagnosis  one two three");
        assert_eq!(lines[1].0.last().map(|s| s.tone), Some(Tone::Code));
    }
}
