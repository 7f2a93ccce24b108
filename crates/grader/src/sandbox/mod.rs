//! What a judge gives up before it looks at an answer, as far as the system lets it without
//! privileges.
//!
//! A Rust answer runs in the judge's process and may call whatever it likes; a kernel runs in a driver,
//! which needs its devices and caches. So there are two profiles, and Rust's is the narrow one.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;
#[cfg(unix)]
mod sizes;
#[cfg(target_os = "linux")]
pub(crate) mod spaces;

use crate::grade::Job;
use crate::isolate::{Bounds, Limits};

/// Set to `off`, a judge keeps all its rights but the sizes: for drivers that cannot do without.
#[cfg(target_os = "linux")]
const SWITCH: &str = "STRATA_LIMITS";

/// Restricts this process to what judging takes. To be called with one thread, before anything of the
/// answer is looked at.
#[cfg(target_os = "linux")]
pub(crate) fn enter(job: &Job, bounds: &Bounds) -> Limits {
    let mut limits = Limits::default();
    alone();
    sizes::enter(job, bounds, &mut limits);
    if std::env::var_os(SWITCH).is_some_and(|value| value == "off") {
        limits.lacks(format!("files, network and processes ({SWITCH}=off)"));
        return limits;
    }
    spaces::tell(job, &mut limits);
    files::enter(job, &mut limits);
    // No right of the administrator's is left, whoever started this.
    let none = rustix::thread::CapabilitySet::empty();
    let none =
        rustix::thread::CapabilitySets { effective: none, permitted: none, inheritable: none };
    if let Err(error) = rustix::thread::set_capabilities(None, none) {
        limits.lacks(format!("the administrator's rights could not be given up ({error})"));
    }
    calls::enter(job, &mut limits);
    limits
}

/// Ends with the keeper, gains no rights, and shows its memory to nobody.
#[cfg(target_os = "linux")]
fn alone() {
    use rustix::process::{DumpableBehavior, Signal};
    // Each of these is a second line: where it is refused the first one holds.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = rustix::thread::set_no_new_privs(true);
}

/// Restricts this process as far as this system can without privileges.
#[cfg(not(target_os = "linux"))]
pub(crate) fn enter(job: &Job, bounds: &Bounds) -> Limits {
    let mut limits = Limits::default();
    #[cfg(unix)]
    sizes::enter(job, bounds, &mut limits);
    let _ = (job, bounds);
    let system = std::env::consts::OS;
    limits.lacks(format!("files, network and processes are not limited on {system}"));
    limits
}
