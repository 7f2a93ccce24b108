//! Rust answers: compiled and judged by `cargo test`, which is what the reader could type as well.

use crate::failure::{Failure, Outcome};
use serde_json::Value;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use strata_grader::catalog::Task;
use strata_grader::graded::Graded;
use strata_grader::harness::{RESULTS, SPEED, TIERS};

/// A run of an exercise's tests.
pub struct Tests<'a> {
    /// Where cargo runs: in the reader's workspace, or in the clone.
    pub folder: &'a Path,
    /// The package: the exercise, or its solution.
    pub package: &'a str,
    /// The tasks.
    pub tasks: &'a [&'a Task],
    /// Whether calls of tasks that pass are timed.
    pub speed: bool,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Tested {
    /// What was judged; nothing, if it did not compile.
    pub graded: Vec<Graded>,
    /// What the compiler says.
    pub errors: Vec<CompileError>,
}

/// An error of the compiler's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// As rustc prints it.
    pub text: String,
    /// The files that it points at.
    pub files: Vec<PathBuf>,
}

impl Tests<'_> {
    /// Runs them; `tell` hears what cargo is at.
    ///
    /// # Errors
    /// Cargo is not there, or comes to no test and no compiler error either.
    pub fn run(&self, tell: &mut dyn FnMut(&str)) -> Outcome<Tested> {
        let results = tempfile::tempdir()?;
        let mut child =
            self.command(results.path()).spawn().map_err(|error| match error.kind() {
                ErrorKind::NotFound => Failure::new(
                    "cargo was not found: answers in Rust need it; https://rustup.rs installs it",
                ),
                _ => Failure::new(format!("cargo could not be started: {error}")),
            })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (errors, log) = thread::scope(|scope| {
            let errors = scope.spawn(|| compile_errors(stdout));
            let log = listen(stderr, tell);
            (errors.join().unwrap_or_default(), log)
        });
        child.wait()?;
        let text = first_file(results.path());
        let graded: Vec<Graded> =
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if graded.is_empty() && errors.is_empty() {
            let from = log.len().saturating_sub(20);
            return Err(Failure::new(format!(
                "cargo test -p {} came to no test; its last words:\n{}",
                self.package,
                log.get(from..).unwrap_or_default().join("\n")
            )));
        }
        Ok(Tested { graded, errors })
    }

    fn command(&self, results: &Path) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(self.folder).args(["test", "-p", self.package, "--test", "grade"]);
        command.args(["--message-format", "json", "--color", "never", "--", "--exact"]);
        command.args(self.tasks.iter().map(|task| &task.name));
        command.env(RESULTS, results).env(TIERS, "rust").env_remove(SPEED);
        if self.speed {
            command.env(SPEED, "1");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The text of the only file in a folder.
fn first_file(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| strata_files::read_text(&file.path(), 4 << 20).unwrap_or_default()).collect()
}

/// What the compiler says, from cargo's messages; the tests' own lines are none.
fn compile_errors(stdout: Option<impl Read>) -> Vec<CompileError> {
    let Some(stdout) = stdout else { return Vec::new() };
    let mut errors = Vec::new();
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    // To the end in any case: a program whose output nobody takes stands still.
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        errors.extend(compile_error(&line));
        line.clear();
    }
    errors
}

fn compile_error(line: &[u8]) -> Option<CompileError> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let reason = value.get("reason")?;
    let message = value.get("message").filter(|_| reason == "compiler-message")?;
    let rendered = message["rendered"].as_str()?.trim_end();
    let sums_up = rendered.starts_with("error: aborting due to")
        || rendered.starts_with("For more information about")
        || rendered.starts_with("Some errors have detailed");
    if message["level"] != "error" || sums_up {
        return None;
    }
    let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let files = spans.iter().filter_map(|span| span["file_name"].as_str().map(PathBuf::from));
    Some(CompileError { text: rendered.into(), files: files.collect() })
}

/// Passes on what cargo is at, and keeps all it said.
fn listen(stderr: Option<impl Read>, tell: &mut dyn FnMut(&str)) -> Vec<String> {
    let Some(stderr) = stderr else { return Vec::new() };
    let mut reader = BufReader::new(stderr);
    let (mut log, mut line) = (Vec::new(), Vec::new());
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_string();
        let word = text.split_whitespace().next().unwrap_or_default();
        if matches!(word, "Compiling" | "Blocking" | "Downloading" | "Downloaded" | "Running") {
            // `Compiling ex03-matmul v0.1.0 (/a/long/path)`: the path is no news.
            tell(text.trim().split(" (").next().unwrap_or_default());
        }
        log.push(text);
        line.clear();
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_taken_from_cargos_messages() {
        let message = |level: &str, rendered: &str| {
            serde_json::json!({"reason": "compiler-message", "message": {
                "level": level, "rendered": rendered, "spans": [{"file_name": "ex01-a/src/b.rs"}]
            }})
            .to_string()
        };
        let lines = [
            message("warning", "warning: unused"),
            message("error", "error[E0308]: mismatched types\n --> ex01-a/src/b.rs:1:1\n\n"),
            message("error", "error: aborting due to 1 previous error"),
            "running 1 tasks".into(),
            serde_json::json!({"reason": "build-finished", "success": false}).to_string(),
        ];
        let found = compile_errors(Some(lines.join("\n").as_bytes()));
        assert_eq!(found.len(), 1);
        assert!(found[0].text.starts_with("error[E0308]") && found[0].text.ends_with("1:1"));
        assert_eq!(found[0].files, [Path::new("ex01-a/src/b.rs")]);
    }

    #[test]
    fn what_cargo_is_at_is_told_without_paths() {
        let log = "   Compiling ex01-a v0.1.0 (/home/me/ex01-a)\nwarning: x\n    Finished\n";
        let mut lines = Vec::new();
        let kept = listen(Some(log.as_bytes()), &mut |text| lines.push(text.to_string()));
        assert_eq!(lines, ["Compiling ex01-a v0.1.0"]);
        assert_eq!(kept.len(), 3);
    }
}
