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

/// Runs `strata test` with these programs, each a script, and no others on the search path.
fn with(programs: &[(&str, &str)], words: &[&str]) -> Output {
    let folder = tempdir().unwrap();
    for (name, script) in programs {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = strata(Path::new("."));
    command.env("CARGO", folder.path().join("cargo")).env("PATH", folder.path());
    command.arg("test").args(words).output().unwrap()
}

fn with_cargo(script: &str) -> Output {
    with(&[("cargo", script)], &[])
}

const TWO: &str = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured'";

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
    assert!(out.contains("SKIPPED: Node is not installed"), "{out}");
    assert!(out.ends_with("15 passed, 0 failed, 3 skipped\n"), "{out}");
}

#[test]
fn typescript_is_run_and_counted() {
    let npm = "case \"$*\" in --version) echo 10.8.2;;\n\
               *) echo \"in ${PWD##*/}: npm $*\"; echo 'SKIPPED: Bun is not installed'\n\
               echo 'test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured';; esac";
    let output = with(&[("cargo", TWO), ("node", "echo v20.11.1"), ("npm", npm)], &["gelu"]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.contains("in ts: npm --silent test -- gelu\n"), "the name is passed on: {out}");
    assert!(out.contains("SKIPPED: Bun is not installed"), "{out}");
    assert!(out.ends_with("42 passed, 0 failed, 1 skipped\n"), "{out}");
    assert!(text(&output.stderr).contains("TypeScript: npm test"));
}

#[test]
fn a_failure_in_typescript_is_the_exit_code() {
    let npm = "case \"$*\" in --version) echo 10.8.2;; *) echo 'src/a.ts:1: TS1005'; exit 1;; esac";
    let output = with(&[("cargo", TWO), ("node", "echo v22.0.0"), ("npm", npm)], &[]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("TS1005") && out.contains("did not build or broke off"), "{out}");
}

#[test]
fn an_old_node_or_a_missing_npm_is_a_skip() {
    let output = with(&[("cargo", TWO), ("node", "echo v18.20.4"), ("npm", "exit 9")], &[]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.contains("SKIPPED: Node 20 or later is needed, this is v18.20.4"), "{out}");
    let output = with(&[("cargo", TWO), ("node", "echo v20.11.1")], &[]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.contains("SKIPPED: npm is not installed"), "{out}");
    assert!(out.ends_with("2 passed, 0 failed, 1 skipped\n"), "{out}");
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
