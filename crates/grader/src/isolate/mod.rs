//! A verdict from a process of its own.
//!
//! A kernel that never ends cannot be stopped from inside, a stack that overflows takes its process
//! along, and an answer may be a stranger's. So the judge starts itself once more, holds that process
//! to bounds, and ends it and all it has started either way.
//!
//! Who is who: the *parent* (a test program or `strata`) waits; on Linux a *keeper* stands between, to
//! whom processes fall that their own parents left; the *judge* restricts itself before it looks at the
//! answer, and says its verdict over a line of its own (`channel`). All three are this program.

mod attend;
mod bounds;
mod channel;
mod environment;
#[cfg(target_os = "linux")]
mod keeper;
mod output;
mod serve;
mod watch;
mod words;

pub use bounds::{Bounds, Limits};
pub use serve::{serve, serve_timed};

use crate::Verdict;
use crate::grade::Job;
use std::time::Duration;

/// What this process is, if it was started as one of ours.
const ROLE: &str = "STRATA_GRADER";

/// What came of an answer, and how it was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Median seconds of the timed call, where that was asked for and the answer passes.
    pub seconds: Option<f64>,
    /// What the judge was held to.
    pub limits: Limits,
}

/// The time limit.
pub fn limit() -> Duration {
    Bounds::from_env().time
}

/// Judges an answer in a process of its own: this program, started again.
pub fn grade(job: &Job) -> Verdict {
    judge(job, &Bounds::from_env()).verdict
}

/// Judges an answer in a process of its own, within these bounds.
pub fn judge(job: &Job, bounds: &Bounds) -> Judged {
    match attend::start(job, bounds) {
        Ok(judge) => judge.attend(job, bounds),
        Err(error) => {
            let text = format!("the judge could not be started: {error}");
            let verdict = Verdict::rejected("device-error", text);
            Judged { verdict, seconds: None, limits: Limits::default() }
        }
    }
}
