//! What is kept of a run beside its checkpoint: log.jsonl, loss.svg, and the file of `--json`.

use super::curve::Curve;
use super::log::{Log, Step};
use crate::failure::{Failure, Outcome};
use crate::ui::Chart;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use strata_files::{Kind, kind, write, write_with};
use strata_ml::device::Device;
use strata_ml::transformer::train::{Progress, TrainConfig};

/// A run's history and where it is written. Its memory and the time of a save do not grow with the
/// run.
#[derive(Debug)]
pub struct Record {
    folder: PathBuf,
    json: Option<PathBuf>,
    title: String,
    head: Value,
    log: Log,
    train: Curve,
    validation: Curve,
    floor: Option<f64>,
}

impl Record {
    /// An empty record.
    pub fn new(
        folder: &Path,
        json: Option<&Path>,
        title: String,
        device: &Device,
        data: &str,
        config: &TrainConfig,
    ) -> Self {
        let (label, precision) = (device.info().label(), device.precision().name());
        let head = json!({
            "device": label,
            "precision": precision,
            "data": data,
            "settings": config,
            "folder": folder,
        });
        Record {
            folder: folder.to_path_buf(),
            json: json.map(Path::to_path_buf),
            title,
            head,
            log: Log::new(folder.join("log.jsonl")),
            train: Curve::default(),
            validation: Curve::default(),
            floor: None,
        }
    }

    /// Goes on with the steps that an earlier log has up to `step`. False where there is no log, or
    /// none that can be read.
    ///
    /// # Errors
    /// They cannot be written into this run's folder.
    pub fn take_over(&mut self, log: &Path, step: u64) -> Outcome<bool> {
        let Record { train, validation, floor, .. } = self;
        self.log.take_over(log, step, |step| {
            train.push(step.step as f64, step.loss.into());
            if let Some(score) = step.validation {
                validation.push(step.step as f64, score);
                *floor = step.validation_floor.or(*floor);
            }
        })
    }

    /// Notes a step, and the share of the machine's speed of light that it reached.
    pub fn step(&mut self, progress: &Progress, utilisation: Option<f64>, seconds: f64) {
        let Progress { report, floor, tokens_per_second, .. } = *progress;
        self.train.push(report.step as f64, report.loss.into());
        self.log.step(Step {
            step: report.step,
            loss: report.loss,
            floor,
            lr: report.lr,
            norm: report.norm,
            tokens_per_second,
            utilisation,
            seconds,
            validation: None,
            validation_floor: None,
        });
    }

    /// Notes an evaluation after the last step.
    pub fn validation(&mut self, score: f64, floor: Option<f64>) {
        if let Some(last) = self.log.last() {
            self.validation.push(last.step as f64, score);
            self.floor = floor.or(self.floor);
        }
        self.log.validation(score, floor);
    }

    /// Seconds of training before this one, by the log.
    pub fn seconds(&self) -> f64 {
        self.log.last().map_or(0.0, |last| last.seconds)
    }

    /// Brings log.jsonl and loss.svg up to date while the run goes on. The file of `--json` gets its
    /// head, once, and its steps at the end.
    ///
    /// # Errors
    /// No room, or no right to write.
    pub fn write(&mut self) -> Outcome<()> {
        self.log.write()?;
        let svg = self.chart().svg().map_err(|e| Failure::new(format!("loss.svg: {e}")))?;
        write(&self.folder.join("loss.svg"), svg.as_bytes())?;
        Ok(())
    }

    /// Sees that the file of `--json` can be written, and says in it that the run goes on.
    ///
    /// # Errors
    /// As [`Record::write`].
    pub fn announce(&self) -> Outcome<()> {
        // What goes into a pipe or a device cannot be written over: it gets the end only.
        let once = |file: &Path| !matches!(kind(file), Ok(Kind::File | Kind::Folder) | Err(_));
        match self.json.as_deref().filter(|file| !once(file)) {
            Some(file) => self.whole(file, json!({"status": "running"})),
            None => Ok(()),
        }
    }

    /// Writes everything, the file of `--json` with `outcome` included.
    ///
    /// # Errors
    /// As [`Record::write`].
    pub fn end(&mut self, outcome: Value) -> Outcome<()> {
        self.write()?;
        match &self.json {
            Some(file) => self.whole(file, outcome),
            None => Ok(()),
        }
    }

    /// `{"device": .., "outcome": .., "steps": [..]}`, a line for each step, which need not all fit
    /// in memory.
    fn whole(&self, file: &Path, outcome: Value) -> Outcome<()> {
        let mut head = self.head.clone();
        if let Some(head) = head.as_object_mut() {
            head.insert("outcome".into(), outcome);
        }
        let head = format!("{head:#}");
        let head = head.trim_end_matches('}').trim_end();
        write_with(file, |to| {
            write!(to, "{head},\n  \"steps\": [")?;
            self.log.array(to)?;
            to.write_all(b"\n  ]\n}\n")
        })?;
        Ok(())
    }

    fn chart(&self) -> Chart {
        Chart {
            title: self.title.clone(),
            train: self.train.series(),
            validation: self.validation.series(),
            floor: self.floor,
        }
    }
}
