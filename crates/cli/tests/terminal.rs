//! What a model writes, on a terminal and in a pipe.
#![cfg(unix)]
mod common;

use common::{good, nano, run, strata};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

/// What clears a screen, sets a title, rings, turns text around, writes over the line.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\r\u{8}";

/// Standard output of the command where that is a terminal.
fn on_a_terminal(folder: &Path, words: &[&str]) -> String {
    let ours: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut command = strata(folder);
    command.args(words).stdin(Stdio::null()).stderr(Stdio::null()).stdout(theirs);
    let mut child = command.spawn().unwrap();
    // The command keeps its end open until it is dropped, and only then there is an end to read.
    drop(command);
    let (mut bytes, mut piece, mut ours) = (Vec::new(), [0; 4096], File::from(ours));
    // Linux says that the other end is gone by an error.
    while let Ok(read @ 1..) = ours.read(&mut piece) {
        bytes.extend_from_slice(&piece[..read]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_terminal_obeys_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("nasty.txt"), format!("abc {NASTY}\n").repeat(200)).unwrap();
    let words = ["--steps", "1", "--data", "nasty.txt", "--tokenizer", "char", "--out", "run"];
    good(at, &nano(&words));
    let words =
        ["generate", "--checkpoint", "run", "--tokens", "200", "--seed", "3", "--prompt", NASTY];
    // A pipe gets what the model wrote, to the byte.
    let raw = String::from_utf8(run(at, &words).stdout).unwrap();
    assert!(raw.starts_with(NASTY), "{raw:?}");
    let shown = on_a_terminal(at, &words);
    let harmful: Vec<char> =
        shown.chars().filter(|c| *c != '\n' && (c.is_control() || *c == '\u{202e}')).collect();
    assert!(harmful.is_empty(), "{harmful:?} in {shown:?}");
    for code in ["\\u{1b}[2J", "\\u{7}", "\\u{9b}31m", "\\u{202e}"] {
        assert!(shown.contains(code), "{code} is not spelled out in {shown:?}");
    }
    assert_eq!(shown, strata_files::printable_lines(&raw), "and nothing else is changed");
}
