//! The progress bar: one line at the bottom of a terminal, nothing anywhere else.

use super::{coloured, watched};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

const TEMPLATES: [&str; 3] = [
    "{spinner:.cyan} {bar:7.cyan/dim} {wide_msg}",
    "{spinner} {bar:7} {wide_msg}",
    "{spinner} {wide_msg}",
];

/// Ticks of a full bar.
const FULL: u64 = 1000;

/// A bar that is drawn only where somebody watches.
pub struct Bar(Option<ProgressBar>);

impl Default for Bar {
    fn default() -> Self {
        Bar::new()
    }
}

impl Bar {
    /// A bar.
    pub fn new() -> Self {
        Bar::styled(if coloured() { TEMPLATES[0] } else { TEMPLATES[1] })
    }

    /// A word on what is going on, where nobody knows how long it takes.
    pub fn waiting() -> Self {
        Bar::styled(TEMPLATES[2])
    }

    fn styled(template: &str) -> Self {
        if !watched() {
            return Bar(None);
        }
        let bar = ProgressBar::with_draw_target(Some(FULL), ProgressDrawTarget::stderr());
        // The template is a constant that the tests draw.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Bar(Some(bar))
    }

    /// No bar.
    pub fn hidden() -> Self {
        Bar(None)
    }

    /// Whether it is drawn: if not, whoever works prints a line now and then.
    pub fn shown(&self) -> bool {
        self.0.is_some()
    }

    /// How far things are (0 to 1), and a word on it.
    pub fn set(&self, fraction: f64, message: impl FnOnce() -> String) {
        if let Some(bar) = &self.0 {
            bar.set_position(super::whole(fraction.clamp(0.0, 1.0) * FULL as f64));
            bar.set_message(super::name(&message()));
        }
    }

    /// Takes the bar away while something is printed.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid() {
        for t in TEMPLATES {
            assert!(ProgressStyle::with_template(t).is_ok());
        }
    }
}
