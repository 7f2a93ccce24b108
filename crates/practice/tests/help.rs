//! `--help` teaches: every subcommand, every flag has a sentence, every command an example.
mod common;

use common::{good, run, text};
use std::path::Path;

const COMMANDS: [&str; 24] = [
    "train",
    "generate",
    "eval",
    "inspect",
    "export",
    "demo",
    "doctor",
    "parity",
    "bench",
    "test",
    "fuzz",
    "book",
    "bundle",
    "new",
    "list",
    "next",
    "watch",
    "check",
    "hint",
    "diff",
    "reset",
    "reveal",
    "progress",
    "exercises",
];

#[test]
fn every_command_is_listed_and_explains_itself() {
    let here = Path::new(".");
    let all = good(here, &["--help"]);
    for command in COMMANDS {
        assert!(all.contains(command), "{command}");
        let help = good(here, &[command, "--help"]);
        assert!(help.contains("Examples:\n"), "{command} shows examples");
        assert!(help.contains(&format!("cargo strata {command}")), "{command}");
        let lines: Vec<&str> = help.lines().collect();
        for (i, line) in lines.iter().enumerate().filter(|(_, l)| l.trim_start().starts_with("--"))
        {
            let inline = line.trim().split("  ").nth(1).is_some();
            let below = lines.get(i + 1).is_some_and(|next| next.starts_with("          "));
            assert!(inline || below, "{command}: {line} has no sentence");
        }
    }
}

#[test]
fn train_takes_every_flag_the_book_names() {
    let help = good(Path::new("."), &["train", "--help"]);
    for flag in [
        "preset",
        "data",
        "tokenizer",
        "device",
        "steps",
        "minutes",
        "batch",
        "accumulate",
        "context",
        "lr",
        "schedule",
        "dropout",
        "label-smoothing",
        "seed",
        "out",
        "resume",
        "save-every",
        "init",
        "kernels",
        "rung",
        "json",
    ] {
        assert!(help.contains(&format!("--{flag}")), "{flag}");
    }
}

#[test]
fn a_wrong_word_is_a_usage_error() {
    let output = run(Path::new("."), &["trian"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("train"), "it says what was meant");
}

#[test]
fn no_escape_codes_where_no_terminal_is() {
    for words in [&["--help"][..], &["demo"], &["train", "--batch", "0"]] {
        let output = run(Path::new("."), words);
        assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{words:?}");
    }
}
