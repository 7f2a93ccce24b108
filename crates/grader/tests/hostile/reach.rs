//! Answers that reach for other processes, for the network, and for rights.

use super::{CALLS, Hostile, STAYS};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;
use strata_grader::grade::Job;

pub const ALL: &[Hostile] = &[
    Hostile("leaves_a_child", CALLS, "differs", |_| starts("sleep", &[STAYS])),
    Hostile("leaves_a_child_of_a_session_of_its_own", CALLS, "differs", |_| {
        starts("setsid", &["sleep", STAYS]) || starts("setsid", &["-f", "sleep", STAYS])
    }),
    Hostile("leaves_a_grandchild", CALLS, "differs", |_| {
        starts("sh", &["-c", &format!("(setsid sleep {STAYS} &) ; (sleep {STAYS} &)")])
    }),
    Hostile("starts_processes_for_ever", CALLS, "differs", |_| {
        let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
        let mut any = false;
        for _ in 0..1000 {
            any |= Command::new(&program).arg(STAYS).spawn().is_ok();
            any |= starts("sh", &["-c", ":(){ :|:& };:"]);
        }
        any
    }),
    Hostile("becomes_another_program", CALLS, "differs", becomes),
    Hostile("calls_home", CALLS, "differs", |_| {
        let home = (Ipv4Addr::LOCALHOST, 80).into();
        let wait = Duration::from_millis(100);
        match std::net::TcpStream::connect_timeout(&home, wait) {
            Ok(_) => true,
            // Refused by a machine is reached; refused by the system is not.
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        }
    }),
    Hostile("asks_for_a_name", CALLS, "differs", |_| {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).is_ok()
    }),
    Hostile("waits_for_callers", CALLS, "differs", |_| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).is_ok()
            || TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).is_ok()
    }),
    Hostile("talks_to_the_machines_services", CALLS, "differs", services),
    Hostile("ends_its_parent", CALLS, "differs", ends_parent),
    Hostile("ends_its_group", CALLS, "differs", ends_group),
    Hostile("leaves_its_group", CALLS, "differs", leaves_group),
    Hostile("is_traced", CALLS, "differs", traced),
    Hostile("raises_its_limits", CALLS, "differs", raises),
    Hostile("takes_a_namespace", CALLS, "differs", namespace),
    Hostile("takes_another_root", CALLS, "differs", root),
    Hostile("takes_rights_back", CALLS, "differs", rights),
];

fn starts(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use rustix::process::{Pid, Signal, kill_current_process_group, kill_process};
    use std::os::unix::net::{UnixDatagram, UnixStream};
    use std::os::unix::process::CommandExt;

    pub fn becomes(_: &Job) -> bool {
        // It comes back only if it was refused.
        let error = Command::new("sleep").arg(STAYS).exec();
        error.raw_os_error() != Some(libc::EPERM)
    }

    pub fn services(_: &Job) -> bool {
        UnixDatagram::unbound().is_ok()
            || UnixDatagram::pair().is_ok()
            || UnixStream::connect("/run/dbus/system_bus_socket").is_ok()
            || UnixStream::connect("/var/run/docker.sock").is_ok()
    }

    pub fn ends_parent(_: &Job) -> bool {
        let parent = rustix::process::getppid().or(Pid::from_raw(2));
        let any = parent.is_some_and(|parent| kill_process(parent, Signal::KILL).is_ok());
        // A few more, whoever they are, with a signal that does nothing.
        any || (2..2000).filter_map(Pid::from_raw).any(|p| kill_process(p, Signal::CONT).is_ok())
    }

    pub fn ends_group(_: &Job) -> bool {
        kill_current_process_group(Signal::KILL).is_ok()
    }

    pub fn leaves_group(_: &Job) -> bool {
        rustix::process::setsid().is_ok() || rustix::process::setpgid(None, None).is_ok()
    }

    pub fn traced(_: &Job) -> bool {
        nix::sys::ptrace::traceme().is_ok()
    }

    pub fn raises(_: &Job) -> bool {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = || Rlimit { current: None, maximum: None };
        [Resource::Core, Resource::Fsize, Resource::Nofile, Resource::Data]
            .into_iter()
            .any(|resource| setrlimit(resource, none()).is_ok())
    }

    pub fn namespace(_: &Job) -> bool {
        use nix::sched::{CloneFlags, unshare};
        unshare(CloneFlags::CLONE_NEWUSER).is_ok() || unshare(CloneFlags::CLONE_NEWNS).is_ok()
    }

    pub fn root(_: &Job) -> bool {
        std::os::unix::fs::chroot("/usr").is_ok()
    }

    pub fn rights(_: &Job) -> bool {
        use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
        let one = CapabilitySet::DAC_OVERRIDE;
        set_capabilities(None, CapabilitySets { effective: one, permitted: one, inheritable: one })
            .is_ok()
    }
}

#[cfg(target_os = "linux")]
use linux::*;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Job;
    macro_rules! not_here {
        ($($name:ident)*) => { $(pub fn $name(_: &Job) -> bool { false })* };
    }
    not_here! { becomes services ends_parent ends_group leaves_group traced raises namespace root rights }
}

#[cfg(not(target_os = "linux"))]
use elsewhere::*;
