//! The words: how a report and its diagnoses are put for a person.

use super::Diagnosis;
use super::owner::Owner;
use crate::report::{Details, Mismatch};
use std::fmt;

/// Writes a whole report.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, report: &Details) -> fmt::Result {
    writeln!(f, "{}/{} is wrong on {}", report.op, report.rung, report.device)?;
    let shapes = shapes(report);
    if !shapes.is_empty() {
        writeln!(f, "  shapes     {shapes}")?;
    }
    writeln!(f, "  {}", verdict(report))?;
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

/// How much is wrong, in one line.
fn verdict(report: &Details) -> String {
    let Details { total, differ, .. } = report;
    if let Some(found) = report.wrong_length {
        return format!("length     {found} elements came back, {total} are wanted");
    }
    match &report.largest {
        Some((difference, index)) => {
            let largest = short(*difference);
            format!("differ     {differ} of {total} elements, at most by {largest} at {index:?}")
        }
        None if *differ == 0 => format!("differ     none of {total} elements, but see below"),
        None => format!("differ     {differ} of {total} elements"),
    }
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
    let head = ["index", "got", "want", "difference", "tolerance", "written by"].map(str::to_owned);
    let rows: Vec<[String; 6]> = report.first.iter().map(|m| row(m, &report.device)).collect();
    let lines: Vec<&[String; 6]> = std::iter::once(&head).chain(&rows).collect();
    // The last column stays away if nobody knows who wrote what.
    let columns = if report.first.iter().any(|m| m.owner.is_some()) { 6 } else { 5 };
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
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
    let got = if m.unwritten { "unwritten".to_owned() } else { number(m.got) };
    let difference = if m.unwritten { "-".to_owned() } else { number((m.got - m.want).abs()) };
    let owner = m.owner.map_or(String::new(), |owner| place(owner, device));
    [format!("{:?}", m.index), got, number(m.want), difference, number(m.tolerance), owner]
}

/// Who wrote it, in the words of the machine.
fn place(owner: Owner, device: &str) -> String {
    let [x, y, z] = owner.workgroup;
    let group = if device.to_lowercase().contains("cuda") { "block" } else { "workgroup" };
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

/// [`number`] without the zeros at its end: for prose, where nothing is aligned.
fn short(x: f64) -> String {
    let text = number(x);
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `1 element`, `2 elements`
fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suspect { sentence, .. } => f.write_str(sentence),
            Self::OutOfBoundsWrite { buffer, breach } => write!(
                f,
                "out-of-bounds write around {buffer}: {breach}. \
                 Does every lane check that its index is inside the shape?"
            ),
            Self::MissingBarrier { line: Some(line) } => write!(
                f,
                "a barrier is missing: with one after line {line} the result is right. \
                 Who reads shared memory there, and who has written it by then?"
            ),
            Self::MissingBarrier { line: None } => write!(
                f,
                "a barrier is missing: with another one in the right place the result is right. \
                 Where does a lane read shared memory that others write, or write what others read?"
            ),
            Self::DiffersBetweenRuns { count: n, first } => write!(
                f,
                "{}, first {first:?}, came out differently in a second run: a race. Is there a barrier \
                 after shared memory is written, and another before it is written again?",
                count(*n, "element")
            ),
            Self::Unwritten { count: n, total, first } => write!(
                f,
                "{n} of {} were never written, first {first:?}: they still hold the poison from before the \
                 launch. Are there enough workgroups, and does each lane reach its store?",
                count(*total, "element")
            ),
            Self::FirstWorkgroupOnly { right } => write!(
                f,
                "only the first workgroup's {} right. Is the workgroup's own number part of the index?",
                if *right == 1 { "element is".to_owned() } else { format!("{right} elements are") }
            ),
            Self::TailMissing { axis, from, len } => write!(
                f,
                "everything before {from} on axis {axis} (length {len}) is right and what follows is wrong: \
                 the last tile. Is the count of tiles rounded up, and the partial one handled?"
            ),
            Self::MissingMaxSubtraction { rows, first } => write!(
                f,
                "NaN or infinity in {}, first row {first}: an exponential overflowed. \
                 Is the row's maximum subtracted before exp?",
                count(*rows, "row")
            ),
            Self::NonFinite { count: n } => write!(
                f,
                "NaN or infinity in {} where a number is wanted. Is something divided by zero, \
                 or read from outside its buffer or before it is written?",
                count(*n, "element")
            ),
            Self::Transposed => write!(
                f,
                "transposed: the result is right with rows and columns exchanged. \
                 Is the index row * columns + column?"
            ),
            Self::Shifted { by } => write!(
                f,
                "shifted: element i holds what belongs at i {} {}. Is an index off by one?",
                if *by < 0 { '-' } else { '+' },
                by.abs()
            ),
            Self::ForgottenScale { ratio, meaning: Some(meaning) } => {
                write!(
                    f,
                    "every element is {} times what is wanted. That is {meaning}",
                    short(*ratio)
                )
            }
            Self::ForgottenScale { ratio, meaning: None } => write!(
                f,
                "every element is {} times what is wanted: a factor is forgotten or applied twice",
                short(*ratio)
            ),
            Self::Zero => {
                write!(f, "every wrong element is 0. Is the sum stored, and is its loop entered?")
            }
            Self::LowPrecision { relative, format: Some(format) } => write!(
                f,
                "many elements are off by a little, {relative:.1e} of the whole: \
                 every result is a {format} number. Is it rounded too early?"
            ),
            Self::LowPrecision { relative, format: None } => write!(
                f,
                "many elements are off by a little, {relative:.1e} of the whole, as low-precision \
                 arithmetic is. Is the sum kept in f32? Such errors grow with the number of terms."
            ),
        }
    }
}
