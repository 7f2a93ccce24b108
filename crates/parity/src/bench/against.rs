//! A report beside somebody else's: how much longer we take than they, row by row.

use super::ladder::{Point, Sweep};
use super::{Measurements, Row, Step};
use crate::{Error, Outcome};
use serde::Serialize;
use serde_json::Value;

/// One time of a yardstick.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    op: String,
    shape: String,
    precision: String,
    /// The rung, or which of several ways.
    by: String,
    seconds: f64,
}

/// What was measured elsewhere: a report of ours, or one of `bench/torch`.
#[derive(Clone, Debug)]
pub struct Yardstick {
    file: String,
    devices: Vec<String>,
    entries: Vec<Entry>,
}

/// One of our rows and its counterpart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The op.
    pub op: String,
    /// The rung; of a training step, nothing.
    pub rung: String,
    /// What it worked on.
    pub shape: String,
    /// Our time.
    pub seconds: f64,
    /// Theirs.
    pub their_seconds: f64,
    /// Ours over theirs: below 1 we are faster.
    pub ratio: f64,
    /// Which of their rows.
    pub by: String,
}

/// A report beside a yardstick.
#[derive(Clone, Debug, Serialize)]
pub struct Against {
    /// The yardstick's file.
    pub file: String,
    /// What it was measured on.
    pub devices: Vec<String>,
    /// Our device.
    pub device: String,
    /// Whether it was measured on our device.
    pub same_device: bool,
    /// How exactly, on both sides.
    pub precision: String,
    /// What both have.
    pub rows: Vec<Pair>,
    /// What only we have: op, shape, and in which other precisions they have it.
    pub alone: Vec<(String, String, Vec<String>)>,
    /// How many of their rows in this precision have no counterpart here.
    pub theirs_alone: usize,
}

impl Yardstick {
    /// Reads a yardstick that `file` held.
    ///
    /// # Errors
    /// It has none of the forms that are known.
    pub fn parse(file: &str, value: &Value) -> Outcome<Self> {
        let one = std::slice::from_ref(value);
        let reports = value.as_array().map_or(one, Vec::as_slice);
        let mut this = Yardstick { file: file.into(), devices: Vec::new(), entries: Vec::new() };
        for report in reports {
            let device = &report["device"];
            let name = device["name"].as_str().or(device.as_str());
            if let Some(name) = name.filter(|name| !this.devices.iter().any(|d| d == name)) {
                this.devices.push(name.into());
            }
            this.ours(report);
            this.torch(report);
        }
        match this.entries.is_empty() {
            true => Err(Error::Text(format!(
                "{file} holds no times: it must be a report of these benchmarks, or one of bench/torch"
            ))),
            false => Ok(this),
        }
    }

    /// `rows` and `step` of a report of ours, and of `bench/torch/ladder.py`, which has that form.
    fn ours(&mut self, report: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let whole = report["precision"].as_str().unwrap_or("f32");
        for row in report["rows"].as_array().into_iter().flatten() {
            let by = text(&row["rung"]);
            let precision = match row["precision"].as_str() {
                Some(precision) => precision,
                None if by.ends_with("_tf32") => "tf32",
                None => whole,
            };
            let (op, shape, precision) = (text(&row["op"]), text(&row["shape"]), precision.into());
            self.add(op, shape, precision, by, row["seconds"].as_f64());
        }
        let step = &report["step"];
        if let Some(preset) = step["preset"].as_str() {
            let shape = format!("[{}, {}]", report["batch"], report["context"]);
            let precision = step["precision"].as_str().unwrap_or(whole).into();
            self.add(step_of(preset), shape, precision, String::new(), step["seconds"].as_f64());
        }
    }

    /// `results` of `bench/torch`: a shape is ours, or the list of a product's sizes or a step's.
    fn torch(&mut self, report: &Value) {
        for row in report["results"].as_array().into_iter().flatten() {
            let (Some(op), Some(precision)) = (row["op"].as_str(), row["dtype"].as_str()) else {
                continue;
            };
            let sizes: Vec<u64> =
                row["shape"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
            let shape = match (row["shape"].as_str(), sizes.as_slice()) {
                (Some(shape), _) => shape.into(),
                (None, [1, m, n, k]) if op == "matmul" => format!("[{m}, {k}] by [{k}, {n}]"),
                (None, sizes) => format!("{sizes:?}"),
            };
            let by = format!("PyTorch {}", row["variant"].as_str().unwrap_or_default());
            let seconds = row["ms"].as_f64().map(|ms| ms / 1e3);
            self.add(op.into(), shape, precision.into(), by.trim_end().into(), seconds);
        }
    }

    fn add(
        &mut self,
        op: String,
        shape: String,
        precision: String,
        by: String,
        seconds: Option<f64>,
    ) {
        // What failed there has no time.
        if let Some(seconds) = seconds.filter(|s| *s > 0.0 && s.is_finite()) {
            self.entries.push(Entry { op, shape, precision, by, seconds });
        }
    }

    /// Their fastest way to do it, or the same rung where they have it.
    fn counterpart(&self, op: &str, shape: &str, precision: &str, rung: &str) -> Option<&Entry> {
        let same = |e: &&Entry| e.op == op && e.shape == shape && e.precision == precision;
        let of_rung = self.entries.iter().filter(same).find(|e| e.by == rung && !rung.is_empty());
        let fastest =
            || self.entries.iter().filter(same).min_by(|a, b| a.seconds.total_cmp(&b.seconds));
        of_rung.or_else(fastest)
    }

    fn beside(&self, device: &str, precision: &str, ours: Vec<Entry>) -> Against {
        let (mut rows, mut alone) = (Vec::new(), Vec::new());
        for Entry { op, shape, by: rung, seconds, .. } in &ours {
            match self.counterpart(op, shape, precision, rung) {
                Some(theirs) => rows.push(Pair {
                    op: op.clone(),
                    rung: rung.clone(),
                    shape: shape.clone(),
                    seconds: *seconds,
                    their_seconds: theirs.seconds,
                    ratio: seconds / theirs.seconds,
                    by: theirs.by.clone(),
                }),
                None => {
                    let others = self.entries.iter().filter(|e| e.op == *op && e.shape == *shape);
                    let mut others: Vec<_> = others.map(|e| e.precision.clone()).collect();
                    others.dedup();
                    let found = (op.clone(), shape.clone(), others);
                    if !alone.contains(&found) {
                        alone.push(found);
                    }
                }
            }
        }
        let met = |e: &Entry| ours.iter().any(|o| o.op == e.op && o.shape == e.shape);
        let unmet = self.entries.iter().filter(|e| e.precision == precision && !met(e));
        Against {
            file: self.file.clone(),
            devices: self.devices.clone(),
            device: device.into(),
            same_device: self.devices.iter().any(|name| name == device),
            precision: precision.into(),
            rows,
            alone,
            theirs_alone: unmet.count(),
        }
    }
}

fn step_of(preset: &str) -> String {
    format!("{preset} step")
}

fn entry(row: &Row) -> Entry {
    Entry {
        op: row.op.into(),
        shape: row.shape.clone(),
        precision: row.precision.into(),
        by: row.rung.into(),
        seconds: row.seconds,
    }
}

impl Measurements {
    /// This report beside a yardstick.
    pub fn against(&self, yardstick: &Yardstick) -> Against {
        let step = |step: &Step| Entry {
            op: step_of(step.preset),
            shape: format!("[{}, {}]", self.batch, self.context),
            precision: step.precision.into(),
            by: String::new(),
            seconds: step.seconds,
        };
        let ours = self.rows.iter().map(entry).chain(self.step.iter().map(step)).collect();
        yardstick.beside(&self.stamp.device.name, self.precision, ours)
    }
}

impl Sweep {
    /// This report beside a yardstick.
    pub fn against(&self, yardstick: &Yardstick) -> Against {
        let ours = self.rows.iter().map(|Point { row, .. }| entry(row)).collect();
        yardstick.beside(&self.stamp.device.name, self.precision, ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ours(op: &str, shape: &str, rung: &str, seconds: f64) -> Entry {
        let precision = "bf16".into();
        Entry { op: op.into(), shape: shape.into(), precision, by: rung.into(), seconds }
    }

    #[test]
    fn a_yardstick_of_pytorch_is_met_by_op_shape_and_precision() {
        let file = json!({"device": "NVIDIA H200", "torch": "2.11", "results": [
            {"op": "matmul", "dtype": "bf16", "shape": [1, 8, 6, 4], "ms": 0.5},
            {"op": "matmul", "dtype": "tf32", "shape": [1, 8, 6, 4], "ms": 0.7},
            {"op": "matmul", "dtype": "bf16", "shape": "[8, 4] by [4, 6], bias", "ms": 2.0, "variant": "separate kernels"},
            {"op": "matmul", "dtype": "bf16", "shape": [32, 8, 6, 4], "ms": 9.0},
            {"op": "gpt-12m step", "dtype": "bf16", "shape": [64, 256], "ms": 9.0, "variant": "eager"},
            {"op": "gpt-12m step", "dtype": "bf16", "shape": [64, 256], "ms": 4.0, "variant": "graph"},
            {"op": "softmax", "dtype": "bf16", "error": "no room"},
        ]});
        let yardstick = Yardstick::parse("torch.json", &file).unwrap();
        let got = yardstick.beside(
            "NVIDIA H200",
            "bf16",
            vec![
                ours("matmul", "[8, 4] by [4, 6]", "7_tensor_core", 1e-3),
                ours("matmul", "[8, 4] by [4, 6]", "8_hopper", 2.5e-4),
                ours("matmul", "[8, 4] by [4, 6], bias", "8_hopper", 1e-3),
                ours("gpt-12m step", "[64, 256]", "", 8e-3),
                ours("softmax", "[2, 2]", "1_naive", 1.0),
            ],
        );
        let ratios: Vec<f64> = got.rows.iter().map(|row| row.ratio).collect();
        assert_eq!(ratios, [2.0, 0.5, 0.5, 2.0]);
        assert_eq!(got.rows[3].by, "PyTorch graph", "the fastest counts");
        assert!(got.same_device && got.theirs_alone == 1);
        assert_eq!(got.alone, [("softmax".into(), "[2, 2]".into(), vec![])]);
        let other = yardstick.beside(
            "NVIDIA A100",
            "f32",
            vec![ours("matmul", "[8, 4] by [4, 6]", "x", 1.0)],
        );
        assert!(!other.same_device && other.rows.is_empty());
        assert_eq!(other.alone[0].2, ["bf16", "tf32"], "it says in which they have it");
        let text = other.to_string();
        assert!(text.contains("NVIDIA A100") && text.contains("bf16, tf32"), "{text}");
    }

    #[test]
    fn a_report_of_ours_is_met_rung_by_rung() {
        let file = json!([{"device": {"name": "a CPU"}, "batch": 4, "context": 256, "rows": [
            {"op": "gelu", "rung": "1_naive", "shape": "[9]", "seconds": 2.0},
            {"op": "gelu", "rung": "2_vectorized", "shape": "[9]", "seconds": 1.0},
            {"op": "matmul", "rung": "pytorch_tf32", "shape": "[9]", "seconds": 1.0},
        ], "step": {"preset": "gpt-12m", "seconds": 3.0}}]);
        let yardstick = Yardstick::parse("old.json", &file).unwrap();
        let mine = |op: &str, shape: &str, rung: &str| ours(op, shape, rung, 3.0);
        let got = yardstick.beside(
            "a CPU",
            "f32",
            vec![
                mine("gelu", "[9]", "1_naive"),
                mine("gelu", "[9]", "3_new"),
                mine("gpt-12m step", "[4, 256]", ""),
                mine("matmul", "[9]", "1_naive"),
            ],
        );
        let ratios: Vec<f64> = got.rows.iter().map(|row| row.ratio).collect();
        assert_eq!(ratios, [1.5, 3.0, 1.0]);
        assert_eq!(got.alone, [("matmul".into(), "[9]".into(), vec!["tf32".into()])]);
        for bad in [json!(7), json!([]), json!({"rows": []}), json!({"rows": [{"op": 7}]})] {
            assert!(Yardstick::parse("x", &bad).unwrap_err().to_string().contains("no times"));
        }
    }
}
