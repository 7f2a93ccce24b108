//! Verbs that another program has: the words go there as they were typed, and its exit code comes back.
#![cfg(unix)]
mod common;

use common::{bad, good, run, strata, text};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use tempfile::tempdir;

/// Runs the command where cargo is a script that tells what it was asked.
fn told(words: &[&str]) -> Output {
    let folder = tempdir().unwrap();
    let cargo = folder.path().join("cargo");
    fs::write(&cargo, "#!/bin/sh\nprintf '<%s>' \"$@\"\nexit 7\n").unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    strata(folder.path()).env("CARGO", cargo).args(words).output().unwrap()
}

#[test]
fn the_words_of_a_verb_are_handed_over() {
    let cases: [&[&str]; 8] = [
        &["list"],
        &["list", "--help"],
        &["watch", "ex03", "--plain", "-x", "--", "a b"],
        &["help", "watch"],
        &["exercises", "prove", "--kernels"],
        &["train", "--mine", "--device", "wgpu"],
        &["bundle", "--out", "x"],
        &["fuzz", "--plain"],
    ];
    for words in cases {
        let output = told(words);
        assert_eq!(output.status.code(), Some(7), "{words:?}");
        let said = text(&output.stdout);
        assert!(said.starts_with("<run><--quiet><--package><strata-practice>"), "{said}");
        let rest: String = words.iter().map(|word| format!("<{word}>")).collect();
        assert!(said.ends_with(&format!("<-->{rest}")), "{said}");
    }
}

#[test]
fn what_needs_no_exercises_is_done_here() {
    let folder = tempdir().unwrap();
    let all = good(folder.path(), &["--help"]);
    for verb in ["list", "next", "watch", "check", "hint", "diff", "exercises"] {
        assert!(all.contains(&format!("\n  {verb} ")), "{verb} is listed: {all}");
    }
    assert!(text(&told(&["train", "--help"]).stdout).contains("Examples:"));
    let wrong = run(Path::new("."), &["lst"]);
    assert!(text(&wrong.stderr).contains("list"), "it says what was meant");
}

#[test]
fn alone_it_says_what_is_missing() {
    let folder = tempdir().unwrap();
    let alone = folder.path().join("strata");
    fs::copy(strata(folder.path()).get_program(), &alone).unwrap();
    let mut command = std::process::Command::new(&alone);
    command.current_dir(folder.path()).env_remove("CARGO_MANIFEST_DIR").arg("list");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("strata-practice"), "{}", text(&output.stderr));
    // What lies beside it is taken where there is no clone.
    let beside = folder.path().join("strata-practice");
    fs::write(&beside, "#!/bin/sh\necho \"$@\"\nexit 3\n").unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).unwrap();
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(3), "list\n"));
    bad(folder.path(), &["train", "--preset", "gpt-5"], 2, &["gpt-12m"]);
}
