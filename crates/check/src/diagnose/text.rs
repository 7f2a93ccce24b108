//! The words: how a report and its diagnoses are put for a person.

use super::Diagnosis;
use super::owner::Owner;
use crate::report::{Details, Mismatch};
use std::fmt;

/// Writes a whole report.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, report: &Details) -> fmt::Result {
    writeln!(
        f,
        "{}/{} is wrong on {}",
        report.op, report.rung, report.device
    )?;
    let shapes = shapes(report);
    if !shapes.is_empty() {
        writeln!(f, "  shapes     {shapes}")?;
    }
    match report.wrong_length {
        Some(found) => writeln!(
            f,
            "  length     {found} elements came back, {} are wanted",
            report.total
        )?,
        None => write!(
            f,
            "  differ     {} of {} elements",
            report.differ, report.total
        )?,
    }
    if let Some((difference, index)) = &report.largest {
        write!(f, ", at most by {} at {index:?}", number(*difference))?;
    }
    if report.wrong_length.is_none() {
        writeln!(f)?;
    }
    if !report.first.is_empty() {
        table(f, report)?;
    }
    for diagnosis in &report.diagnoses {
        writeln!(f, "  diagnosis  {diagnosis}")?;
    }
    if let Some(page) = &report.page {
        writeln!(f, "  read       {page}")?;
    }
    Ok(())
}

/// `a [2, 3], b [3, 4] -> c [2, 4]`
fn shapes(report: &Details) -> String {
    let named = |(name, shape): &(String, Vec<usize>)| format!("{name} {shape:?}");
    let inputs: Vec<String> = report.inputs.iter().map(named).collect();
    match &report.output {
        Some(output) if inputs.is_empty() => named(output),
        Some(output) => format!("{} -> {}", inputs.join(", "), named(output)),
        None => inputs.join(", "),
    }
}

/// The first wrong elements, in columns.
fn table(f: &mut fmt::Formatter<'_>, report: &Details) -> fmt::Result {
    let head = [
        "index",
        "got",
        "want",
        "difference",
        "tolerance",
        "written by",
    ]
    .map(str::to_owned);
    let rows: Vec<[String; 6]> = report
        .first
        .iter()
        .map(|m| row(m, &report.device))
        .collect();
    let lines: Vec<&[String; 6]> = std::iter::once(&head).chain(&rows).collect();
    // The last column stays away if nobody knows who wrote what.
    let columns = if report.first.iter().any(|m| m.owner.is_some()) {
        6
    } else {
        5
    };
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].len())
            .max()
            .unwrap_or(0)
    };
    for line in &lines {
        let mut text = format!("{:<width$}", line[0], width = width(0));
        for column in 1..columns.min(5) {
            text += &format!("  {:>width$}", line[column], width = width(column));
        }
        if columns == 6 {
            text += &format!("  {}", line[5]);
        }
        writeln!(f, "             {}", text.trim_end())?;
    }
    Ok(())
}

fn row(m: &Mismatch, device: &str) -> [String; 6] {
    let got = if m.unwritten {
        "unwritten".to_owned()
    } else {
        number(m.got)
    };
    let difference = if m.unwritten {
        "-".to_owned()
    } else {
        number((m.got - m.want).abs())
    };
    let owner = m.owner.map_or(String::new(), |owner| place(owner, device));
    [
        format!("{:?}", m.index),
        got,
        number(m.want),
        difference,
        number(m.tolerance),
        owner,
    ]
}

/// Who wrote it, in the words of the machine.
fn place(owner: Owner, device: &str) -> String {
    let [x, y, z] = owner.workgroup;
    let group = if device.to_lowercase().contains("cuda") {
        "block"
    } else {
        "workgroup"
    };
    format!("{group} ({x}, {y}, {z}), lane {}", owner.lane)
}

/// A number at readable length.
fn number(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || !x.is_finite() {
        format!("{x}")
    } else if (1e-3..1e7).contains(&size) {
        format!("{x:.6}")
    } else {
        format!("{x:.3e}")
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBoundsWrite { buffer, breach } => {
                write!(
                    f,
                    "out-of-bounds write around {buffer}: {breach}. Does every lane check that its index is inside the shape?"
                )
            }
            Self::DiffersBetweenRuns { count, first } => {
                write!(
                    f,
                    "differs between runs in {count} elements, first at {first:?}: a race. Is there a barrier after shared memory is written and another before it is written again?"
                )
            }
            Self::Unwritten {
                count,
                total,
                first,
            } => {
                write!(
                    f,
                    "{count} of {total} elements were never written, first {first:?}: they still hold the poison from before the launch. Are there enough workgroups, and does each lane reach its store?"
                )
            }
            Self::FirstWorkgroupOnly { right } => {
                write!(
                    f,
                    "only the first workgroup's {right} elements are right. Is the workgroup's own number part of the index?"
                )
            }
            Self::TailMissing { axis, from, len } => {
                write!(
                    f,
                    "everything before {from} on axis {axis} (length {len}) is right and what follows is wrong: the last tile. Is the count of tiles rounded up, and the partial one handled?"
                )
            }
            Self::MissingMaxSubtraction { rows, first } => {
                write!(
                    f,
                    "{rows} rows hold NaN or infinity, first row {first}: an exponential overflowed. Is the row's maximum subtracted before exp?"
                )
            }
            Self::NonFinite { count } => {
                write!(
                    f,
                    "{count} elements are NaN or infinite where a number is wanted. Is something divided by zero, or read from outside its buffer or before it is written?"
                )
            }
            Self::Transposed => write!(
                f,
                "transposed: the result is right with rows and columns exchanged. Is the index row * columns + column?"
            ),
            Self::Shifted { by } => {
                write!(
                    f,
                    "shifted: element i holds what belongs at i {} {}. Is an index off by one?",
                    if *by < 0 { '-' } else { '+' },
                    by.abs()
                )
            }
            Self::ForgottenScale { ratio, meaning } => {
                write!(
                    f,
                    "every element is {} times what is wanted",
                    number(*ratio)
                )?;
                match meaning {
                    Some(meaning) => write!(f, ". That is {meaning}"),
                    None => write!(f, ": a factor is forgotten or applied twice"),
                }
            }
            Self::Zero => write!(
                f,
                "every wrong element is 0. Is the sum stored, and is its loop entered?"
            ),
            Self::LowPrecision { relative, format } => {
                write!(
                    f,
                    "many elements are off by a little, {relative:.1e} of the whole"
                )?;
                match format {
                    Some(format) => write!(
                        f,
                        ": every result is a {format} number. Is it rounded too early?"
                    ),
                    None => write!(f, ": low-precision arithmetic. Is the sum kept in f32?"),
                }
            }
        }
    }
}
