//! Programs that the press starts, and its own end: they end with it, and it ends with the program that
//! started it.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Set by who starts the press and holds its stdin open; the press ends when that closes.
pub const TIED: &str = "STRATA_PRESS_TIED";
/// What a program that was interrupted exits with.
const INTERRUPTED: i32 = 130;
/// How often a child is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(10);

/// The running children, once this program looks after them itself. Children are waited for under the
/// lock only, so that a number in the list is never another program's.
static KEPT: OnceLock<Mutex<Vec<u32>>> = OnceLock::new();

/// For the program only, not for who uses the library: from now on children are ended with it, on
/// Ctrl-C, SIGTERM and SIGHUP, and when the starter that [`TIED`] speaks of has gone.
///
/// # Errors
/// The system does not let us listen to its signals.
pub fn keep() -> Result<(), ctrlc::Error> {
    KEPT.get_or_init(Mutex::default);
    ctrlc::set_handler(end)?;
    if std::env::var_os(TIED).is_some() {
        // A second line, should somebody else have got hold of the other end of our stdin.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ =
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
        thread::spawn(|| {
            // What is written there is nothing to us.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            end();
        });
    }
    Ok(())
}

fn end() {
    if let Some(kept) = KEPT.get() {
        for id in kept.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            end_group(*id);
        }
    }
    std::process::exit(INTERRUPTED);
}

#[cfg(unix)]
fn end_group(id: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // Each child leads a group of its own.
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end_group(id: u32) {
    if cfg!(windows) {
        let mut tree = Command::new("taskkill");
        let tree = tree.args(["/T", "/F", "/PID", &id.to_string()]);
        let _ =
            tree.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status();
    }
}

/// A child that is looked after.
pub(crate) struct Kept(Child);

impl Kept {
    /// # Errors
    /// It cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Kept> {
        let Some(kept) = KEPT.get() else { return command.spawn().map(Kept) };
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        // Under the lock, so that it is on the list when the end comes.
        let mut list = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        list.push(child.id());
        Ok(Kept(child))
    }

    /// Waits for it.
    ///
    /// # Errors
    /// The system does not know how it ended.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.glance()? {
                return Ok(status);
            }
            thread::sleep(GLANCE);
        }
    }

    /// Waits until it ends, no longer than until `last`.
    fn wait_until(&mut self, last: Instant) -> io::Result<Option<ExitStatus>> {
        loop {
            let status = self.glance()?;
            if status.is_some() || Instant::now() >= last {
                return Ok(status);
            }
            thread::sleep(GLANCE);
        }
    }

    fn glance(&mut self) -> io::Result<Option<ExitStatus>> {
        let mut list = KEPT.get().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner));
        let status = self.0.try_wait()?;
        if let (Some(list), Some(_)) = (&mut list, status) {
            list.retain(|id| *id != self.0.id());
        }
        Ok(status)
    }

    fn kill(&mut self) {
        if KEPT.get().is_some() {
            // Not waited for yet, so its number is still its own.
            end_group(self.0.id());
        }
        let _ = self.0.kill();
    }

    /// What it prints, and how it ended; it is ended at `bytes` bytes or `patience`.
    ///
    /// # Errors
    /// It prints more, or takes longer; the pipe breaks.
    pub fn output(
        mut self,
        pipe: impl Read + Send + 'static,
        bytes: usize,
        patience: Duration,
    ) -> io::Result<(Vec<u8>, ExitStatus)> {
        let last = Instant::now() + patience;
        let (send, read) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let mut taken = Vec::new();
            let done = pipe.take(bytes as u64 + 1).read_to_end(&mut taken);
            // Who asked may have lost patience.
            let _ = send.send(done.map(|_| taken));
        });
        let found = match read.recv_timeout(patience) {
            Ok(Ok(taken)) if taken.len() <= bytes => match self.wait_until(last) {
                Ok(Some(status)) => return Ok((taken, status)),
                Ok(None) => late(patience),
                Err(error) => error,
            },
            Ok(Ok(_)) => io::Error::other(format!("it prints more than {bytes} bytes")),
            Ok(Err(error)) => error,
            Err(_) => late(patience),
        };
        self.kill();
        let _ = self.wait();
        Err(found)
    }
}

fn late(patience: Duration) -> io::Error {
    io::Error::other(format!("it had not ended after {} s and was stopped", patience.as_secs()))
}
