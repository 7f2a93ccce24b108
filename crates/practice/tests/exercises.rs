//! The reader's verbs, in a workspace that `exercises init` has made. Nothing here builds Rust.
mod common;

use common::workspace::{SHADER, adapter, json, mistake, solution, state, workspace};
use common::{bad, good, run, strata, text};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

#[test]
fn every_task_is_listed_in_words_and_as_json() {
    let (_folder, root) = workspace();
    let all = good(&root, &["list"]);
    let list = json(&root, &["list", "--json"]);
    let exercises = list["exercises"].as_array().unwrap();
    assert_eq!(exercises.len(), 10);
    let mut count = 0;
    for exercise in exercises {
        assert!(all.contains(exercise["name"].as_str().unwrap()), "{all}");
        for task in exercise["tasks"].as_array().unwrap() {
            count += 1;
            let line = all.lines().find(|l| l.contains(task["title"].as_str().unwrap())).unwrap();
            assert!(line.starts_with("  · ") && line.contains(" min"), "{line}");
            assert_eq!(task["state"], "untouched");
            for file in task["files"].as_array().unwrap() {
                assert!(Path::new(file.as_str().unwrap()).is_file(), "{file}");
            }
        }
    }
    assert_eq!(list["tasks"], count);
    assert!(all.contains(&format!("0 of {count} tasks solved")), "{all}");
    assert_eq!(
        good(&root, &["list", "matmul"]),
        good(&root.join("ex03-matmul/src"), &["list", "3"])
    );
    assert!(all.lines().all(|line| line == line.trim_end()), "no line ends in spaces");
}

#[test]
fn the_next_task_says_all_it_takes_from_wherever_one_stands() {
    let (_folder, root) = workspace();
    let next = good(&root, &["next", "ex03"]);
    for words in ["cargo strata check ex03", "cargo test -p ex03-matmul", "cargo strata hint ex03"]
    {
        assert!(next.contains(words), "{next}");
    }
    let below = good(&root.join("ex03-matmul/shaders"), &["next", "ex03"]);
    let file = below.lines().find(|line| line.contains("files ")).unwrap();
    let path = file.split_whitespace().last().unwrap();
    assert!(path.starts_with("../") && root.join("ex03-matmul/shaders").join(path).is_file());
}

#[test]
fn hints_come_one_at_a_time_and_are_remembered() {
    let (_folder, root) = workspace();
    bad(&root, &["hint", "ex03", "tiled", "--level", "2"], 1, &["hint 1 comes first"]);
    let first = good(&root, &["hint", "ex03", "tiled"]);
    assert!(first.contains("hint 1 of 3") && first.contains("2 hints left"), "{first}");
    bad(&root, &["hint", "ex03", "tiled", "--level", "3"], 1, &["hint 2 comes first"]);
    let second = good(&root, &["hint", "ex03/tiled"]);
    assert!(second.contains("hint 2 of 3") && second.contains("1 hint left"), "{second}");
    let third = good(&root, &["hint", "3", "tile"]);
    assert!(third.contains("hint 3 of 3") && third.contains("cargo strata reveal ex03 tiled"));
    assert!(good(&root, &["hint", "ex03", "tiled"]).contains("there are no more"));
    let again = good(&root, &["hint", "ex03", "tiled", "--level", "1"]);
    assert_eq!(again.lines().nth(2), first.lines().nth(2));
    assert!(
        good(&root, &["hint", "ex04", "swiglu"]).contains("hint 1 of 3"),
        "each task has its own"
    );
}

#[test]
fn reset_keeps_whatever_was_written() {
    let (_folder, root) = workspace();
    let file = root.join(SHADER);
    let stub = fs::read_to_string(&file).unwrap();
    assert!(good(&root, &["reset", "ex03", "tiled"]).contains("is as it came"));
    for (name, mine) in [("bak", "// one\n"), ("bak.2", "// two\n"), ("bak.3", "// three\n")] {
        fs::write(&file, mine).unwrap();
        let refused = run(&root, &["reset", "ex03", "tiled"]);
        assert_eq!(refused.status.code(), Some(1), "silence is a no");
        assert!(text(&refused.stderr).contains("[y/N]"));
        assert_eq!(fs::read_to_string(&file).unwrap(), mine);
        let said = good(&root, &["reset", "ex03", "tiled", "--yes"]);
        let backup = format!("{SHADER}.{name}");
        assert!(said.contains(&format!("yours is now {backup}")), "{said}");
        assert_eq!(fs::read_to_string(root.join(backup)).unwrap(), mine);
        assert_eq!(fs::read_to_string(&file).unwrap(), stub);
    }
    fs::remove_file(&file).unwrap();
    assert!(good(&root, &["list", "ex03"]).contains("WGSL gone"));
    assert!(good(&root, &["reset", "ex03", "tiled", "--yes"]).contains("it is back"));
    assert_eq!(fs::read_to_string(&file).unwrap(), stub);
}

#[test]
fn a_yes_that_is_typed_is_a_yes() {
    let (_folder, root) = workspace();
    fs::write(root.join(SHADER), "// mine\n").unwrap();
    let mut command = strata(&root);
    command.args(["reset", "ex03", "tiled"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"y\n").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(root.join(format!("{SHADER}.bak")).is_file());
}

#[test]
fn our_answer_is_shown_or_written_and_only_if_one_agrees() {
    let (_folder, root) = workspace();
    let file = root.join(SHADER);
    let stub = fs::read_to_string(&file).unwrap();
    let refused = run(&root, &["reveal", "ex03", "tiled"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!text(&refused.stdout).contains("fn matmul"));
    let words = ["reveal", "ex03", "tiled", "--language", "wgsl", "--yes"];
    let shown = good(&root, &words);
    assert!(shown.contains("workgroupBarrier()") && !shown.contains("__syncthreads"), "{shown}");
    assert!(!shown.contains("// exercise:") && !shown.contains("TODO"), "{shown}");
    assert_eq!(fs::read_to_string(&file).unwrap(), stub, "the reader's file is the reader's");
    let said = good(&root, &[&words[..], &["--write"]].concat());
    assert!(said.contains("yours is now"), "{said}");
    assert!(fs::read_to_string(&file).unwrap().contains("workgroupBarrier()"));
    assert_eq!(fs::read_to_string(root.join(format!("{SHADER}.bak"))).unwrap(), stub);
    let rust = ["reveal", "ex03", "tiled", "--language", "rust", "--yes"];
    bad(&root, &rust, 1, &["CUDA or WGSL"]);
    bad(&root, &["reveal", "ex03", "tiled", "--language", "glsl"], 2, &["rust, wgsl or cuda"]);
}

#[test]
fn names_that_are_unknown_are_guessed_at() {
    let (folder, root) = workspace();
    bad(&root, &["hint", "ex03", "tilde"], 1, &["Did you mean tiled?"]);
    bad(&root, &["list", "matnul"], 1, &["Did you mean ex03-matmul?", "ex10-transformer"]);
    bad(&root, &["reset", "ex03"], 1, &["which task", "tiled"]);
    bad(&root, &["reset"], 2, &["EXERCISE TASK"]);
    bad(&root, &["check", "nonsense"], 1, &["there is no exercise"]);
    bad(&root, &["watch", "ex77"], 1, &["there is no exercise"]);
    bad(folder.path(), &["list"], 1, &["no exercises", "exercises init"]);
}

#[test]
fn verdicts_are_remembered_until_the_text_changes() {
    let (_folder, root) = workspace();
    let begin = run(&root, &["check", "ex03", "tiled"]);
    assert_eq!(begin.status.code(), Some(1));
    assert!(text(&begin.stdout).contains("fill the TODO in one of these"));
    assert_eq!(state(&root, "ex03", "tiled"), "untouched");
    if !adapter(&root) {
        return;
    }
    assert_eq!(state(&root, "ex03", "tiled"), "solved");
    let progress = good(&root, &["progress"]);
    assert!(progress.contains("matmul=3_tiled (WGSL)"), "{progress}");
    assert!(progress.contains("train --mine"), "{progress}");

    fs::write(root.join(SHADER), mistake()).unwrap();
    assert_eq!(state(&root, "ex03", "tiled"), "stale");
    let progress = good(&root, &["progress"]);
    assert!(progress.contains("WGSL was right, changed since"), "{progress}");
    assert!(!progress.contains("matmul=3_tiled"), "{progress}");

    let wrong = run(&root, &["check", &format!("./{SHADER}")]);
    let said = text(&wrong.stdout);
    assert_eq!(wrong.status.code(), Some(1), "{said}");
    for words in ["FAILED", "diagnosis", "barrier", "your file  ex03-matmul/shaders", "hint  "] {
        assert!(said.contains(words), "{words:?}: {said}");
    }
    assert_eq!(state(&root, "ex03", "tiled"), "failed");
    good(&root, &["reset", "ex03", "tiled", "--yes"]);
    assert_eq!(state(&root, "ex03", "tiled"), "untouched");
}

/// Permissions do not bind root, so the folder of what is remembered is one that nobody can make.
#[test]
fn a_folder_that_cannot_be_written_is_no_reason_to_stop() {
    let (_folder, root) = workspace();
    fs::write(root.join(".strata"), "not a folder").unwrap();
    good(&root, &["list"]);
    good(&root, &["progress"]);
    let hint = run(&root, &["hint", "ex03", "tiled"]);
    assert!(hint.status.success());
    assert!(text(&hint.stderr).contains("not remembered"), "{}", text(&hint.stderr));
    assert!(good(&root, &["hint", "ex03", "tiled", "--level", "3"]).contains("hint 3 of 3"));
    fs::write(root.join(SHADER), solution()).unwrap();
    let check = run(&root, &["check", "ex03", "tiled"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check.stdout));
}

/// What a run says that must end by itself, and soon.
#[cfg(unix)]
fn soon(root: &Path, words: &[&str]) -> String {
    let mut command = strata(root);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let start = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed().as_secs() > 60 {
            child.kill().unwrap();
            panic!("{words:?} waits for ever");
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_said_at_once() {
    let (folder, root) = workspace();
    let rust = "ex03-matmul/src/blocked.rs";
    for (what, says) in [
        ("pipe", "a named pipe"),
        ("/dev/zero", "a device"),
        ("folder", "a folder"),
        ("large", "bytes"),
        ("nowhere", "leads nowhere"),
    ] {
        let there = folder.path().join(what);
        match what {
            "pipe" => {
                let made = std::process::Command::new("mkfifo").arg(&there).status();
                assert!(made.unwrap().success());
            }
            "folder" => fs::create_dir(&there).unwrap(),
            "large" => fs::File::create(&there).unwrap().set_len(1 << 40).unwrap(),
            _ => {}
        }
        for file in [SHADER, rust] {
            let _ = fs::remove_file(root.join(file));
            std::os::unix::fs::symlink(&there, root.join(file)).unwrap();
        }
        for words in [
            &["check", "ex03", "tiled"][..],
            &["check", "ex03", "blocked"],
            &["diff", "ex03", "tiled", "--no-speed"],
            &["list"],
            &["next", "ex03"],
            &["progress"],
            &["exercises", "init", "."],
        ] {
            soon(&root, words);
        }
        for task in ["tiled", "blocked"] {
            let said = soon(&root, &["reset", "ex03", task, "--yes"]);
            assert!(said.contains(says), "{what}: {said}");
            let said = soon(&root, &["check", "ex03", task]);
            assert!(task == "tiled" || said.contains(says), "{what}: {said}");
        }
    }
}

#[test]
fn a_time_limit_beyond_all_days_is_a_day() {
    let (_folder, root) = workspace();
    if !adapter(&root) {
        return;
    }
    for (limit, says) in [
        ("18446744073709551615", "STRATA_TIME_LIMIT goes to 86400 seconds"),
        ("soon", "STRATA_TIME_LIMIT=soon is no number of seconds"),
    ] {
        let mut command = strata(&root);
        command.env("STRATA_TIME_LIMIT", limit).args(["check", "ex03", "tiled"]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
        // Which limits held is said with the verdict.
        assert!(text(&output.stdout).contains("of output"), "{}", text(&output.stdout));
    }
}

#[test]
fn a_word_moves_no_cursor() {
    let (_folder, root) = workspace();
    for word in ["\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\r\u{8}", &"x".repeat(100_000)] {
        let output = run(&root, &["list", word]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said:?}");
        assert!(said.len() < 5000, "{} bytes", said.len());
        assert!(!said.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}', '\r']), "{said:?}");
    }
}
