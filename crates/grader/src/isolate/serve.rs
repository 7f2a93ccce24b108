//! The judge's side: it takes its line out of reach, restricts itself, and only then looks at the
//! answer.

use super::ROLE;
use super::channel::{Said, Speaker, Start};
use super::words::bounded;
use crate::grade::Job;
use crate::{Language, Verdict, sandbox};
use std::io::{self, BufRead, BufReader, Read};
use std::process::ExitCode;
use std::thread;

/// If this process was started to judge one answer: judges it, says the verdict, and gives the exit
/// code. `rust` runs the judge of a Rust task; kernels are judged by [`crate::grade`].
///
/// Call it first thing in `main`.
pub fn serve(rust: impl FnOnce(&Job) -> Verdict) -> Option<ExitCode> {
    serve_timed(rust, |_| None)
}

/// [`serve`], with a way to time an answer that passes.
pub fn serve_timed(
    rust: impl FnOnce(&Job) -> Verdict,
    time: impl FnOnce(&Job) -> Option<f64>,
) -> Option<ExitCode> {
    let role = std::env::var(ROLE).ok()?;
    #[cfg(target_os = "linux")]
    if role == super::keeper::ROLE {
        return Some(super::keeper::keep());
    }
    let _ = role;
    match open() {
        Ok((start, rest, speaker)) => Some(judge(start, rest, speaker, rust, time)),
        Err(error) => {
            eprintln!("error: {ROLE} is for Strata's own use: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn judge(
    Start { job, bounds, .. }: Start,
    rest: impl Read + Send + 'static,
    mut speaker: Speaker,
    rust: impl FnOnce(&Job) -> Verdict,
    time: impl FnOnce(&Job) -> Option<f64>,
) -> ExitCode {
    speaker.say(&Said::Limits(sandbox::enter(&job, &bounds)));
    end_with_parent(rest);
    let verdict = match job.language {
        Language::Rust => rust(&job),
        _ => crate::grade::grade(&job, &mut |verdict| {
            speaker.say(&Said::Known(bounded(verdict.clone())));
        }),
    };
    let mut seconds = None;
    if job.timed && verdict.passed() {
        speaker.say(&Said::Known(verdict.clone()));
        seconds = time(&job);
    }
    speaker.say(&Said::Last(bounded(verdict), seconds));
    ExitCode::SUCCESS
}

/// Ends this process when the one that waits for it has gone, however that went: its end of the line
/// closes then. A kernel that never ends must not stay behind alone.
fn end_with_parent(mut rest: impl Read + Send + 'static) {
    thread::spawn(move || {
        let mut bytes = [0; 64];
        while rest.read(&mut bytes).is_ok_and(|n| n > 0) {}
        std::process::abort();
    });
}

fn first_line(line: &mut impl BufRead) -> io::Result<Start> {
    let mut text = String::new();
    line.take(1 << 20).read_line(&mut text)?;
    serde_json::from_str(&text).map_err(io::Error::from)
}

/// Takes the line, which came as stdin, and puts nothing in its place: it is a socket, which no path
/// leads to, and no program that this one starts gets it.
#[cfg(unix)]
fn open() -> io::Result<(Start, impl Read + Send + 'static, Speaker)> {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    let line = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    let mut rest = BufReader::new(line.try_clone()?);
    let start = first_line(&mut rest)?;
    let speaker = Speaker::new(Box::new(line), start.key.clone(), super::attend::MARK);
    Ok((start, rest, speaker))
}

#[cfg(not(unix))]
fn open() -> io::Result<(Start, impl Read + Send + 'static, Speaker)> {
    let mut rest = BufReader::new(io::stdin());
    let start = first_line(&mut rest)?;
    let speaker = Speaker::new(Box::new(io::stdout()), start.key.clone(), super::attend::MARK);
    Ok((start, rest, speaker))
}
