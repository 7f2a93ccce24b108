use super::{Cell, Failing, Row, Table};
use std::fmt;

/// Colours by their number in the terminal's palette.
const GREEN: &str = "32";
const RED: &str = "31;1";
const YELLOW: &str = "33";
const DIM: &str = "2";

impl Cell {
    /// What the table shows, and in which colour.
    fn shown(&self) -> (String, &'static str) {
        match self {
            Cell::Pass { share, .. } => (format!("ok {:>4}", percent(*share)), GREEN),
            Cell::Fail { .. } => ("FAIL".into(), RED),
            Cell::Compiles { .. } => ("compiles".into(), GREEN),
            Cell::Absent => ("-".into(), DIM),
            Cell::Skipped { .. } => ("skipped".into(), YELLOW),
        }
    }
}

/// A share of a tolerance: whole percents, but never 0 where there was a difference.
fn percent(share: f64) -> String {
    match share {
        0.0 => "0%".into(),
        s if s < 0.01 => "<1%".into(),
        s => format!("{:.0}%", 100.0 * s),
    }
}

/// An aligned table, the reasons for skips, and every failure's report. Plain with `{}`, coloured
/// with `{:#}`.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coloured = f.alternate();
        let paint = |text: &str, colour: &str| match coloured {
            true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            false => text.to_string(),
        };
        let longest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let op = longest(&mut self.rows.iter().map(|r| r.op.len())).max(2);
        let rung = longest(&mut self.rows.iter().map(|r| r.rung.len())).max(4);
        let columns = self.columns.iter().enumerate().map(|(c, column)| {
            let cells = self.rows.iter().filter_map(|r| r.cells.get(c));
            longest(&mut cells.map(|cell| cell.shown().0.len()).chain([column.name.len()]))
        });
        let widths: Vec<usize> = columns.collect();

        let mut head = format!("{:op$}  {:rung$}  in  ", "op", "rung");
        for (column, width) in self.columns.iter().zip(&widths) {
            head += &format!("  {:width$}", column.name);
        }
        writeln!(f, "{}", paint(head.trim_end(), "1"))?;
        let mut last = ("", "");
        for row in &self.rows {
            let name = if row.op == last.0 { "" } else { row.op };
            let step = if (row.op, row.rung) == last { "" } else { row.rung };
            last = (row.op, row.rung);
            let mut line = format!("{name:op$}  {step:rung$}  {:4}", row.precision);
            for (cell, width) in row.cells.iter().zip(&widths) {
                let (text, colour) = cell.shown();
                line += &format!("  {}", paint(&format!("{text:width$}"), colour));
            }
            writeln!(f, "{}", line.trim_end())?;
        }

        writeln!(f)?;
        for column in &self.columns {
            let (name, seconds) = (&column.name, column.seconds);
            match (&column.device, &column.skipped) {
                (Some(device), _) => writeln!(f, "{name}: {device} ({seconds:.1} s)")?,
                (None, Some(reason)) => {
                    writeln!(f, "{}", paint(&format!("SKIPPED: {name}: {reason}"), YELLOW))?
                }
                (None, None) => {}
            }
        }
        for (row, column, reason) in self.rows.iter().flat_map(|row| {
            row.cells.iter().zip(&self.columns).filter_map(move |(cell, column)| match cell {
                Cell::Skipped { reason } if column.skipped.is_none() => Some((row, column, reason)),
                _ => None,
            })
        }) {
            let Row { op, rung, precision, .. } = row;
            let line = format!("SKIPPED: {op} {rung} in {precision} on {}: {reason}", column.name);
            writeln!(f, "{}", paint(&line, YELLOW))?;
        }
        let ok = "ok N%: every element within its tolerance, the worst using N% of it";
        let compiles = "compiles: by NVRTC, for sm_80 and sm_90a; there is no card to run it";
        let used = |want: fn(&Cell) -> bool| self.rows.iter().any(|r| r.cells.iter().any(want));
        if used(|c| matches!(c, Cell::Pass { .. })) {
            writeln!(f, "{}", paint(ok, DIM))?;
        }
        if used(|c| matches!(c, Cell::Compiles { .. })) {
            writeln!(f, "{}", paint(compiles, DIM))?;
        }

        for op in &self.unchecked {
            writeln!(f, "\n{}: {op} has no case in crates/parity", paint("FAIL", RED))?;
        }
        for failing in self.failures() {
            let Failing { op, rung, precision, device, .. } = failing;
            let title = format!("FAIL: {op} {rung} in {precision} on {device}");
            writeln!(f, "\n{}\n{}", paint(&title, RED), failing.report.trim_end())?;
        }
        Ok(())
    }
}
