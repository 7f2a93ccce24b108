//! `strata test` counts what cargo reports and says what was left out. Cargo itself is played by a
//! script here: the real one would run this very test.
#![cfg(unix)]
mod common;

use common::{strata, text};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use tempfile::tempdir;

fn with_cargo(script: &str) -> Output {
    let folder = tempdir().unwrap();
    let cargo = folder.path().join("cargo");
    fs::write(&cargo, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = strata(Path::new("."));
    // A search path without Node.
    command.env("CARGO", &cargo).env("PATH", "/bin").arg("test");
    command.output().unwrap()
}

#[test]
fn what_passes_is_counted_and_what_is_skipped_is_said() {
    let output = with_cargo(
        "echo 'test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured'\n\
         echo 'SKIPPED: cuda: no card' >&2\n\
         echo 'SKIPPED: cuda: no card' >&2\n\
         echo 'test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured'",
    );
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.contains("SKIPPED: cuda: no card  (2 times)"), "{out}");
    let node = Path::new("/bin/node").exists();
    assert!(node || out.contains("SKIPPED: Node is not installed"), "{out}");
    let skipped = if node { 2 } else { 3 };
    assert!(out.ends_with(&format!("15 passed, 0 failed, {skipped} skipped\n")), "{out}");
}

#[test]
fn a_failure_is_the_exit_code() {
    let output = with_cargo("echo 'test result: FAILED. 1 passed; 2 failed; 0 ignored'; exit 101");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("1 passed, 2 failed"));
}

#[test]
fn what_does_not_build_is_a_failure_too() {
    let output = with_cargo("echo 'error: could not compile' >&2; exit 101");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("did not build"));
    assert!(text(&output.stderr).contains("could not compile"), "the output is passed on");
}
