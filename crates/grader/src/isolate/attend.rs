//! The parent's side: starts a judge, waits no longer than the limit, and ends it with all it has
//! started.

use super::bounds::{Bounds, Limits, size};
use super::channel::{Listener, Said, Start, new_key};
use super::output::Noise;
use super::watch::{Watch, end};
use super::{Judged, ROLE, environment, words};
use crate::grade::Job;
use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What the judge's lines begin with where they go through stdout.
pub(super) const MARK: &str = if cfg!(unix) { "" } else { "strata-verdict " };

/// How often a judge at work is looked at.
const TICK: Duration = Duration::from_millis(25);
/// How long the end of what a dead judge printed is waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A judge at work.
pub(super) struct Attended {
    child: Child,
    said: Receiver<Said>,
    noise: Noise,
    /// Held open while we wait; the judge ends when it closes.
    _line: Box<dyn Write>,
}

/// This program, to be started again. On Linux the system's link leads to it even if a new one was
/// built in its place; lists of processes show its name.
pub(super) fn program() -> io::Result<Command> {
    let own = std::env::current_exe()?;
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        let link = std::path::Path::new("/proc/self/exe");
        if link.exists() {
            let mut command = Command::new(link);
            command.arg0(own);
            return Ok(command);
        }
    }
    Ok(Command::new(own))
}

/// Starts a judge.
pub(super) fn start(job: &Job, bounds: &Bounds) -> io::Result<Attended> {
    let key = new_key()?;
    let start = Start { key: key.clone(), job: job.clone(), bounds: bounds.clone() };
    let start = serde_json::to_string(&start)? + "\n";
    let mut command = program()?;
    command.env_clear().envs(environment::clean());
    // Mesa asks the list of users for its cache's place, and in a namespace the judge is none of them.
    // Without the cache each question compiles its kernel anew.
    if let Some(cache) = environment::cache() {
        command.env("XDG_CACHE_HOME", cache);
    }
    // What a driver puts aside for a moment goes where it may be written, and goes with it.
    command.env("TMPDIR", &job.scratch);
    #[cfg(target_os = "linux")]
    if job.language != crate::Language::Rust {
        command.env(super::keeper::KERNEL, "1");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(command, key, start.as_bytes(), bounds)
}

#[cfg(unix)]
fn spawn(mut command: Command, key: String, start: &[u8], bounds: &Bounds) -> io::Result<Attended> {
    use std::os::unix::{net::UnixStream, process::CommandExt};
    let role = if cfg!(target_os = "linux") { "keeper" } else { "judge" };
    let (mut line, theirs) = UnixStream::pair()?;
    command.env(ROLE, role).process_group(0).stdin(std::os::fd::OwnedFd::from(theirs));
    let mut child = command.spawn()?;
    // It holds the other end of the line, which must close with the judge.
    drop(command);
    let noise = Noise::collect(child.stdout.take(), child.stderr.take(), bounds.output);
    if let Err(error) = line.write_all(start) {
        end(&mut child);
        return Err(error);
    }
    let said = listen(line.try_clone()?, key);
    Ok(Attended { child, said, noise, _line: Box::new(line) })
}

#[cfg(not(unix))]
fn spawn(mut command: Command, key: String, start: &[u8], bounds: &Bounds) -> io::Result<Attended> {
    let mut child = command.env(ROLE, "judge").stdin(Stdio::piped()).spawn()?;
    let line = child.stdin.take().ok_or_else(|| io::Error::other("no stdin"));
    let noise = Noise::collect(None::<io::Empty>, child.stderr.take(), bounds.output);
    let (mut line, stdout) = match (line, child.stdout.take()) {
        (Ok(line), Some(stdout)) => (line, stdout),
        _ => {
            end(&mut child);
            return Err(io::Error::other("the judge has no stdin or stdout"));
        }
    };
    if let Err(error) = line.write_all(start) {
        end(&mut child);
        return Err(error);
    }
    Ok(Attended { child, said: listen(stdout, key), noise, _line: Box::new(line) })
}

/// What the judge says, as it says it.
fn listen(line: impl io::Read + Send + 'static, key: String) -> Receiver<Said> {
    let (send, receive) = channel();
    thread::spawn(move || Listener::new(key, MARK).listen(line, |said| send.send(said).is_ok()));
    receive
}

impl Attended {
    pub fn attend(mut self, job: &Job, bounds: &Bounds) -> Judged {
        let start = Instant::now();
        let mut watch = Watch::of(&self.child, bounds);
        let mut limits = Limits::default();
        let (seconds, output) = (bounds.time.as_secs_f64(), size(bounds.output));
        limits.holds(format!("{seconds} s, {output} of output"));
        watch.tell(&mut limits);
        let (mut known, mut seconds) = (None, None);
        let verdict = loop {
            let left = (bounds.time + bounds.grace).saturating_sub(start.elapsed());
            match self.said.recv_timeout(left.min(TICK)) {
                Ok(Said::Limits(more)) => limits.add(more),
                Ok(Said::Known(verdict)) => known = Some(verdict),
                Ok(Said::Last(verdict, time)) => {
                    seconds = time.filter(|s| s.is_finite() && *s >= 0.0);
                    break verdict;
                }
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    break known.unwrap_or_else(|| words::endless(job, bounds));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let how = self.how_it_ended(start, bounds);
                    let noise = self.noise.tail(LAST_WORDS);
                    if self.noise.too_much() {
                        break words::talkative(job, bounds, &noise);
                    }
                    break known.unwrap_or_else(|| words::died(job, bounds, &how, &noise));
                }
            }
            // What breaks a bound is stopped, whatever was known of it.
            if self.noise.too_much() {
                break words::talkative(job, bounds, &self.noise.tail(Duration::ZERO));
            }
            match watch.look() {
                super::watch::Breach::None => {}
                super::watch::Breach::Memory => break words::hungry(job, bounds),
                super::watch::Breach::Threads => break words::crowded(job, bounds),
            }
        };
        // A driver may take its time to tidy up, or never come back: nobody needs it any more.
        end(&mut self.child);
        Judged { verdict: words::bounded(verdict), seconds, limits }
    }

    /// How a judge ended that says nothing any more. One that only closed its line is ended.
    fn how_it_ended(&mut self, start: Instant, bounds: &Bounds) -> String {
        let patience = bounds.time + bounds.grace;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return how(status),
                Err(error) => return error.to_string(),
                Ok(None) if start.elapsed() < patience => thread::sleep(Duration::from_millis(1)),
                Ok(None) => return "it closed its line and went on".into(),
            }
        }
    }
}

/// `exit status: 1`, `signal: 11`. The keeper passes a signal on as shells do.
fn how(status: std::process::ExitStatus) -> String {
    match status.code() {
        Some(code) if cfg!(target_os = "linux") && code > 128 => match code - 128 {
            6 => "signal: 6, aborted".into(),
            9 => "signal: 9, killed".into(),
            11 => "signal: 11, a bad address or an abort".into(),
            signal => format!("signal: {signal}"),
        },
        _ => status.to_string(),
    }
}
