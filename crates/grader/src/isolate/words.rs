//! What is said of a judge that did not come back.

use super::bounds::{Bounds, size};
use crate::grade::Job;
use crate::{Language, Rejection, Verdict, files};
use strata_files::{printable, printable_lines};

/// The most that is kept of a report.
const LONGEST: usize = 64 << 10;

/// A report of bounded length, safe to show.
pub(super) fn bounded(verdict: Verdict) -> Verdict {
    let cut = |mut text: String, most: usize| {
        text.truncate(text.floor_char_boundary(most));
        text
    };
    let text = |text: String| {
        let more = if text.len() > LONGEST { "\n  ... and more" } else { "" };
        format!("{}{more}", printable_lines(&cut(text, LONGEST)))
    };
    match verdict {
        Verdict::Rejected(Rejection { mut diagnoses, text: report }) => {
            diagnoses.truncate(16);
            let name = |name: String| printable(&cut(name, 100)).into_owned();
            let diagnoses = diagnoses.into_iter().map(name).collect();
            Verdict::Rejected(Rejection { diagnoses, text: text(report) })
        }
        Verdict::Compiled { reason } => Verdict::Compiled { reason: text(reason) },
        Verdict::Skipped { reason } => Verdict::Skipped { reason: text(reason) },
        passed => passed,
    }
}

fn runs(job: &Job) -> &'static str {
    match job.language {
        Language::Rust => "the function",
        _ => "the kernel",
    }
}

pub(super) fn endless(job: &Job, bounds: &Bounds) -> Verdict {
    let (what, seconds) = (runs(job), bounds.time.as_secs_f64());
    let text = files::read_text(&job.file).ok().flatten().unwrap_or_default();
    let guess = match strata_judges::endless(&text) {
        Some(line) => format!("nothing ends the loop that begins on line {line}"),
        None => "a loop that never ends, most likely".into(),
    };
    let text = format!(
        "{what} had not come back after {seconds} s and was stopped.\n  \
         diagnosis  {guess}. Does its counter move, and does its condition ever become false?\n  \
         if not     on a slow machine STRATA_TIME_LIMIT={} gives it more time",
        bounds.more_time()
    );
    Verdict::rejected("time-limit", text)
}

pub(super) fn hungry(job: &Job, bounds: &Bounds) -> Verdict {
    let megabytes = bounds.memory >> 20;
    let text = format!(
        "{} took more than {} of memory and was stopped.\n  \
         diagnosis  does a list grow in a loop that never ends, or is a size far too large?\n  \
         if not     STRATA_MEMORY_LIMIT={} (megabytes) allows more",
        runs(job),
        size(bounds.memory),
        megabytes.saturating_mul(4)
    );
    Verdict::rejected("memory-limit", text)
}

pub(super) fn talkative(job: &Job, bounds: &Bounds, noise: &str) -> Verdict {
    let text = format!(
        "{} printed more than {} and was stopped. Its last words:\n{}",
        runs(job),
        size(bounds.output),
        last_words(noise)
    );
    Verdict::rejected("output-limit", text)
}

pub(super) fn crowded(job: &Job, bounds: &Bounds) -> Verdict {
    let (what, most) = (runs(job), bounds.threads);
    let text = format!("{what} started more than {most} threads and was stopped.");
    Verdict::rejected("thread-limit", text)
}

/// The last lines, each cut to what a screen can hold.
fn last_words(noise: &str) -> String {
    let tail: Vec<&str> = noise.lines().rev().take(5).collect();
    let cut = |line: &&str| {
        let line: String = line.chars().take(200).collect();
        format!("    {}\n", printable(&line))
    };
    tail.iter().rev().map(cut).collect()
}

pub(super) fn died(job: &Job, bounds: &Bounds, how: &str, noise: &str) -> Verdict {
    if noise.contains("overflowed its stack") {
        let text = "the function called itself until the stack was full.\n  diagnosis  recursion \
                    without an end, or too deep: is there a case that returns without calling \
                    again? A loop with a list of its own goes as deep as memory allows.";
        return Verdict::rejected("panicked", text);
    }
    if noise.contains("memory allocation of") {
        return hungry(job, bounds);
    }
    let what = match job.language {
        Language::Rust => "the process that ran the function",
        _ => "the process that ran the kernel",
    };
    let text = format!("{what} ended without a verdict ({how}).\n{}", last_words(noise));
    Verdict::rejected("device-error", text)
}
