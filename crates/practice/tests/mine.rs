//! `diff` and `train --mine`: a reader's kernel beside ours, and in the place of ours.
mod common;

use common::workspace::{adapter, workspace};
use common::{bad, good, nano, run, text};
use std::fs;

/// A small contract task: quick to judge and to train on, even on a software adapter.
const TASK: [&str; 2] = ["ex04", "vectorized"];
const FILE: &str = "ex04-gelu/shaders/gelu/2_vectorized.wgsl";

/// Whether WGSL can run here; asked in another workspace, for asking solves a task.
fn here() -> bool {
    let (_folder, root) = workspace();
    adapter(&root)
}

#[test]
fn training_on_nothing_says_where_to_begin() {
    let (_folder, root) = workspace();
    let words = ["train", "--mine", "--device", "cpu"];
    bad(&root, &words, 1, &["--mine trains on your CUDA or WGSL kernels", "--device wgpu"]);
    if here() {
        let words = ["train", "--mine", "--device", "wgpu"];
        bad(&root, &words, 1, &["none of your WGSL kernels is right yet", "ex04 vectorized"]);
    }
}

#[test]
fn a_right_kernel_is_trained_on_and_a_broken_one_refused() {
    if !here() {
        return;
    }
    let (_folder, root) = workspace();
    let mine = nano(&["--mine", "--device", "wgpu", "--steps", "1", "--out", "run", "--force"]);
    let file = root.join(FILE);
    let stub = fs::read_to_string(&file).unwrap();
    // Begun, and never right: ours is used, and that leaves nothing of the reader's.
    fs::write(&file, stub.replace("TODO", "DONE")).unwrap();
    bad(&root, &mine, 1, &["none of your WGSL kernels is right yet"]);

    let reveal = [&["reveal"], &TASK[..], &["--language", "wgsl", "--write", "--yes"]].concat();
    good(&root, &reveal);
    let output = run(&root, &mine);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 kernel is yours"), "{said}");
    let line = said.lines().find(|line| line.contains("gelu=2_vectorized")).unwrap();
    assert!(
        line.contains("ex04 vectorized") && line.contains("ours") && line.contains(" x)"),
        "{line}"
    );
    assert!(root.join("run/model.safetensors").is_file());

    // What was right once and is wrong now stops the run before it begins.
    let right = fs::read_to_string(&file).unwrap();
    fs::remove_dir_all(root.join("run")).unwrap();
    let wrong = right.replace("gelu_of(v.x)", "gelu_of(v.y)");
    assert_ne!(wrong, right);
    fs::write(&file, wrong).unwrap();
    bad(
        &root,
        &mine,
        1,
        &["ex04 vectorized passed once and no longer does", "cargo strata reset ex04 vectorized"],
    );
    assert!(!root.join("run").exists(), "nothing was trained");
}

#[test]
fn diff_shows_numbers_then_source_then_speed() {
    let (_folder, root) = workspace();
    bad(&root, &["diff", "ex04", "vectorized"], 1, &["not begun", "cargo strata reveal"]);
    if !here() {
        return;
    }
    let reveal = [&["reveal"], &TASK[..], &["--language", "wgsl", "--write", "--yes"]].concat();
    good(&root, &reveal);
    let right = fs::read_to_string(root.join(FILE)).unwrap();
    fs::write(root.join(FILE), format!("// my own line\n{right}")).unwrap();
    let shown = good(&root, &["diff", "ex04", "vectorized"]);
    let place = |what: &str| shown.find(what).unwrap_or_else(|| panic!("no {what:?} in\n{shown}"));
    assert!(place("yours is right in") < place("// my own line"), "{shown}");
    assert!(place("// my own line") < place("speed    yours"), "{shown}");
    assert!(shown.contains("speed    ours") && shown.contains("GB/s"), "{shown}");

    // A wrong answer has no speed.
    fs::write(root.join(FILE), right.replace("override WG: u32 = 256u", "override WG: u32 = x"))
        .unwrap();
    let shown = good(&root, &["diff", "ex04", "vectorized"]);
    assert!(
        shown.contains("does not compile") && shown.contains("once the numbers are right"),
        "{shown}"
    );
}
