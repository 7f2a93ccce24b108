//! Recorded measurements: `bench/results/*.json`.

use crate::fault::{Fault, list};
use crate::tree::Tree;
use serde_json::Value;
use std::borrow::Cow;

/// Rows of one op that are shown.
const ROWS: usize = 1000;
/// The least and the largest that anybody has measured or counted; zero is neither.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 1e-18..=1e24;

/// Behind the point: enough for the least of them beside the largest, in the largest unit.
const PLACES: usize = 70;

/// A number that a page can show: finite, and not so large or small that what is reckoned from it
/// would not be.
fn plausible(number: f64) -> Option<f64> {
    (number == 0.0 || PLAUSIBLE.contains(&number.abs())).then_some(number)
}

/// One device's report.
#[derive(Clone, Debug)]
pub struct Results {
    file: String,
    value: Value,
}

impl Results {
    /// The report of that name. A file with several lists them; the first with rows, or else the
    /// first, is taken, or with `name:bf16` the one of that precision.
    ///
    /// # Errors
    /// There is no such file, or it is not JSON; it has no report of that precision.
    pub fn open(tree: &Tree, name: &str) -> Result<Results, Fault> {
        let (name, precision) = name.split_once(':').map_or((name, None), |(n, p)| (n, Some(p)));
        let file = format!("bench/results/{name}.json");
        let Some(text) = tree.read_if_there(&file)? else {
            let names = tree.names("bench/results");
            let have = names.iter().filter_map(|n| n.strip_suffix(".json"));
            return Err(Fault::Unknown { kind: "result", name: name.into(), have: list(have) });
        };
        let value: Value = serde_json::from_str(&text).map_err(|error| Fault::Elsewhere {
            path: file.clone(),
            line: error.line(),
            what: error.to_string(),
        })?;
        match (pick(value, precision), precision) {
            (None, Some(precision)) => {
                let what = format!("report in {precision}");
                Err(Fault::NoMeasurement { file, what })
            }
            (report, _) => Ok(Results { file, value: report.unwrap_or_default() }),
        }
    }

    /// The file's path.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn none(&self, what: impl Into<String>) -> Fault {
        Fault::NoMeasurement { file: self.file.clone(), what: what.into() }
    }

    /// The rows of an op, at one shape or size if one is asked for.
    ///
    /// # Errors
    /// There are none.
    #[expect(clippy::indexing_slicing, reason = "by name: what a JSON value has not is null")]
    pub fn rows(&self, op: &str, shape: Option<&str>) -> Result<Vec<&Value>, Fault> {
        let rows = self.value["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_op: Vec<&Value> = rows.iter().filter(|row| row["op"] == op).collect();
        let fits = |row: &&Value| shape.is_none_or(|shape| is_shape(row, shape));
        let found: Vec<&Value> = of_op.iter().copied().filter(fits).collect();
        if found.is_empty() {
            let at = shape.map(|shape| format!(" at {shape}")).unwrap_or_default();
            let mut have: Vec<&str> = of_op.iter().filter_map(|r| r["shape"].as_str()).collect();
            have.dedup();
            let have = if have.is_empty() { String::new() } else { format!(" ({})", list(have)) };
            return Err(self.none(format!("row of `{op}`{at}{have}")));
        }
        if found.len() > ROWS {
            let what = format!("{}, `{op}`,", self.file);
            return Err(Fault::TooMuch { what, has: found.len(), unit: "rows", most: ROWS });
        }
        Ok(found)
    }

    /// The number at a path: names separated by dots, entries of lists by number or by what they
    /// say, as in `rows[op=matmul,rung=3_tiled].seconds`.
    ///
    /// # Errors
    /// There is none.
    pub fn number(&self, path: &str) -> Result<f64, Fault> {
        let mut at = Cow::Borrowed(&self.value);
        for step in steps(path) {
            let next = match at {
                Cow::Borrowed(value) => go(value, &step),
                // A rate that was reckoned has nothing below it.
                Cow::Owned(_) => None,
            };
            at = next.ok_or_else(|| self.none(format!("`{path}`")))?;
        }
        let number = at.as_f64().and_then(plausible);
        number.ok_or_else(|| self.none(format!("number at `{path}`")))
    }

    /// What was measured, on what, when: the line under every table.
    #[expect(clippy::indexing_slicing, reason = "by name: what a JSON value has not is null")]
    pub fn caption(&self) -> String {
        let device = &self.value["device"];
        let (name, driver) = match device {
            Value::String(name) => (name.as_str(), self.value["driver"].as_str()),
            _ => (device["name"].as_str().unwrap_or("unknown device"), device["driver"].as_str()),
        };
        let date = self.value["date"].as_str();
        let commit = self.value["commit"].as_str().map(|commit| format!("commit {commit}"));
        let parts =
            [Some(name.to_string()), driver.map(str::to_string), date.map(str::to_string), commit];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// The device's name, with the machine it was driven by.
    #[expect(clippy::indexing_slicing, reason = "by name: what a JSON value has not is null")]
    pub fn device(&self) -> String {
        let device = &self.value["device"];
        let name = device["name"].as_str().unwrap_or("unknown device");
        match device["machine"].as_str() {
            Some("cuda") => format!("{name}, CUDA"),
            Some("wgpu") => format!("{name}, WebGPU"),
            Some("torch") => format!("{name}, PyTorch"),
            _ => name.to_string(),
        }
    }
}

/// The report of a precision, or the first that has rows, else the first.
#[expect(clippy::indexing_slicing, reason = "by name: what a JSON value has not is null")]
fn pick(value: Value, precision: Option<&str>) -> Option<Value> {
    let Value::Array(mut reports) = value else {
        return precision.is_none_or(|p| value["precision"] == p).then_some(value);
    };
    let filled = |v: &Value| v["rows"].as_array().is_some_and(|rows| !rows.is_empty());
    let asked = |v: &Value| precision.map_or_else(|| filled(v), |p| v["precision"] == p);
    let best = reports.iter().position(asked).or(precision.is_none().then_some(0))?;
    (best < reports.len()).then(|| reports.swap_remove(best))
}

/// Whether rows differ in their shape.
pub fn several_shapes(rows: &[&Value]) -> bool {
    rows.iter().zip(rows.iter().skip(1)).any(|(row, next)| row["shape"] != next["shape"])
}

fn is_shape(row: &Value, shape: &str) -> bool {
    row["shape"] == shape || row["size"].as_u64().is_some_and(|size| size.to_string() == shape)
}

/// `a[b=c.d].e` as `a`, `[b=c.d]`, `e`.
fn steps(path: &str) -> Vec<String> {
    let (mut steps, mut step, mut inside) = (Vec::new(), String::new(), false);
    for c in path.chars() {
        if c == '[' || c == '.' && !inside {
            steps.push(std::mem::take(&mut step));
        }
        inside = (inside || c == '[') && c != ']';
        if c != '.' || inside {
            step.push(c);
        }
    }
    steps.push(step);
    steps.retain(|step| !step.is_empty());
    steps
}

fn go<'a>(value: &'a Value, step: &str) -> Option<Cow<'a, Value>> {
    let Some(inner) = step.strip_prefix('[').and_then(|s| s.strip_suffix(']')) else {
        return match value.get(step) {
            Some(found) => Some(Cow::Borrowed(found)),
            None => derived(value, step).map(|rate| Cow::Owned(Value::from(rate))),
        };
    };
    if let Ok(index) = inner.parse::<usize>() {
        return value.get(index).map(Cow::Borrowed);
    }
    let wanted: Option<Vec<(&str, &str)>> =
        inner.split(',').map(|pair| pair.split_once('=')).collect();
    let wanted = wanted?;
    let says = |entry: &Value, key: &str, text: &str| match &entry[key] {
        Value::String(own) => own == text,
        Value::Null => false,
        Value::Bool(own) => text == if *own { "true" } else { "false" },
        own => own.as_f64().is_some_and(|own| text.parse() == Ok(own)),
    };
    let fits = |entry: &&Value| wanted.iter().all(|(key, text)| says(entry, key, text));
    value.as_array()?.iter().find(fits).map(Cow::Borrowed)
}

/// Rates that a row implies.
fn derived(row: &Value, name: &str) -> Option<f64> {
    let of = name.strip_suffix("_per_second")?;
    Some(row.get(of)?.as_f64()? / row.get("seconds")?.as_f64()?)
}

/// A rate or amount of a row, stored or implied; none that cannot have been measured.
pub fn of(row: &Value, name: &str) -> Option<f64> {
    row.get(name).and_then(Value::as_f64).or_else(|| derived(row, name)).and_then(plausible)
}

/// A number in a unit, as readers see it: `3.09 TB/s`. Without a unit its thousands are set apart.
///
/// # Errors
/// There is no such unit.
pub fn show(number: f64, unit: Option<&str>, digits: u8) -> Result<String, Fault> {
    let Some(unit) = unit else { return Ok(thousands(number, digits)) };
    let bases = ["FLOP/s", "FLOPs", "B/s", "tokens/s", "B", "s"];
    let prefixes = [
        ("T", 1e12),
        ("G", 1e9),
        ("M", 1e6),
        ("k", 1e3),
        ("", 1.0),
        ("m", 1e-3),
        ("u", 1e-6),
        ("µ", 1e-6),
        ("n", 1e-9),
    ];
    if unit == "%" {
        return Ok(format!("{}\u{a0}%", thousands(number * 100.0, digits)));
    }
    if unit == "x" {
        return Ok(format!("{}×", thousands(number, digits)));
    }
    let scale =
        prefixes.iter().find(|(p, _)| bases.iter().any(|base| unit == format!("{p}{base}")));
    let scale = scale.ok_or_else(|| Fault::Unknown {
        kind: "unit",
        name: unit.into(),
        have: format!("%, x, {} with a prefix", list(bases)),
    })?;
    let unit = unit.replace("us", "µs");
    Ok(format!("{}\u{a0}{unit}", thousands(number / scale.1, digits)))
}

/// A number in the prefix that suits it: `30.2 TFLOP/s`, `812 µs`.
pub fn auto(number: f64, base: &str) -> String {
    let large = [("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0)];
    let small = [("", 1.0), ("m", 1e-3), ("µ", 1e-6), ("n", 1e-9)];
    let scales: &[(&str, f64)] = if base == "s" { &small } else { &large };
    let found = scales.iter().find(|(_, scale)| number >= *scale).or(scales.last());
    let (prefix, scale) = found.copied().unwrap_or(("", 1.0));
    format!("{}\u{a0}{prefix}{base}", thousands(number / scale, 3))
}

/// So many significant digits, thousands set apart by commas.
fn thousands(number: f64, digits: u8) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    #[expect(clippy::cast_possible_truncation, reason = "finite and not 0: from -324 to 308")]
    let magnitude = if number == 0.0 { 0 } else { number.abs().log10().floor() as i32 };
    let digits = i32::from(digits);
    let places = usize::try_from(digits - 1 - magnitude).unwrap_or(0).min(PLACES);
    let step = 10f64.powi((magnitude + 1 - digits).max(0));
    let round = (number / step).round() * step;
    // At the edge of what a double holds, rounding up leaves it.
    let text = format!("{:.places$}", if round.is_finite() { round } else { number });
    let text = if places > 0 { format!("{number:.places$}") } else { text };
    let (whole, part) = text.split_once('.').map_or((text.as_str(), ""), |(w, p)| (w, p));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |w| ("−", w));
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(c);
    }
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let rows = r#"{"rows": [{"op": "matmul", "rung": "1_naive", "shape": "4 by 4", "size": 4,
            "seconds": 0.5, "flops": 6e12}], "list": [7, 8], "a": {"b": 1234567.0}}"#;
        Results { file: "x.json".into(), value: serde_json::from_str(rows).unwrap() }
    }

    #[test]
    fn paths_are_followed() {
        let results = results();
        assert_eq!(results.number("list[1]").unwrap(), 8.0);
        assert_eq!(results.number("a.b").unwrap(), 1234567.0);
        let speed = "rows[op=matmul,shape=4 by 4].flops_per_second";
        assert_eq!(results.number(speed).unwrap(), 12e12);
        let error = results.number("a.c").unwrap_err().to_string();
        assert_eq!(error, "x.json has no `a.c`: measure it, or do not mention it");
        assert!(results.number("rows[op=matmul].flops_per_second.x").is_err());
        // What is asked of a row and not understood is no reason to take the first.
        assert!(results.number("rows[gelu].seconds").is_err());
        assert!(results.number("rows[op=matmul,2_tiled].seconds").is_err());
        assert!(results.rows("gelu", None).is_err());
        assert_eq!(results.rows("matmul", Some("4")).unwrap().len(), 1);
    }

    #[test]
    fn a_report_is_picked_by_its_precision() {
        let list =
            r#"[{"a": 1}, {"precision": "f32", "rows": [1]}, {"precision": "bf16", "rows": []}]"#;
        let got = |text: &str, precision| {
            let picked = pick(serde_json::from_str(text).unwrap(), precision)?;
            Some(picked["precision"].as_str().unwrap_or("none").to_string())
        };
        assert_eq!(got(list, None).unwrap(), "f32");
        assert_eq!(got(list, Some("bf16")).unwrap(), "bf16");
        assert_eq!(got(list, Some("tf32")), None);
        assert_eq!(got(r#"[{"a": 1}]"#, None).unwrap(), "none");
        assert_eq!(got("[]", None), None);
        assert_eq!(got(r#"{"precision": "f32"}"#, Some("bf16")), None);
        assert_eq!(got(r#"{"precision": "bf16"}"#, Some("bf16")).unwrap(), "bf16");
    }

    #[test]
    fn numbers_have_units() {
        assert_eq!(show(3.0886e12, Some("TB/s"), 3).unwrap(), "3.09\u{a0}TB/s");
        assert_eq!(show(0.00123, Some("ms"), 2).unwrap(), "1.2\u{a0}ms");
        assert_eq!(show(358141.4, Some("tokens/s"), 3).unwrap(), "358,000\u{a0}tokens/s");
        assert_eq!(show(0.945, Some("%"), 2).unwrap(), "95\u{a0}%");
        assert_eq!(show(1.2e-15, Some("s"), 2).unwrap(), "0.0000000000000012\u{a0}s");
        assert_eq!(show(12318720.0, None, 8).unwrap(), "12,318,720");
        assert_eq!(auto(8.12e-4, "s"), "812\u{a0}µs");
        for odd in [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, 5e-324, -0.0] {
            for digits in [1, 15] {
                assert!(!show(odd, Some("%"), digits).unwrap().is_empty());
            }
            assert!(!auto(odd, "s").is_empty() && !auto(odd, "B/s").is_empty());
        }
        assert!(show(1.0, Some("miles"), 3).is_err());
    }
}
