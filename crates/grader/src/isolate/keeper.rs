//! The process between the parent and a judge, on Linux: gives the judge namespaces of its own, and
//! whatever the judge's descendants leave behind falls to it and is ended with the judge.
//!
//! It never looks at the answer. It has one thread only: a process that has asked for a new namespace
//! of process numbers may start no other.

use super::watch::{PAUSE, end_tree};
use super::{ROLE as VARIABLE, attend};
use crate::sandbox::spaces;
use rustix::process::{Signal, WaitOptions, set_child_subreaper, set_parent_process_death_signal};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;

/// What it is called.
pub(super) const ROLE: &str = "keeper";
/// Set where the answer is a kernel.
pub(super) const KERNEL: &str = "STRATA_GRADER_KERNEL";

/// Starts the judge, waits, and ends what it leaves.
pub(super) fn keep() -> ExitCode {
    // Where that is refused the line still closes with the parent, and the judge sees it.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let _ = set_child_subreaper(Some(rustix::process::getpid()));
    close_others();
    let spaces = spaces::enter(std::env::var_os(KERNEL).is_some());
    let mut command = match attend::program() {
        Ok(command) => command,
        Err(error) => return failed(&error),
    };
    command.env(VARIABLE, "judge").env(spaces::VARIABLE, spaces);
    let mut judge = match command.spawn() {
        Ok(judge) => judge,
        Err(error) => return failed(&error),
    };
    let status = judge.wait();
    // Only the system's own word that there is no child is trusted: a list that is read while processes
    // end and their children fall to this one may miss some.
    let own = std::process::id();
    loop {
        end_tree(own);
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => std::thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
            (None, Some(signal)) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(255)),
            (None, None) => ExitCode::FAILURE,
        },
        Err(error) => failed(&error),
    }
}

fn failed(error: &std::io::Error) -> ExitCode {
    eprintln!("error: the judge could not be started: {error}");
    ExitCode::FAILURE
}

/// Closes whatever files were left open to this process beside its three: a terminal's, a build
/// tool's. They are nobody's here.
fn close_others() {
    let Ok(list) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> =
        list.flatten().filter_map(|f| f.file_name().to_str()?.parse().ok()).collect();
    for number in open.into_iter().filter(|&number| number > 2) {
        // The list's own is among them, and closed already.
        let _ = nix::unistd::close(number);
    }
}
