//! Namespaces: a network without a way out, process numbers that name nobody else, and an owner who
//! is nobody outside.

use crate::Language;
use crate::grade::Job;
use crate::isolate::Limits;
use nix::sched::{CloneFlags, unshare};
use rustix::process::{Resource, Rlimit, getgid, getrlimit, getuid, setrlimit};
use std::fs;
use std::io;

/// How the keeper tells the judge what it got.
pub(crate) const VARIABLE: &str = "STRATA_GRADER_SPACES";

/// Takes namespaces for the processes that this one will start; in words, what came of it. CUDA does
/// not open its device where process numbers are not the machine's: a kernel keeps those.
pub(crate) fn enter(kernel: bool) -> String {
    if std::env::var_os(super::SWITCH).is_some_and(|value| value == "off") {
        return String::new();
    }
    let mut rest = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC;
    if !kernel {
        rest |= CloneFlags::CLONE_NEWPID;
    }
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let refused = match unshare(CloneFlags::CLONE_NEWUSER | rest) {
        Ok(()) => match name(user, group) {
            Ok(()) => {
                few_processes();
                return "ok".into();
            }
            Err(error) => return format!("the owner's name was refused: {error}"),
        },
        Err(error) => error,
    };
    // Whoever may do more needs no owner of his own for it.
    match unshare(rest) {
        Ok(()) => "ok".into(),
        Err(_) => refused.to_string(),
    }
}

/// The owner inside is called as outside, and so are the files.
fn name(user: u32, group: u32) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

/// Counted by itself, an owner can be held to a number of processes.
fn few_processes() {
    const MOST: u64 = 1024;
    let most = getrlimit(Resource::Nproc).maximum.map_or(MOST, |old| old.min(MOST));
    // The threads are watched from outside as well.
    let _ = setrlimit(Resource::Nproc, Rlimit { current: Some(most), maximum: Some(most) });
}

/// What the judge knows of it.
pub(super) fn tell(job: &Job, limits: &mut Limits) {
    match std::env::var(VARIABLE).unwrap_or_default().as_str() {
        "ok" if job.language == Language::Rust => {
            limits.holds("no network, alone (namespaces)");
        }
        "ok" => limits.holds("no network (namespaces)"),
        why => limits.lacks(format!("namespaces ({why})")),
    }
}
