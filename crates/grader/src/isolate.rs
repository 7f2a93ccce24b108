//! A verdict from a process of its own.
//!
//! A kernel that never ends cannot be stopped from inside, and a stack that overflows takes its
//! process along. So the judge starts itself once more, waits no longer than the limit, and ends
//! the process either way.

use crate::{Language, Verdict, endless, grade::Job};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

const JOB: &str = "STRATA_GRADER_JOB";
const MARK: &str = "strata-verdict ";

/// Seconds that one answer may take on one tier; `STRATA_TIME_LIMIT` sets another number.
const SECONDS: u64 = 20;
/// Beyond the limit, for starting the process and for what it tries after a first verdict.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
struct Message {
    verdict: Verdict,
    last: bool,
}

/// The time limit.
pub fn limit() -> Duration {
    let set = std::env::var("STRATA_TIME_LIMIT").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(set.filter(|&s| s > 0).unwrap_or(SECONDS))
}

/// If this process was started to judge one answer: judges it, says the verdict, and gives the exit
/// code. `rust` runs the judge of a Rust task; kernels are judged by [`crate::grade`].
///
/// Call it first thing in `main`.
pub fn serve(rust: impl FnOnce(&Job) -> Verdict) -> Option<ExitCode> {
    let job = std::env::var(JOB).ok()?;
    end_with_parent();
    let job: Job = match serde_json::from_str(&job) {
        Ok(job) => job,
        Err(error) => {
            say(&Verdict::rejected("device-error", format!("{JOB}: {error}")), true);
            return Some(ExitCode::FAILURE);
        }
    };
    let verdict = match job.language {
        Language::Rust => rust(&job),
        _ => crate::grade::grade(&job, &mut |verdict| say(verdict, false)),
    };
    say(&verdict, true);
    Some(ExitCode::SUCCESS)
}

/// Ends this process when the one that waits for it has gone, however that went: its end of our stdin
/// closes then. A kernel that never ends must not stay behind alone.
fn end_with_parent() {
    thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        std::process::abort();
    });
}

fn say(verdict: &Verdict, last: bool) {
    let message = Message { verdict: verdict.clone(), last };
    if let Ok(text) = serde_json::to_string(&message) {
        let mut out = std::io::stdout().lock();
        // If nobody listens any more there is nobody to tell.
        let _ = writeln!(out, "\n{MARK}{text}").and_then(|()| out.flush());
    }
}

/// Judges an answer in a process of its own: this program, started again.
pub fn grade(job: &Job) -> Verdict {
    let start = || -> std::io::Result<Child> {
        let text = serde_json::to_string(job)?;
        Command::new(std::env::current_exe()?)
            .env(JOB, text)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    };
    match start() {
        Ok(child) => attend(child, job),
        Err(error) => {
            Verdict::rejected("device-error", format!("the judge could not be started: {error}"))
        }
    }
}

fn attend(mut child: Child, job: &Job) -> Verdict {
    // Held open while we wait; the child ends when it closes.
    let _line = child.stdin.take();
    let messages = listen(child.stdout.take());
    let noise = collect(child.stderr.take());
    let (limit, start) = (limit(), Instant::now());
    let mut known: Option<Verdict> = None;
    let verdict = loop {
        let patience = (limit + GRACE).saturating_sub(start.elapsed());
        match messages.recv_timeout(patience) {
            Ok(Message { verdict, last: true }) => break verdict,
            Ok(Message { verdict, last: false }) => known = Some(verdict),
            Err(RecvTimeoutError::Timeout) => break known.unwrap_or_else(|| endless(job, limit)),
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().ok();
                let noise = noise.recv_timeout(GRACE).unwrap_or_default();
                break known.unwrap_or_else(|| died(job, status, &noise));
            }
        }
    };
    // A driver may take its time to tidy up, or never come back: nobody needs it any more.
    let _ = child.kill();
    let _ = child.wait();
    verdict
}

/// Verdicts as they are said.
fn listen(stdout: Option<impl Read + Send + 'static>) -> Receiver<Message> {
    let (send, receive) = channel();
    if let Some(stdout) = stdout {
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let message = line.strip_prefix(MARK).map(serde_json::from_str);
                if let Some(Ok(message)) = message
                    && send.send(message).is_err()
                {
                    break;
                }
            }
        });
    }
    receive
}

fn collect(stderr: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    if let Some(mut stderr) = stderr {
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            let _ = send.send(String::from_utf8_lossy(&text).into_owned());
        });
    }
    receive
}

fn endless(job: &Job, limit: Duration) -> Verdict {
    let seconds = limit.as_secs();
    let what = match job.language {
        Language::Rust => "the function",
        _ => "the kernel",
    };
    let text = std::fs::read_to_string(&job.file).unwrap_or_default();
    let guess = match endless::endless(&text) {
        Some(line) => format!("nothing ends the loop that begins on line {line}"),
        None => "a loop that never ends, most likely".into(),
    };
    let text = format!(
        "{what} had not come back after {seconds} s and was stopped.\n  \
         diagnosis  {guess}. Does its counter move, and does its condition ever become false?\n  \
         if not     on a slow machine STRATA_TIME_LIMIT={} gives it more time",
        4 * seconds
    );
    Verdict::rejected("time-limit", text)
}

fn died(job: &Job, status: Option<ExitStatus>, noise: &str) -> Verdict {
    let how = status.map_or_else(|| "no exit status".to_string(), |s| s.to_string());
    let tail: Vec<&str> = noise.lines().rev().take(5).collect();
    let tail: String = tail.iter().rev().map(|line| format!("    {line}\n")).collect();
    if noise.contains("overflowed its stack") {
        let text = "the function called itself until the stack was full.\n  diagnosis  recursion \
                    without an end, or too deep: is there a case that returns without calling \
                    again? A loop with a list of its own goes as deep as memory allows.";
        return Verdict::rejected("panicked", text);
    }
    let what = match job.language {
        Language::Rust => "the process that ran the function",
        _ => "the process that ran the kernel",
    };
    Verdict::rejected("device-error", format!("{what} died ({how}).\n{tail}"))
}
