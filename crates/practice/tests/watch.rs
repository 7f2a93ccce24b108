//! `strata watch --plain`: it judges what is saved, and it ends when it should. Its screen is tested
//! beside its source.
mod common;

use common::workspace::{SHADER, adapter, mistake, solution, state, workspace};
use common::{bad, good, strata};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// `strata watch --plain` at work.
struct Watch {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: String,
}

impl Watch {
    fn start(root: &Path) -> Watch {
        let mut command = strata(root);
        command.args(["watch", "ex03", "--plain"]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (send, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|l| send.send(l))
        });
        let input = child.stdin.take();
        Watch { child, input, lines, seen: String::new() }
    }

    fn wait_for(&mut self, words: &str) {
        let from = self.seen.len();
        while !self.seen[from..].contains(words) {
            match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) => self.seen += &(line + "\n"),
                Err(_) => panic!("{words:?} was not said:\n{}", self.seen),
            }
        }
    }

    /// Whether nothing more is said for a while.
    fn is_quiet(&self) -> bool {
        self.lines.recv_timeout(Duration::from_millis(1500)).is_err()
    }

    /// Closes its input; it must end by itself.
    fn leave(&mut self) {
        self.input = None;
        self.ends();
    }

    fn ends(&mut self) {
        for _ in 0..200 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return assert!(status.success(), "{status}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("it is still there");
    }

    fn errors(&mut self) -> String {
        std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Permissions do not bind root, so the folder of what is remembered is one that nobody can make.
#[test]
fn a_folder_that_cannot_be_written_is_watched_all_the_same() {
    let (_folder, root) = workspace();
    fs::write(root.join(".strata"), "not a folder").unwrap();
    let mut watch = Watch::start(&root);
    watch.wait_for("Save a file");
    watch.leave();
    assert_eq!(watch.errors().matches("nothing is remembered").count(), 1);
}

#[test]
fn a_second_watch_is_told_of_the_first() {
    let (_folder, root) = workspace();
    let mut first = Watch::start(&root);
    first.wait_for("Save a file");
    let id = format!("process {}", first.child.id());
    bad(&root, &["watch"], 1, &["is watched already", &id]);
    first.leave();
    let mut second = Watch::start(&root);
    second.wait_for("Save a file");
    second.leave();
}

#[test]
fn a_watch_judges_what_is_saved_however_it_is_saved() {
    let (_folder, root) = workspace();
    if !adapter(&root) {
        return;
    }
    good(&root, &["reset", "ex03", "tiled", "--yes"]);
    let mut watch = Watch::start(&root);
    watch.wait_for("Save a file");
    // In place, twice, as editors do.
    fs::write(root.join(SHADER), "").unwrap();
    fs::write(root.join(SHADER), mistake()).unwrap();
    watch.wait_for("test tiled ... FAILED   (CUDA not begun; WGSL wrong: missing-barrier)");
    watch.wait_for("test result");
    // Under another name, and renamed over the old one.
    let other = root.join(format!("{SHADER}~"));
    fs::write(&other, solution()).unwrap();
    fs::rename(&other, root.join(SHADER)).unwrap();
    watch.wait_for("test tiled ... ok");
    watch.wait_for("Next: ");
    assert_eq!(state(&root, "ex03", "tiled"), "solved");
    while !watch.is_quiet() {}
    // What is of no concern is of no concern.
    fs::write(root.join("ex03-matmul/notes.txt"), "x").unwrap();
    assert!(watch.is_quiet());
    watch.leave();
}

#[test]
fn a_watch_whose_folder_goes_says_so() {
    let (_folder, root) = workspace();
    let mut watch = Watch::start(&root);
    watch.wait_for("Save a file");
    fs::remove_dir_all(&root).unwrap();
    let status = watch.child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    let said = watch.errors();
    assert!(said.contains("is gone") && !said.contains("panicked"), "{said}");
}

#[test]
#[cfg(unix)]
fn a_signal_ends_a_watch_and_the_judge_it_has_sent_out() {
    let (_folder, root) = workspace();
    if !adapter(&root) {
        return;
    }
    let mut watch = Watch::start(&root);
    watch.wait_for("Save a file");
    // Nothing ends this loop.
    fs::write(root.join(SHADER), solution().replace("l0 += TILE", "l0 += 0u")).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let id = watch.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    watch.ends();
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_an_answer_is_no_reason_to_wait() {
    let (_folder, root) = workspace();
    let mut watch = Watch::start(&root);
    watch.wait_for("Save a file");
    fs::remove_file(root.join(SHADER)).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join(SHADER)).status();
    assert!(made.unwrap().success());
    watch.wait_for("test result");
    // It goes on: what is saved next is judged.
    fs::remove_file(root.join(SHADER)).unwrap();
    fs::write(root.join(SHADER), "").unwrap();
    watch.wait_for("test result");
    watch.leave();
}
