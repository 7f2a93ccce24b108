//! Two texts side by side: what is equal is dim, what differs is coloured, what is far from any
//! difference is left out.

use crate::ui;
use similar::{DiffOp, TextDiff};
use std::fmt::Write;
use std::time::Duration;

/// Equal lines shown around a difference.
const CONTEXT: usize = 3;
/// How long the shortest difference is looked for; then a longer one will do.
const PATIENCE: Duration = Duration::from_secs(2);
/// Narrower than this, the texts stand one below the other.
const NARROW: usize = 90;

/// A line of the picture: numbers and texts of both sides, `None` where a side has no such line.
type Row<'a> = (Option<(usize, &'a str)>, Option<(usize, &'a str)>);

/// `left` and `right` under their headings, in `width` columns.
pub fn side_by_side(headings: [&str; 2], left: &str, right: &str, width: usize) -> String {
    // Two texts that have nothing in common would take the square of their lengths.
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(left, right);
    let (old, new): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let mut out = String::new();
    let groups = diff.grouped_ops(CONTEXT);
    if groups.is_empty() {
        return "The two files are the same.\n".into();
    }
    let half = if width < NARROW { width.saturating_sub(8) } else { (width - 3) / 2 - 6 };
    if width >= NARROW {
        let (head, dim) = (ui::HEAD, ui::DIM);
        let [a, b] = headings.map(|h| fit(h, half + 6));
        let _ = writeln!(out, "{head}{a}{head:#} {dim}│{dim:#} {head}{}{head:#}", b.trim_end());
    }
    for (i, group) in groups.iter().enumerate() {
        if i > 0 {
            let dim = ui::DIM;
            let _ = writeln!(out, "{dim}{}{dim:#}", "·".repeat(width.min(2 * half + 15)));
        }
        for op in group {
            let equal = matches!(op, DiffOp::Equal { .. });
            for row in rows(op, &old, &new) {
                match width < NARROW {
                    true => below(&mut out, row, equal, half),
                    false => beside(&mut out, row, equal, half),
                }
            }
        }
    }
    out
}

fn rows<'a>(op: &DiffOp, old: &[&'a str], new: &[&'a str]) -> Vec<Row<'a>> {
    let (a, b) = (op.old_range(), op.new_range());
    let line = |list: &[&'a str], range: &std::ops::Range<usize>, i: usize| {
        let at = range.start + i;
        (at < range.end).then(|| (at + 1, list.get(at).copied().unwrap_or_default()))
    };
    (0..a.len().max(b.len())).map(|i| (line(old, &a, i), line(new, &b, i))).collect()
}

fn beside(out: &mut String, (left, right): Row, equal: bool, half: usize) {
    let cell = |side: Option<(usize, &str)>, style: ui::Paint| {
        let style = if equal { ui::DIM } else { style };
        match side {
            Some((number, text)) => {
                let dim = ui::DIM;
                format!("{dim}{number:>4}{dim:#}  {style}{}{style:#}", fit(text, half))
            }
            None => " ".repeat(half + 6),
        }
    };
    let dim = ui::DIM;
    let (left, right) = (cell(left, ui::BAD), cell(right, ui::GOOD));
    let _ = writeln!(out, "{left} {dim}│{dim:#} {right}");
}

fn below(out: &mut String, (left, right): Row, equal: bool, half: usize) {
    let mut line = |mark: char, side: Option<(usize, &str)>, style: ui::Paint| {
        if let Some((number, text)) = side {
            let text = fit(text, half);
            let _ = writeln!(out, "{style}{mark} {number:>4}  {}{style:#}", text.trim_end());
        }
    };
    if equal {
        line(' ', right, ui::DIM);
        return;
    }
    line('-', left, ui::BAD);
    line('+', right, ui::GOOD);
}

/// The text in exactly `width` columns.
fn fit(text: &str, width: usize) -> String {
    let text = strata_files::printable(&text.replace('\t', "    ")).into_owned();
    let count = text.chars().count();
    if count <= width {
        return format!("{text}{}", " ".repeat(width - count));
    }
    let head: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: usize) -> String {
        let left = "a\nb\nsum += x;\nc\nd\ne\nf\ng\nh\n";
        let right = "a\nb\nsum += x * y;\nbarrier();\nc\nd\ne\nf\ng\nh\n";
        let text = side_by_side(["yours", "ours"], left, right, width);
        anstream::adapter::strip_str(&ui::safe(&text)).to_string()
    }

    #[test]
    fn wide_terminals_show_both_sides() {
        let text = plain(100);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert!(lines[0].starts_with("yours") && lines[0].ends_with("ours"));
        let changed = lines.iter().find(|l| l.contains("x * y")).unwrap();
        assert!(changed.contains("3  sum += x;") && changed.contains("│    3  sum += x * y;"));
        let added = lines.iter().find(|l| l.contains("barrier")).unwrap();
        assert!(added.trim_start().starts_with('│'));
        assert!(!text.contains("  9  h"), "far lines are left out");
        let bars: Vec<_> = lines.iter().filter_map(|l| l.chars().position(|c| c == '│')).collect();
        assert!(bars.windows(2).all(|w| w[0] == w[1]), "{text}");
    }

    #[test]
    fn narrow_terminals_show_one_below_the_other() {
        let text = plain(60);
        assert!(text.contains("-    3  sum += x;\n+    3  sum += x * y;\n"), "{text}");
        assert!(text.lines().all(|l| l.chars().count() <= 60));
    }

    #[test]
    fn equal_texts_say_so() {
        assert_eq!(side_by_side(["", ""], "a\n", "a\n", 100), "The two files are the same.\n");
    }
}
