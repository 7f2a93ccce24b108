//! One run of `strata`, and whether it went as it may.

use super::cases::Case;
use crate::{Pack, drive, limits};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Names the program, where `cargo strata fuzz` did not.
pub const STRATA: &str = "STRATA_FUZZ_BINARY";

/// A run that may go on for long is asked to stop after this.
const ASK: Duration = Duration::from_secs(6);
/// And is given this to do so.
const STOP: Duration = Duration::from_secs(30);

/// The program: named, or beside this one.
fn strata() -> Option<PathBuf> {
    let named = std::env::var_os(STRATA).map(PathBuf::from);
    let own = std::env::current_exe().ok();
    let name = format!("strata{}", std::env::consts::EXE_SUFFIX);
    let beside = own.and_then(|own| Some(own.parent()?.join(name)));
    named.or(beside).filter(|path| path.is_file())
}

pub fn lacks() -> Option<String> {
    match (cfg!(unix), strata()) {
        (true, Some(_)) => None,
        (false, _) => Some("processes are limited and ended on Unix only".into()),
        (_, None) => Some("the strata program is not built: run `cargo strata fuzz`".into()),
    }
}

/// How a run went.
struct Went {
    status: Option<ExitStatus>,
    out: Vec<u8>,
    errors: Vec<u8>,
    written: u64,
    /// Its own time was up, or nothing stopped it.
    endless: bool,
}

/// Runs a case in a fresh folder and judges it.
///
/// # Panics
/// It went as nothing may.
pub fn run(bytes: &[u8]) {
    let pack = Pack::parse(bytes);
    let Some(case) = Case::of(&pack) else { return };
    let folder = crate::scratch();
    pack.lay(&folder).unwrap_or_else(|e| panic!("no room for the input: {e}"));
    let _ = std::fs::remove_file(folder.join("argv"));
    let went = start(&case, &folder, bytes.len()).unwrap_or_else(|e| panic!("no process: {e}"));
    judge(&case, &went);
}

fn start(case: &Case, folder: &Path, size: usize) -> io::Result<Went> {
    let program = strata().ok_or_else(|| io::Error::other("strata is not built"))?;
    let mut command = Command::new(std::env::current_exe()?);
    let memory = limits::MEMORY as u64 + case.room() + size as u64;
    command.args(["limited", "--memory", &memory.to_string()]);
    // Two threads work at a time.
    command.args(["--seconds", &(2 * limits::SECONDS + case.grace()).to_string(), "--"]);
    command.arg(program).args(case.words.iter().map(OsString::from)).current_dir(folder);
    for name in [
        "CARGO_MANIFEST_DIR",
        "STRATA_DEVICE",
        "STRATA_PRECISION",
        "STRATA_FAULTS",
        "RUST_BACKTRACE",
        "STRATA_REQUIRE",
    ] {
        command.env_remove(name);
    }
    // What a verb would build or install, it does not.
    command.env("CARGO", "strata-fuzz-no-cargo").env("PATH", folder.join("no-programs"));
    command.env("RAYON_NUM_THREADS", "2").env("STRATA_TIME_LIMIT", "3").env("NO_COLOR", "1");
    command.envs(case.variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    let mut child = command.spawn()?;
    let (out, errors) = (child.stdout.take(), child.stderr.take());
    let out = thread::spawn(move || out.map(|pipe| drive::tail(pipe, 1 << 18)).unwrap_or_default());
    let errors =
        thread::spawn(move || errors.map(|pipe| drive::tail(pipe, 1 << 18)).unwrap_or_default());
    let (status, endless) = attend(&mut child, case.may_run)?;
    let ((out, written), (errors, more)) =
        (out.join().unwrap_or_default(), errors.join().unwrap_or_default());
    Ok(Went { status, out, errors, written: written + more, endless })
}

/// Waits for the end, and sees to it.
fn attend(child: &mut Child, may_run: bool) -> io::Result<(Option<ExitStatus>, bool)> {
    let start = Instant::now();
    let most = if may_run { ASK } else { Duration::from_secs(limits::WAIT) };
    let mut asked = None::<Instant>;
    loop {
        if let Some(status) = child.try_wait()? {
            signal_group(child, true);
            return Ok((Some(status), false));
        }
        match asked {
            None if start.elapsed() > most && may_run => {
                signal_group(child, false);
                asked = Some(Instant::now());
            }
            None if start.elapsed() > most => break,
            Some(at) if at.elapsed() > STOP => break,
            _ => {}
        }
        thread::sleep(Duration::from_millis(3));
    }
    signal_group(child, true);
    let _ = child.kill();
    child.wait()?;
    Ok((None, true))
}

/// Interrupts or ends a process and those it started.
fn signal_group(child: &Child, end: bool) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = if end { Signal::KILL } else { Signal::INT };
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }
    #[cfg(not(unix))]
    let _ = (child, end);
}

/// More output than this says nothing.
const OUTPUT: u64 = 64 << 20;

fn judge(case: &Case, went: &Went) {
    let errors = String::from_utf8_lossy(&went.errors);
    let out = String::from_utf8_lossy(&went.out);
    let line = |what: &str| {
        let found = errors.lines().chain(out.lines()).find(|line| line.contains(what));
        found.unwrap_or_default().chars().take(200).collect::<String>()
    };
    let verb = &case.verb;
    assert!(!went.endless, "{verb}: hang: it did not end, and did not stop when asked");
    if errors.contains("panicked at") {
        let at = errors.lines().skip_while(|line| !line.contains("panicked at")).take(2);
        panic!("{verb}: {}", at.collect::<Vec<_>>().join(" | "));
    }
    for what in ["has overflowed its stack", "memory allocation of", "This is a bug in Strata"] {
        assert!(!errors.contains(what), "{verb}: {}", line(what));
    }
    let Some(status) = went.status else { return };
    assert!(
        status.code() != Some(i32::from(limits::NOT_STARTED)),
        "{verb}: it could not be started"
    );
    let signal = signal(status);
    // Interrupted, as it was asked.
    let fine = signal.is_none() || case.may_run && signal == Some(2);
    assert!(fine, "{verb}: ended by signal {} ({})", signal.unwrap_or(0), told(signal));
    assert!(status.code() != Some(101), "{verb}: exit code 101: {}", line(""));
    assert!(went.written < OUTPUT, "{verb}: it printed {} bytes", went.written);
    let wild = |c: &char| c.is_control() && !"\n\t\r".contains(*c);
    let loud = errors.chars().find(wild).or(out.chars().find(wild).filter(|_| !case.writes_text));
    assert!(loud.is_none(), "{verb}: a control character reaches the terminal: {loud:?}");
}

fn signal(status: ExitStatus) -> Option<i32> {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        status.signal()
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        None
    }
}

fn told(signal: Option<i32>) -> &'static str {
    match signal {
        Some(24) => "hang: it worked for too long",
        Some(25) => "it wrote too large a file",
        Some(6) => "abort",
        Some(9) => "killed: memory, most likely",
        Some(11) => "memory that is not its own",
        _ => "?",
    }
}
