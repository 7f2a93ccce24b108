//! A run as the reader sees it: every event of the training loop becomes a bar, a line, a record.

use super::interrupt;
use super::light::{Light, Pace, percent};
use super::record::Record;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Bar, say};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use strata_files::{printable, printable_lines};
use strata_ml::transformer::train::{Event, Length, Progress};

/// Longest silence where no bar is drawn.
const SILENCE: Duration = Duration::from_secs(15);
/// Samples are wrapped at this width.
const WIDTH: usize = 88;

/// Turns events into output.
pub struct Session {
    bar: Bar,
    pub record: Record,
    pub light: Light,
    pub pace: Pace,
    length: Length,
    start: Instant,
    before: f64,
    last_line: Option<Instant>,
    announced: bool,
    /// What went wrong on our side; the run is saved before it is reported.
    failure: Option<Failure>,
}

impl Session {
    /// A session of a run that has taken `before` seconds already.
    pub fn new(record: Record, light: Light, length: Length, before: f64) -> Self {
        Session {
            bar: Bar::new(),
            record,
            light,
            pace: Pace::default(),
            length,
            start: Instant::now(),
            before,
            last_line: None,
            announced: false,
            failure: None,
        }
    }

    /// Takes an event; says whether the run should go on.
    pub fn on(&mut self, event: &Event) -> ControlFlow<()> {
        if self.failure.is_none() {
            self.failure = self.handle(event).err();
        }
        if interrupt::requested() && !self.announced {
            self.announced = true;
            self.bar
                .aside(|| ui::note("Ctrl-C: saving a checkpoint (once more to stop at once) ..."));
        }
        match self.failure.is_some() || interrupt::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Seconds of training, resumed runs included.
    pub fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    /// What went wrong on our side, if something did.
    pub fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    fn handle(&mut self, event: &Event) -> Outcome<()> {
        match event {
            Event::TextChanged { .. } => {
                self.warn(
                    "the text has changed: it was edited since this run was saved, or is another. The \
                     run goes on with it as it is now, and not to the same bits as if it had never \
                     stopped",
                );
                Ok(())
            }
            Event::Step(progress) => self.step(progress),
            Event::Evaluated { step, score, floor } => {
                let loss = score.nats_per_token();
                self.record.validation(loss, *floor);
                let over = floor
                    .map_or(String::new(), |f| format!("  floor {f:.4}  ratio {:.3}", loss / f));
                let (step, good) = (ui::count(*step), ui::GOOD);
                self.print(&format!("{good}step {step}{good:#}  held-out loss {loss:.4}{over}"))
            }
            Event::Sample { step, text } => {
                let (dim, step) = (ui::DIM, ui::count(*step));
                let mut lines = vec![format!("{dim}step {step}, the model writes:{dim:#}")];
                lines.extend(wrapped(text).into_iter().map(|line| format!("  {line}")));
                self.print(&lines.join("\n"))
            }
            Event::Saved { .. } => {
                if let Err(Failure::Message(why)) = self.record.write() {
                    self.warn(&why);
                }
                Ok(())
            }
            Event::Unsaved { error, .. } => {
                self.warn(&format!("{error}. The run goes on and tries again"));
                Ok(())
            }
        }
    }

    fn step(&mut self, progress: &Progress) -> Outcome<()> {
        self.pace.add(progress.tokens_per_second);
        let share = self.light.share(progress.tokens_per_second);
        self.record.step(progress, share, self.seconds());
        if self.bar.shown() {
            self.bar.set(progress.fraction, || self.line(progress));
            return Ok(());
        }
        if self.last_line.is_none_or(|at| at.elapsed() >= SILENCE) {
            self.last_line = Some(Instant::now());
            return self.print(&format!("step {}", self.line(progress)));
        }
        Ok(())
    }

    /// `120/2,000  loss 3.214  floor 1.201  8,123 tok/s  25% MFU  4m 10s left`: with a bar it fits a
    /// terminal of 80 columns.
    fn line(&self, progress: &Progress) -> String {
        let Progress { report, floor, tokens_per_second, left, .. } = progress;
        let total = match self.length {
            Length::Steps(total) => format!("/{}", ui::count(total)),
            Length::Minutes(_) => String::new(),
        };
        let floor = floor.map_or(String::new(), |f| format!("  floor {f:.3}"));
        let rate = ui::count(ui::whole(*tokens_per_second));
        let unit = if self.bar.shown() { "tok/s" } else { "tokens/s" };
        let share = self.light.share(*tokens_per_second);
        let share = share.map_or(String::new(), |share| format!("  {} MFU", percent(share)));
        let (step, left) = (ui::count(report.step), ui::duration(*left));
        let loss = report.loss;
        format!("{step}{total}  loss {loss:.3}{floor}  {rate} {unit}{share}  {left} left")
    }

    fn print(&self, text: &str) -> Outcome<()> {
        Ok(self.bar.aside(|| say!("{text}"))?)
    }

    fn warn(&self, text: &str) {
        self.bar.aside(|| ui::warn(&printable_lines(text)));
    }

    /// Takes the bar away for good.
    pub fn close(&mut self) {
        self.bar = Bar::hidden();
    }
}

/// A text in lines that fit a page; its own line breaks stay, control characters do not.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.trim_matches('\n').split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&printable(word));
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_wrapped_and_harmless() {
        let text = format!("{}\nend\u{1b}[31m", "word ".repeat(40));
        let lines = wrapped(&text);
        assert!(lines.len() > 2 && lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(!lines.concat().contains('\u{1b}'));
    }
}
