//! A kernel's first compilation, in a process of its own: this program, started again.
//!
//! Drivers are large, and what they do with a text that is right and strange nobody can bound from
//! outside. So the first to compile a reader's kernel is a child with a limit on time and memory. If
//! it lives, this process compiles the same text; if not, the end of the child is an error.
//!
//! A program offers this by calling [`serve`] first thing in `main`. One that cannot be started
//! again, as an addon in somebody else's process, does not; it has the first two gates.

mod serve;
mod wire;

use crate::{Kernel, Loaded, Machine};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wire::Request;

/// Set in the child.
const CHILD: &str = "STRATA_TRY_KERNELS";

/// Seconds of a processor that a compiler may take; `STRATA_TIME_LIMIT` sets another number. Ours take
/// one or two.
const SECONDS: u64 = 8;
/// A busy machine gives a compiler less than a processor: by the clock it may take so often as long.
const PATIENCE: u32 = 4;
/// For starting the process and opening the device, which the kernel has no part in.
const START: Duration = Duration::from_secs(60);
/// Bytes that a compiler may take beyond what the child had before. Ours take 30 MB.
const MEMORY: u64 = 640 << 20;
/// Bytes of the child's stderr that are kept for the message.
const NOISE: usize = 4096;

static OFFERED: AtomicBool = AtomicBool::new(false);

/// If this process was started to compile kernels for another: does so until there are no more, and
/// gives the exit code. Otherwise notes that this program can be started again for that, and gives
/// `None`: from now on every kernel of an overlay is compiled there first.
///
/// Call it first thing in `main`.
pub fn serve() -> Option<ExitCode> {
    if std::env::var_os(CHILD).is_some() {
        return Some(serve::run());
    }
    OFFERED.store(true, Ordering::Relaxed);
    None
}

/// What is to be tried.
pub(crate) struct Asked<'a> {
    pub(crate) machine: Machine,
    /// Which of its kind.
    pub(crate) index: usize,
    pub(crate) kernel: &'a Kernel,
    pub(crate) loaded: &'a Loaded,
    pub(crate) constants: &'a [(&'static str, u32)],
    /// Bytes of each binding.
    pub(crate) bindings: Vec<usize>,
    /// Words of the params.
    pub(crate) params: usize,
    /// What CUDA compiles for.
    pub(crate) arch: &'a str,
}

/// Compiles a kernel in the child. Fine, too, where this program offers none.
///
/// # Errors
/// The child died of it, or was ended because it took too long or too much. A kernel that is merely
/// wrong is no such error: whoever compiles it next says so better.
pub(crate) fn outlives(asked: &Asked<'_>) -> Result<(), String> {
    if !OFFERED.load(Ordering::Relaxed) {
        return Ok(());
    }
    static WORKER: Mutex<Option<Worker>> = Mutex::new(None);
    let mut worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running = match worker.take() {
        Some(running) => running,
        None => Worker::start()
            .map_err(|e| format!("the process that tries kernels out could not be started: {e}"))?,
    };
    match running.ask(&Request::of(asked)) {
        Ok(()) => {
            *worker = Some(running);
            Ok(())
        }
        Err(end) => Err(end.message(running.end())),
    }
}

/// What a child says: a word a line.
enum Said {
    /// The device is open, the compiler begins.
    Begun,
    /// It is over, and the child lives.
    Done,
    /// It took too much memory and ends itself.
    Memory,
}

/// How a child ended that should not have.
enum End {
    Started(Duration),
    Time(Duration),
    Memory,
    Died,
}

impl End {
    fn message(&self, (status, noise): (String, String)) -> String {
        // How a system ends a process that has had its share of the processor.
        let timeout = status.contains("SIGXCPU").then(|| End::Time(limit()));
        let advice = "It was compiled in a process of its own, and nothing else was harmed. Make it \
                      smaller: fewer and shorter loops, less memory, fewer calls";
        match timeout.as_ref().unwrap_or(self) {
            End::Time(limit) => {
                let seconds = limit.as_secs();
                format!(
                    "error: its compiler was stopped after {seconds} s. {advice}. On a slow machine \
                     STRATA_TIME_LIMIT={} gives it more time",
                    seconds.saturating_mul(4)
                )
            }
            End::Memory => {
                let limit = MEMORY >> 20;
                format!("error: its compiler took more than {limit} MB of memory. {advice}")
            }
            End::Started(limit) => format!(
                "error: the process that tries kernels out had not opened the device after {} s",
                limit.as_secs()
            ),
            End::Died => {
                let noise: String = noise.lines().map(|line| format!("\n    {line}")).collect();
                format!("error: its compiler crashed ({status}). {advice}{noise}")
            }
        }
    }
}

/// A child that waits for kernels.
struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    said: Receiver<Said>,
    noise: Arc<Mutex<Vec<u8>>>,
}

impl Worker {
    fn start() -> std::io::Result<Worker> {
        // A build may have replaced the file since; Linux still has what runs.
        let program = match cfg!(target_os = "linux") {
            true => "/proc/self/exe".into(),
            false => std::env::current_exe()?,
        };
        let mut child = Command::new(program)
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let said = listen(child.stdout.take());
        let noise = collect(child.stderr.take());
        Ok(Worker { child, input, said, noise })
    }

    fn ask(&mut self, request: &Request) -> Result<(), End> {
        let input = self.input.as_mut().ok_or(End::Died)?;
        // A child that does not read would block this for ever: it reads on a thread of its own.
        request.write(input).map_err(|_| End::Died)?;
        let (start, limit) = (Instant::now(), limit());
        let longest = limit * PATIENCE;
        let mut begun: Option<Instant> = None;
        loop {
            let patience = match begun {
                Some(begun) => longest.saturating_sub(begun.elapsed()),
                None => START.saturating_sub(start.elapsed()),
            };
            match self.said.recv_timeout(patience) {
                Ok(Said::Begun) => begun = Some(Instant::now()),
                Ok(Said::Done) => return Ok(()),
                Ok(Said::Memory) => return Err(End::Memory),
                Err(RecvTimeoutError::Disconnected) => return Err(End::Died),
                Err(RecvTimeoutError::Timeout) if begun.is_some() => return Err(End::Time(limit)),
                Err(RecvTimeoutError::Timeout) => return Err(End::Started(START)),
            }
        }
    }

    /// Ends it; how it ended, and the last it said.
    fn end(mut self) -> (String, String) {
        self.input = None;
        // One that died has a status of its own; give it a moment to be told.
        let died = Instant::now();
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if died.elapsed() < Duration::from_millis(200) => {
                    thread::sleep(Duration::from_millis(5));
                }
                _ => break None,
            }
        };
        let status = match status {
            Some(status) => status.to_string(),
            None => {
                let _ = self.child.kill();
                let _ = self.child.wait();
                "it was ended".into()
            }
        };
        let noise = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&noise);
        let text =
            text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
        (status, text)
    }
}

/// The time limit.
fn limit() -> Duration {
    let set = std::env::var("STRATA_TIME_LIMIT").ok().and_then(|text| text.parse::<u64>().ok());
    // A day is more than anybody waits, and what is added to it stays a number.
    Duration::from_secs(set.filter(|&s| s > 0).unwrap_or(SECONDS).min(86_400))
}

fn listen(output: Option<impl Read + Send + 'static>) -> Receiver<Said> {
    let (send, receive) = channel();
    if let Some(output) = output {
        thread::spawn(move || {
            // A driver may print, too, but never a line without end.
            let mut lines = BufReader::new(output);
            let mut line = Vec::new();
            loop {
                line.clear();
                match (&mut lines).take(NOISE as u64).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
                let said = match line.as_slice() {
                    b"strata: begun\n" => Said::Begun,
                    b"strata: done\n" => Said::Done,
                    b"strata: memory\n" => Said::Memory,
                    _ => continue,
                };
                if send.send(said).is_err() {
                    break;
                }
            }
        });
    }
    receive
}

/// The end of what the child says on stderr; the rest is read and dropped.
fn collect(stderr: Option<impl Read + Send + 'static>) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    if let Some(mut stderr) = stderr {
        let kept = kept.clone();
        thread::spawn(move || {
            let mut piece = [0; NOISE];
            while let Ok(n @ 1..) = stderr.read(&mut piece) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(piece.iter().take(n));
                let over = kept.len().saturating_sub(NOISE);
                kept.drain(..over);
            }
        });
    }
    kept
}
