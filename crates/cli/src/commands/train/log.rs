//! log.jsonl: a line for each step, added to the file as the run goes on, so that a save costs what
//! came since the last one and not what the whole run is long.

use crate::failure::Outcome;
use serde::{Deserialize, Deserializer, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use strata_files::{append, open, write_with};

/// Longer lines are none of ours.
const LONGEST: u64 = 1 << 16;

/// One step, as the log has it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Steps done, this one included.
    pub step: u64,
    /// Mean loss of the batch before the update, nats per token.
    #[serde(deserialize_with = "number")]
    pub loss: f32,
    /// The loss no model can beat on that batch, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// Learning rate.
    pub lr: f32,
    /// Global gradient norm before clipping.
    #[serde(deserialize_with = "number")]
    pub norm: f32,
    /// Tokens a second over the last steps.
    #[serde(deserialize_with = "number")]
    pub tokens_per_second: f64,
    /// Model FLOP utilisation at that speed, where it is known what the device can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilisation: Option<f64>,
    /// Seconds of training so far, resumed runs included.
    pub seconds: f64,
    /// Held-out loss, at the steps where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// The floor of the held-out text, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_floor: Option<f64>,
}

/// JSON has no word for what is not finite: it says `null`.
fn number<'de, D: Deserializer<'de>, T: Deserialize<'de> + From<f32>>(
    value: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(value)?.unwrap_or_else(|| f32::NAN.into()))
}

/// A run's log on the disk, and what is not there yet.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    /// Bytes of the file that stand.
    kept: u64,
    /// Whole lines that come after them.
    pending: String,
    /// The last step, which may still get its held-out loss. The file may have it already, behind
    /// `kept`: it is written over.
    last: Option<Step>,
}

impl Log {
    /// An empty one; what stands at `path` goes with the first write.
    pub fn new(path: PathBuf) -> Self {
        Log { path, kept: 0, pending: String::new(), last: None }
    }

    /// Takes over the lines of an earlier log up to `step`, each of which `seen` gets to see: what
    /// came after the checkpoint is done again. A log that a kill truncated in the middle of a line is
    /// taken as far as it is sound. False where there is nothing to take.
    ///
    /// # Errors
    /// The lines cannot be written into this run's folder.
    pub fn take_over(
        &mut self,
        from: &Path,
        step: u64,
        mut seen: impl FnMut(&Step),
    ) -> Outcome<bool> {
        let Ok(file) = open(from) else { return Ok(false) };
        let mut lines = BufReader::new(file);
        let (mut last, mut start, mut end): (Option<Step>, u64, u64) = (None, 0, 0);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = Read::take(&mut lines, LONGEST).read_until(b'\n', &mut line);
            let sound = read.is_ok() && line.last() == Some(&b'\n');
            let next = sound.then(|| serde_json::from_slice::<Step>(&line).ok()).flatten();
            let follows = |s: &Step| {
                s.step <= step
                    && last.is_none_or(|l| l.step < s.step)
                    && (0.0..=f64::MAX).contains(&s.seconds)
            };
            let Some(next) = next.filter(follows) else { break };
            seen(&next);
            (last, start, end) = (Some(next), end, end + line.len() as u64);
        }
        if last.is_none() {
            // A run that was stopped before its first save has an empty log.
            return Ok(end == 0 && line.is_empty());
        }
        let same = |a: &Path, b: &Path| a.canonicalize().ok() == b.canonicalize().ok();
        if !same(from, &self.path) {
            let mut lines = open(from)?.take(start);
            write_with(&self.path, |file| io::copy(&mut lines, file).map(drop))?;
        }
        (self.kept, self.last) = (start, last);
        Ok(true)
    }

    /// The last step.
    pub fn last(&self) -> Option<&Step> {
        self.last.as_ref()
    }

    /// Notes a step.
    pub fn step(&mut self, step: Step) {
        if let Some(line) =
            self.last.replace(step).and_then(|last| serde_json::to_string(&last).ok())
        {
            self.pending.push_str(&line);
            self.pending.push('\n');
        }
    }

    /// Notes an evaluation after the last step.
    pub fn validation(&mut self, score: f64, floor: Option<f64>) {
        if let Some(last) = &mut self.last {
            (last.validation, last.validation_floor) = (Some(score), floor);
        }
    }

    /// Writes what is not on the disk yet. Where it cannot, nothing is forgotten: the next call
    /// tries again.
    ///
    /// # Errors
    /// No room, or no right to write.
    pub fn write(&mut self) -> Outcome<()> {
        let rest = self.rest()?;
        let last = rest.len().saturating_sub(self.pending.len()) as u64;
        self.kept = append(&self.path, self.kept, rest.as_bytes())?.saturating_sub(last);
        self.pending.clear();
        Ok(())
    }

    /// Every line, as the elements of a JSON array.
    ///
    /// # Errors
    /// The file cannot be read, `to` not written.
    pub fn array(&self, to: &mut dyn Write) -> io::Result<()> {
        let kept: Box<dyn BufRead> = match self.kept {
            0 => Box::new(io::empty()),
            kept => Box::new(BufReader::new(file(&self.path)?.take(kept))),
        };
        let rest = self.rest().map_err(io::Error::other)?;
        let mut first = true;
        for line in kept.lines().chain(rest.lines().map(|line| Ok(line.to_string()))) {
            let comma = if std::mem::take(&mut first) { "" } else { "," };
            write!(to, "{comma}\n    {}", line?)?;
        }
        Ok(())
    }

    fn rest(&self) -> serde_json::Result<String> {
        let mut text = self.pending.clone();
        if let Some(last) = &self.last {
            text.push_str(&serde_json::to_string(last)?);
            text.push('\n');
        }
        Ok(text)
    }
}

fn file(path: &Path) -> io::Result<File> {
    open(path).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn step(step: u64) -> Step {
        Step {
            step,
            loss: 2.5,
            floor: None,
            lr: 0.001,
            norm: 1.0,
            tokens_per_second: 9.0,
            utilisation: None,
            seconds: step as f64,
            validation: None,
            validation_floor: None,
        }
    }

    fn steps(log: &Path) -> Vec<u64> {
        let text = fs::read_to_string(log).unwrap();
        text.lines().map(|line| serde_json::from_str::<Step>(line).unwrap().step).collect()
    }

    #[test]
    fn a_save_writes_what_is_new_and_the_last_step_may_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        fs::write(&path, "of an older run").unwrap();
        let mut log = Log::new(path.clone());
        log.write().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        for at in 1..=3 {
            log.step(step(at));
        }
        log.write().unwrap();
        log.validation(1.5, Some(1.0));
        log.write().unwrap();
        log.step(step(4));
        log.write().unwrap();
        assert_eq!(steps(&path), [1, 2, 3, 4]);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("validation_floor").count(), 1);
        let mut array = Vec::new();
        log.array(&mut array).unwrap();
        let array = format!("[{}]", String::from_utf8(array).unwrap());
        let all: Vec<Step> = serde_json::from_str(&array).unwrap();
        assert_eq!(all.iter().map(|s| s.step).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(all[2].validation, Some(1.5));
    }

    #[test]
    fn what_a_kill_cut_off_and_what_came_after_the_checkpoint_is_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = Log::new(path.clone());
        for at in 1..=5 {
            let loss = if at == 2 { f32::NAN } else { 2.5 };
            log.step(Step { loss, ..step(at) });
        }
        log.write().unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for end in 0..=whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let mut log = Log::new(path.clone());
            let mut seen = 0;
            let taken = log.take_over(&path, 4, |_| seen += 1).unwrap();
            let expected = (whole[..end].matches('\n').count() as u64).min(4);
            assert_eq!((seen, taken), (expected, expected > 0 || end == 0), "end at {end}");
            for at in expected + 1..=6 {
                log.step(step(at));
            }
            log.write().unwrap();
            assert_eq!(steps(&path), [1, 2, 3, 4, 5, 6], "end at {end}");
        }
        // Into another folder: the earlier log stays as it is.
        fs::write(&path, &whole).unwrap();
        let other = folder.path().join("other.jsonl");
        let mut log = Log::new(other.clone());
        assert!(log.take_over(&path, 3, |_| ()).unwrap());
        log.write().unwrap();
        assert_eq!((steps(&other), steps(&path)), (vec![1, 2, 3], vec![1, 2, 3, 4, 5]));
        assert!(!log.take_over(&folder.path().join("none"), 3, |_| ()).unwrap());
    }
}
