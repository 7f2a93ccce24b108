//! Running the built command.
#![allow(dead_code)]

pub mod limits;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// The command, on the CPU, in a folder of its own.
pub fn strata(folder: &Path) -> Command {
    // The crate of the exercises has the same commands in another program.
    let program =
        option_env!("CARGO_BIN_EXE_strata").or(option_env!("CARGO_BIN_EXE_strata-practice"));
    let mut command = Command::new(program.expect("cargo says where it is"));
    command.current_dir(folder).env("STRATA_DEVICE", "cpu");
    command.env_remove("STRATA_PRECISION").env_remove("NO_COLOR");
    command
}

/// Runs it with these words.
pub fn run<S: AsRef<OsStr>>(folder: &Path, words: &[S]) -> Output {
    strata(folder).args(words).output().expect("the command starts")
}

/// Standard output of a run that must succeed.
pub fn good<S: AsRef<OsStr>>(folder: &Path, words: &[S]) -> String {
    let output = run(folder, words);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "stdout:\n{out}\nstderr:\n{err}");
    out
}

/// Standard error of a run that must fail with this code, without a panic, in one message that
/// contains every one of these.
pub fn bad<S: AsRef<OsStr>>(folder: &Path, words: &[S], code: i32, says: &[&str]) -> String {
    let output = run(folder, words);
    let shown: Vec<_> = words.iter().map(|w| w.as_ref().to_string_lossy()).collect();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let whole = format!("{}\nstdout:\n{out}\nstderr:\n{err}", shown.join(" "));
    assert_eq!(output.status.code(), Some(code), "{whole}");
    assert_eq!(err.matches("error:").count(), 1, "one message: {whole}");
    assert!(!err.contains("panicked"), "{whole}");
    for word in says {
        assert!(err.contains(word), "{word:?} is not said: {whole}");
    }
    err
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Words of a training run on stories with the smallest model, followed by more.
pub fn nano<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let small = ["train", "--preset", "gpt-nano", "--batch", "2", "--context", "16"];
    small.iter().chain(more).copied().collect()
}
