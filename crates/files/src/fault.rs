//! A disk that fails when a test wants it to.
//!
//! Every call that changes the disk passes `call` first. Normally that counts and does nothing. A
//! test names the call that shall fail, or at which the process shall die as if by `kill -9`:
//!
//! - in this thread, by [`with`];
//! - in a whole process that it starts, by the variable `STRATA_FAULTS`: `kill@7` (the seventh
//!   call), `enospc@7`, `eio@7+` (the seventh and all after it).
//!
//! So a test can try a save at each of its calls, one after another, on a real file system.

use std::cell::Cell;
use std::io;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The variable that a process reads its plan from.
pub const VARIABLE: &str = "STRATA_FAULTS";

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process ends there, without any tidying.
    Kill,
    /// The disk is full.
    NoSpace,
    /// The disk is broken.
    Broken,
}

/// Which call fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How.
    pub fault: Fault,
    /// The number of the call, from 1.
    pub at: u64,
    /// All calls after it, too.
    pub after: bool,
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{VARIABLE}={text}: it should look like kill@7, enospc@7 or eio@7+");
        let (fault, at) = text.split_once('@').ok_or_else(wrong)?;
        let fault = match fault {
            "kill" => Fault::Kill,
            "enospc" => Fault::NoSpace,
            "eio" => Fault::Broken,
            _ => return Err(wrong()),
        };
        let after = at.ends_with('+');
        let at = at.trim_end_matches('+').parse().map_err(|_| wrong())?;
        Ok(Plan { fault, at, after })
    }
}

thread_local! {
    static HERE: Cell<Option<(Option<Plan>, u64)>> = const { Cell::new(None) };
}
static EVERYWHERE: AtomicU64 = AtomicU64::new(0);

/// Runs `work` with a plan for this thread; returns its result and how many calls it made.
pub fn with<T>(plan: Option<Plan>, work: impl FnOnce() -> T) -> (T, u64) {
    let before = HERE.replace(Some((plan, 0)));
    let done = work();
    let calls = HERE.replace(before).map_or(0, |(_, calls)| calls);
    (done, calls)
}

/// The disk is about to be changed.
///
/// # Errors
/// The plan says so.
pub(crate) fn call() -> io::Result<()> {
    if let Some((plan, calls)) = HERE.get() {
        HERE.set(Some((plan, calls + 1)));
        return strike(plan, calls + 1);
    }
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    let plan = PLAN.get_or_init(|| std::env::var(VARIABLE).ok()?.parse().ok());
    match plan {
        None => Ok(()),
        Some(_) => strike(*plan, EVERYWHERE.fetch_add(1, Ordering::Relaxed) + 1),
    }
}

fn strike(plan: Option<Plan>, call: u64) -> io::Result<()> {
    let Some(plan) = plan.filter(|p| call == p.at || (p.after && call > p.at)) else {
        return Ok(());
    };
    match plan.fault {
        Fault::Kill => die(),
        Fault::NoSpace => Err(io::Error::from(io::ErrorKind::StorageFull)),
        Fault::Broken => Err(io::Error::other("input/output error (a test asks for it)")),
    }
}

/// As `kill -9` does it.
fn die() -> ! {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpid, kill_process};
        let _ = kill_process(getpid(), Signal::KILL);
    }
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_call_fails_and_no_other() {
        let plan = "enospc@2".parse().unwrap();
        let (results, calls) = with(Some(plan), || [call(), call(), call()].map(|r| r.is_err()));
        assert_eq!((results, calls), ([false, true, false], 3));
        let plan = "eio@2+".parse().unwrap();
        let (results, _) = with(Some(plan), || [call(), call(), call()].map(|r| r.is_err()));
        assert_eq!(results, [false, true, true]);
        assert!(call().is_ok());
        for wrong in ["", "kill", "kill@", "kill@x", "burn@1", "@", "kill@-1"] {
            assert!(wrong.parse::<Plan>().unwrap_err().contains("kill@7"), "{wrong}");
        }
    }
}
