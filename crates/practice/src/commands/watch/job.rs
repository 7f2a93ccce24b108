//! Judging beside the screen: `strata check --json` in a process of its own, which can be ended with
//! all it has started when the reader saves again or leaves.

use super::event::{Event, spawn};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use strata_grader::catalog::{Exercise, Task};
use strata_grader::graded::Graded;

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// The exercise.
    pub exercise: &'static Exercise,
    /// One task of it, or all.
    pub task: Option<&'static Task>,
}

/// A judge at work.
pub struct Running {
    /// Its number: what a judge says that was sent away is no longer of interest.
    pub id: u64,
    child: Arc<Mutex<Option<Child>>>,
}

impl Running {
    /// Starts a judge.
    ///
    /// # Errors
    /// The program cannot be started; why.
    pub fn start(
        program: &Path,
        job: Job,
        id: u64,
        send: Sender<Event>,
    ) -> Result<Running, String> {
        let mut command = Command::new(program);
        command.args(["check", job.exercise.name]).args(job.task.map(|task| &task.name));
        command.arg("--json").env_remove("CLICOLOR_FORCE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let started = command.spawn();
        let mut child = started.map_err(|e| format!("the judge could not be started: {e}"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(Some(child)));
        let mine = Arc::clone(&child);
        spawn(send.clone(), move |send| {
            let noise = std::thread::scope(|scope| {
                let noise = scope.spawn(|| listen(stderr, id, send));
                let text = whole(stdout);
                (text, noise.join().unwrap_or_default())
            });
            let child = mine.lock().unwrap_or_else(PoisonError::into_inner).take();
            let _ = child.map(|mut child| child.wait());
            let (text, noise) = noise;
            let _ = send.send(Event::Done { job: id, found: found(&text, noise) });
        });
        Ok(Running { id, child })
    }

    /// Ends it, with everything it has started.
    pub fn cancel(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody has waited for it yet, so its number is still its own.
        if let Some(child) = child.as_mut() {
            end(child);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cfg(unix)]
fn end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // The process leads a group of its own.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end(child: &mut Child) {
    if cfg!(windows) {
        let id = child.id().to_string();
        let mut tree = Command::new("taskkill");
        let tree = tree.args(["/T", "/F", "/PID", &id]).stdout(Stdio::null()).stderr(Stdio::null());
        let _ = tree.status();
    }
    let _ = child.kill();
}

fn whole(stdout: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stdout) = stdout {
        // What came until then has to do.
        let _ = stdout.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Passes on what the judge is at; what it complains of is kept.
fn listen(stderr: Option<impl Read>, job: u64, send: &Sender<Event>) -> Vec<String> {
    let mut complaint: Vec<String> = Vec::new();
    let Some(stderr) = stderr else { return complaint };
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_string();
        if text.starts_with("error:") || !complaint.is_empty() {
            complaint.push(text);
        } else if !text.starts_with("warning:") {
            // If the loop has ended, the program ends.
            let _ = send.send(Event::Said { job, text });
        }
        line.clear();
    }
    complaint
}

fn found(text: &str, complaint: Vec<String>) -> Result<Vec<Graded>, String> {
    serde_json::from_str(text).map_err(|_| match complaint.is_empty() {
        true => "the judge ended without a word".into(),
        false => complaint.join("\n").trim_start_matches("error: ").to_string(),
    })
}

/// The program to start, found out before somebody builds a new one in its place.
pub fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "strata".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_become_errors() {
        let found =
            |text: &str, lines: &[&str]| found(text, lines.iter().map(|l| l.to_string()).collect());
        assert_eq!(found("[]", &[]), Ok(vec![]));
        let said = found("", &["error: cargo was not found", "  get it"]).unwrap_err();
        assert_eq!(said, "cargo was not found\n  get it");
        assert!(found("", &[]).is_err());
    }
}
