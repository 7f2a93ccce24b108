//! `strata new op`: what it makes, and what it refuses.
mod common;

use common::{bad, strata, text};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// As much of a clone as the command looks at.
fn clone() -> TempDir {
    let folder = tempdir().unwrap();
    for path in ["crates/cli", "chapters/02-autograd", "chapters/04-gelu/src/deep", "kernels/old"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
    }
    fs::write(folder.path().join("crates/cli/Cargo.toml"), "").unwrap();
    folder
}

/// Runs the command there, as cargo would not: nothing says where the real clone is.
fn new(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let output =
        strata(folder).env_remove("CARGO_MANIFEST_DIR").args(["new", "op"]).args(words).output();
    let output = output.unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn an_op_is_made_and_nothing_else_is_touched() {
    let clone = clone();
    let (code, out, err) = new(clone.path(), &["leaky_relu", "--chapter", "4"]);
    assert_eq!(code, 0, "{err}");
    let made = [
        "kernels/leaky_relu/1_naive.cu",
        "shaders/leaky_relu/1_naive.wgsl",
        "chapters/04-gelu/src/leaky_relu.rs",
        "crates/check/src/oracle/leaky_relu.rs",
        "crates/parity/src/cases/leaky_relu.rs",
    ];
    for path in made {
        assert!(out.contains(path), "{path} is not told of: {out}");
        let text = fs::read_to_string(clone.path().join(path)).unwrap();
        assert!(text.contains("alpha") || text.contains("leaky_relu(&x, 0.5)"), "{path}");
        assert!(!text.contains("{op}") && !text.contains("{file}"), "{path}: {text}");
    }
    for line in ["mod leaky_relu;", "leaky_relu::LADDER.info(),", "leaky_relu::WORKLOADS,"] {
        assert!(out.contains(line), "{line}: {out}");
    }
    // Once more: it is there.
    let mine = clone.path().join(made[2]);
    fs::write(&mine, "mine").unwrap();
    let (code, _, err) = new(clone.path(), &["leaky_relu", "--chapter", "gelu"]);
    assert!(code == 1 && err.contains("is there already"), "{err}");
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine");
}

#[test]
fn what_is_there_or_no_name_is_refused() {
    let clone = clone();
    for (name, chapter, code, says) in [
        ("Leaky", "04", 2, "small letters"),
        ("leaky-relu", "04", 2, "small letters"),
        ("../up", "04", 2, "small letters"),
        ("_x1", "04", 2, "small letters"),
        ("x__y", "04", 2, "small letters"),
        ("é2", "04", 2, "small letters"),
        ("match", "04", 2, "means something else"),
        ("alpha", "04", 2, "means something else"),
        ("gelu", "04", 2, "there is an op gelu"),
        ("old", "04", 1, "kernels/old is there already"),
        ("deep", "04", 1, "src/deep is there already"),
        ("leaky", "02", 1, "has no ops; there are 04 gelu"),
        ("leaky", "nine", 1, "has no ops"),
    ] {
        let (got, out, err) = new(clone.path(), &[name, "--chapter", chapter]);
        assert_eq!((got, out.as_str()), (code, ""), "{name}: {err}");
        assert!(err.contains(says), "{name}: {err}");
        assert!(!clone.path().join("shaders").exists(), "{name}: nothing is written");
    }
    bad(clone.path(), &["new", "op", "leaky"], 2, &["--chapter"]);
}

#[test]
fn outside_of_a_clone_it_says_so() {
    let folder = tempdir().unwrap();
    let (code, _, err) = new(folder.path(), &["leaky", "--chapter", "04"]);
    assert!(code == 1 && err.contains("clone"), "{err}");
}
