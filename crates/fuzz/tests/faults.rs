//! Every way to go wrong is seen, named, kept, and made again from the file.

use std::fs;
use std::path::Path;
use std::process::Command;
use strata_fuzz::{Kind, all};

fn fuzz(words: &[&str], folder: &Path) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata-fuzz"));
    // Only what never ends is waited for: a busy machine takes its time for the others.
    let endless = words.iter().any(|word| word.ends_with("hang"));
    let seconds = if endless { "1" } else { "20" };
    command.args(words).current_dir(folder).env("STRATA_FUZZ_SECONDS", seconds);
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    (out.status.success(), said)
}

#[test]
fn each_fault_is_told_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let faults = folder.path().join("faults");
    fs::create_dir(&faults).unwrap();
    for (input, want) in [
        ("panic", "faults panic: crates/fuzz/src/faults.rs:"),
        ("thread", "in another thread"),
        ("memory", "faults memory: memory allocation of"),
        ("stack", "has overflowed its stack"),
        ("hang", "faults hang: strata-fuzz: the input has taken too long"),
        ("abort", "faults abort: "),
    ] {
        fs::write(faults.join(input), input).unwrap();
        let (good, said) = fuzz(&["--input", &format!("faults/{input}")], folder.path());
        if cfg!(unix) {
            assert!(!good && said.contains(want), "{input}: {said}");
        }
    }
    for input in ["fine", "much"] {
        fs::write(faults.join(input), input).unwrap();
        let (good, said) = fuzz(&["--input", &format!("faults/{input}")], folder.path());
        assert!(good && said.contains("nothing happens"), "{input}: {said}");
    }
    let (good, said) = fuzz(&["--input", "faults/panic", "--target", "nope"], folder.path());
    assert!(!good && said.contains("there are checkpoint"), "{said}");
}

/// A worker that begins in the middle of a list says where it is in it: the next one goes on there.
#[test]
fn no_input_behind_a_dead_worker_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    for input in ["fine", "abort", "panic"] {
        fs::write(folder.path().join(input), input).unwrap();
    }
    for (first, number) in [("0", 1), ("1", 1), ("2", 2)] {
        let mut words = vec!["worker", "--target", "faults", "--seed", "1", "--first", first];
        words.extend(["--milliseconds", "1000", "--folder", ".", "fine", "abort", "panic"]);
        fuzz(&words, folder.path());
        let current = fs::read(folder.path().join("current")).unwrap();
        assert_eq!(current[..8], u64::to_le_bytes(number), "from {first} on");
    }
}

/// What did harm once does none any more.
#[test]
fn the_corpus_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let mut words = vec!["--seconds", "0"];
    for target in all().iter().filter(|target| target.kind == Kind::Inside) {
        match (target.lacks)() {
            Some(why) => println!("SKIPPED: {}: {why}", target.name),
            None => words.extend(["--target", target.name]),
        }
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata-fuzz"));
    let out = command.args(&words).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    assert!(out.status.success(), "{said}");
}
