//! System calls that no judge needs: those that open a way to the network, start a program, touch
//! another process, or change the rights of a file.

use crate::Language;
use crate::grade::Job;
use crate::isolate::Limits;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use std::collections::BTreeMap;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls so new that not every table of numbers has them; their numbers are the same everywhere.
const FCHMODAT2: i64 = 452;
const SETXATTRAT: i64 = 463;
const REMOVEXATTRAT: i64 = 466;
const FILE_SETATTR: i64 = 469;

/// Refused whatever the arguments.
#[rustfmt::skip]
const REFUSED: &[i64] = &[
    // The network, and the machine's own services.
    libc::SYS_connect,
    // Programs.
    libc::SYS_execve, libc::SYS_execveat,
    // Other processes.
    libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev,
    libc::SYS_pidfd_open, libc::SYS_pidfd_getfd, libc::SYS_pidfd_send_signal, libc::SYS_kcmp,
    libc::SYS_process_madvise, libc::SYS_setsid, libc::SYS_setpgid,
    // Rights and dates of files, which landlock leaves alone; devices and pipes with names.
    libc::SYS_fchmod, libc::SYS_fchmodat, FCHMODAT2, SETXATTRAT, REMOVEXATTRAT, FILE_SETATTR, libc::SYS_fchown,
    libc::SYS_fchownat, libc::SYS_utimensat, libc::SYS_setxattr, libc::SYS_lsetxattr,
    libc::SYS_fsetxattr, libc::SYS_removexattr, libc::SYS_lremovexattr, libc::SYS_fremovexattr,
    libc::SYS_mknodat, libc::SYS_open_by_handle_at,
    // Memory that stays when its process has gone.
    libc::SYS_shmget, libc::SYS_msgget, libc::SYS_semget, libc::SYS_mq_open,
    libc::SYS_add_key, libc::SYS_request_key, libc::SYS_keyctl,
    // The machine itself.
    libc::SYS_unshare, libc::SYS_setns, libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root,
    libc::SYS_chroot, libc::SYS_fsopen, libc::SYS_fsmount, libc::SYS_move_mount,
    libc::SYS_open_tree, libc::SYS_mount_setattr, libc::SYS_swapon, libc::SYS_swapoff,
    libc::SYS_reboot, libc::SYS_kexec_load, libc::SYS_init_module, libc::SYS_finit_module,
    libc::SYS_delete_module, libc::SYS_acct, libc::SYS_quotactl, libc::SYS_settimeofday,
    libc::SYS_clock_settime, libc::SYS_adjtimex, libc::SYS_clock_adjtime, libc::SYS_sethostname,
    libc::SYS_setdomainname, libc::SYS_syslog, libc::SYS_bpf, libc::SYS_perf_event_open,
    libc::SYS_userfaultfd, libc::SYS_fanotify_init, libc::SYS_personality,
];

/// The old spellings of some of them.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const OLD: &[i64] = &[
    libc::SYS_fork, libc::SYS_vfork, libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown,
    libc::SYS_utime, libc::SYS_utimes, libc::SYS_futimesat, libc::SYS_mknod,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[i64] = &[];

/// Refused as if the kernel were too old for them: callers then use the ones that can be looked into.
/// What a ring of calls does is not filtered.
const UNKNOWN: &[i64] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// A Rust answer needs no sockets at all, and no files without names: their bytes would count as
/// nobody's memory.
#[rustfmt::skip]
const RUST: &[i64] = &[
    libc::SYS_socket, libc::SYS_socketpair, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept,
    libc::SYS_accept4, libc::SYS_memfd_create, libc::SYS_memfd_secret,
];

/// Refuses them to this thread and all that it starts.
pub(super) fn enter(job: &Job, limits: &mut Limits) {
    match refuse(job.language == Language::Rust) {
        Ok(()) => limits.holds("no network, programs or other processes (seccomp)"),
        Err(why) => limits.lacks(format!("network and processes through seccomp ({why})")),
    }
}

fn refuse(rust: bool) -> Result<(), String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|e| e.to_string())?;
    let mut rules: Rules = REFUSED.iter().chain(OLD).map(|&call| (call, vec![])).collect();
    some(&mut rules).map_err(|e| e.to_string())?;
    if rust {
        rules.extend(RUST.iter().map(|&call| (call, vec![])));
    }
    let unknown: Rules = UNKNOWN.iter().map(|&call| (call, vec![])).collect();
    for (rules, error) in [(rules, libc::EPERM), (unknown, libc::ENOSYS)] {
        let rules = both(rules);
        let (other, these) = (SeccompAction::Allow, SeccompAction::Errno(error.unsigned_abs()));
        let filter = SeccompFilter::new(rules, other, these, arch).map_err(|e| e.to_string())?;
        let program: BpfProgram =
            filter.try_into().map_err(|e: seccompiler::BackendError| e.to_string())?;
        apply_filter(&program).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Refused with some arguments.
fn some(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    use SeccompCmpArgLen::Dword;
    let when = |argument, is, value: u64| -> Result<SeccompRule, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(argument, Dword, is, value)?])
    };
    // A thread may be started, a process not.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, vec![when(0, SeccompCmpOp::MaskedEq(thread), 0)?]);
    // CUDA waits at a socket of this machine's, which nobody may call.
    let local = libc::AF_UNIX as u64;
    rules.insert(libc::SYS_socket, vec![when(0, SeccompCmpOp::Ne, local)?]);
    // A signal may go to the process itself.
    let own = u64::from(std::process::id());
    for call in
        [libc::SYS_kill, libc::SYS_tgkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo]
    {
        rules.insert(call, vec![when(0, SeccompCmpOp::Ne, own)?]);
    }
    // Nothing is typed into a terminal: TIOCSTI and TIOCLINUX.
    let typed = [0x5412, 0x541c].map(|call| when(1, SeccompCmpOp::Eq, call));
    rules.insert(libc::SYS_ioctl, typed.into_iter().collect::<Result<_, _>>()?);
    Ok(())
}

/// The same calls under the second numbers that x86-64 has for them.
fn both(rules: Rules) -> Rules {
    const X32: i64 = 0x4000_0000;
    match cfg!(target_arch = "x86_64") {
        true => rules.into_iter().flat_map(|(n, r)| [(n, r.clone()), (n | X32, r)]).collect(),
        false => rules,
    }
}
