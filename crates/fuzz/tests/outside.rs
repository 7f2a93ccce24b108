//! What a process of its own may not do is seen: a stand-in for `strata` does it.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use strata_fuzz::Pack;

/// Words of the shell itself: no program is within its reach.
const STANDS_IN: &str = r#"#!/bin/sh
case "$2" in
    abort) kill -ABRT $$ ;;
    panic) echo "thread 'main' panicked at src/a.rs:7:1:" >&2; echo "index 3 of 2" >&2; exit 101 ;;
    code) exit 101 ;;
    escape) printf 'a name: \033[2J\n' ;;
    full) echo "memory allocation of 99 bytes failed" >&2; exit 1 ;;
    bug) echo "This is a bug in Strata" >&2; exit 1 ;;
    error) echo "error: a file is damaged" >&2; exit 1 ;;
    folder) read line < a.txt; test "$line" = "what lies beside it" || kill -ABRT $$ ;;
    alone) test -z "$CARGO_MANIFEST_DIR" && test "$STRATA_DEVICE" = "cpu" || kill -ABRT $$ ;;
esac
"#;

#[test]
fn each_fault_of_a_process_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("strata");
    fs::write(&program, STANDS_IN).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let flags = folder.path().join("flags");
    fs::create_dir(&flags).unwrap();
    for (how, want) in [
        ("abort", "ended by signal 6"),
        ("panic", "thread 'main' panicked at src/a.rs:7:1: | index 3 of 2"),
        ("code", "exit code 101"),
        ("escape", "a control character reaches the terminal: Some('\\u{1b}')"),
        ("full", "memory allocation of 99 bytes failed"),
        ("bug", "This is a bug in Strata"),
        ("error", "nothing happens"),
        ("folder", "nothing happens"),
        ("alone", "nothing happens"),
        ("none", "nothing happens"),
    ] {
        let argv = format!("STRATA_DEVICE=cpu\nlist\n{how}");
        let pack = Pack::default().with("argv", argv).with("a.txt", "what lies beside it\n");
        let input = flags.join(how);
        fs::write(&input, pack.bytes()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_strata-fuzz"));
        command.env("STRATA_FUZZ_BINARY", &program).arg("--input").arg(&input);
        let out = command.output().unwrap();
        let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        assert!(said.contains(want), "{how}: {said}");
        assert_eq!(out.status.success(), want == "nothing happens", "{how}: {said}");
    }
}
