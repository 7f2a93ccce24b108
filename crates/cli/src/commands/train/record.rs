//! What is kept of a run beside its checkpoint: log.json, loss.svg, and the file of `--json`.

use crate::failure::{Failure, Outcome};
use crate::ui::Chart;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use strata_files::{Kind, kind, read_text, write};
use strata_ml::transformer::train::{Progress, TrainConfig};

/// One step, as log.json has it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Steps done, this one included.
    pub step: u64,
    /// Mean loss of the batch before the update, nats per token.
    pub loss: f32,
    /// The loss no model can beat on that batch, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// Learning rate.
    pub lr: f32,
    /// Global gradient norm before clipping.
    pub norm: f32,
    /// Tokens a second over the last steps.
    pub tokens_per_second: f64,
    /// Seconds of training so far, resumed runs included.
    pub seconds: f64,
    /// Held-out loss, at the steps where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// The floor of the held-out text, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_floor: Option<f64>,
}

/// A run's history and where it is written.
#[derive(Debug)]
pub struct Record {
    folder: PathBuf,
    json: Option<PathBuf>,
    title: String,
    head: Value,
    steps: Vec<Step>,
}

impl Record {
    /// A record; a resumed run goes on with the steps its log already has.
    pub fn new(
        folder: &Path,
        json: Option<&Path>,
        title: String,
        device: &str,
        data: &str,
        config: &TrainConfig,
    ) -> Self {
        let head = json!({"device": device, "data": data, "settings": config});
        let (folder, json) = (folder.to_path_buf(), json.map(Path::to_path_buf));
        Record { folder, json, title, head, steps: Vec::new() }
    }

    /// Takes over the steps of an earlier log up to `step`: what came after the checkpoint is done
    /// again. False where there is no log, or none that can be read.
    pub fn take_over(&mut self, log: &Path, step: u64) -> bool {
        // A step is some 150 bytes: this is the log of ten million.
        let text = read_text(log, 2 << 30).unwrap_or_default();
        let Ok(steps) = serde_json::from_str::<Vec<Step>>(&text) else { return false };
        let sound = |s: &Step| s.seconds.is_finite() && s.seconds >= 0.0;
        if !steps.iter().all(sound) || !steps.is_sorted_by_key(|s| s.step) {
            return false;
        }
        self.steps = steps.into_iter().filter(|s| s.step <= step).collect();
        true
    }

    /// Notes a step.
    pub fn step(&mut self, progress: &Progress, seconds: f64) {
        let Progress { report, floor, tokens_per_second, .. } = *progress;
        self.steps.push(Step {
            step: report.step,
            loss: report.loss,
            floor,
            lr: report.lr,
            norm: report.norm,
            tokens_per_second,
            seconds,
            validation: None,
            validation_floor: None,
        });
    }

    /// Notes an evaluation after the last step.
    pub fn validation(&mut self, score: f64, floor: Option<f64>) {
        if let Some(last) = self.steps.last_mut() {
            last.validation = Some(score);
            last.validation_floor = floor;
        }
    }

    /// Seconds of training before this one, by the log.
    pub fn seconds(&self) -> f64 {
        self.steps.last().map_or(0.0, |s| s.seconds)
    }

    /// Writes log.json and loss.svg, and the file of `--json` with `outcome`. Each is whole or not
    /// there.
    ///
    /// # Errors
    /// No room, or no right to write.
    pub fn write(&self, outcome: Value) -> Outcome<()> {
        let rows: Result<Vec<String>, _> = self.steps.iter().map(serde_json::to_string).collect();
        let log = format!("[\n{}\n]\n", rows?.join(",\n"));
        write(&self.folder.join("log.json"), log.as_bytes())?;
        let svg = self.chart().svg().map_err(|e| Failure::new(format!("loss.svg: {e}")))?;
        write(&self.folder.join("loss.svg"), svg.as_bytes())?;
        // Into a pipe or a device what was written cannot be written over: it gets the end only.
        let once = |file: &Path| !matches!(kind(file), Ok(Kind::File | Kind::Folder) | Err(_));
        let running = outcome["status"] == "running";
        if let Some(file) = self.json.as_deref().filter(|file| !(running && once(file))) {
            let mut whole = self.head.clone();
            whole["folder"] = json!(self.folder);
            whole["outcome"] = outcome;
            whole["steps"] = json!(self.steps);
            write(file, format!("{whole:#}\n").as_bytes())?;
        }
        Ok(())
    }

    fn chart(&self) -> Chart {
        let at = |s: &Step, y: f64| (s.step as f64, y);
        Chart {
            title: self.title.clone(),
            train: self.steps.iter().map(|s| at(s, f64::from(s.loss))).collect(),
            validation: self.steps.iter().filter_map(|s| Some(at(s, s.validation?))).collect(),
            floor: self.steps.iter().rev().find_map(|s| s.validation_floor),
        }
    }
}
