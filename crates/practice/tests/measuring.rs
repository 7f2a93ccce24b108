//! `bench` and `bundle` with what they cannot use, and what a bundle is.
mod common;

use common::{bad, good};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

#[test]
fn sizes_and_ops_that_make_no_sense() {
    let here = Path::new(".");
    bad(here, &["bench", "--ladder", "fill"], 2, &["over sizes", "matmul"]);
    bad(here, &["bench", "--size", "64"], 2, &["--ladder"]);
    let nasty = "\u{1b}[2J\u{1b}]0;mine\u{7}\u{9b}1m\u{202e}stew\r";
    for word in ["", nasty, &"x".repeat(100_000), &format!("{nasty}/{nasty}")] {
        for verb in ["bench", "parity"] {
            let said = bad(here, &[verb, "--op", word], 2, &["invalid value"]);
            assert!(said.len() < 5000, "{} bytes", said.len());
            let obeyed = ["\u{1b}[2J", "\u{1b}]", "\u{9b}", "\u{202e}", "\u{7}", "\r"];
            assert!(!obeyed.iter().any(|code| said.contains(code)), "{said:?}");
        }
    }
    for size in ["1,5", "1__000", ",100", "1 000", "0x10", ""] {
        bad(here, &["bench", "--ladder", "matmul", "--size", size], 2, &["--size"]);
    }
}

#[test]
fn a_precision_and_a_yardstick_are_asked_for() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    let fill = ["bench", "--op", "fill", "--quick", "--device", "cpu"];
    let more = |more: &[&'static str]| [&fill[..], more].concat();
    bad(
        at,
        &more(&["--precision", "tf32"]),
        1,
        &["cpu:0", "no products in tf32; it has f32, bf16"],
    );
    bad(at, &more(&["--precision", "fp16"]), 2, &["unknown precision", "tf32"]);
    bad(at, &more(&["--against", "none.json"]), 1, &["none.json"]);
    fs::write(at.join("a.json"), "[7]").unwrap();
    bad(at, &more(&["--against", "a.json"]), 1, &["a.json holds no times"]);
    fs::write(at.join("a.json"), "7,").unwrap();
    bad(at, &more(&["--against", "a.json"]), 1, &["not JSON"]);
    good(at, &more(&["--json", "ours.json"]));
    let said = good(at, &more(&["--against", "ours.json", "--json", "again.json"]));
    assert!(said.contains("ratio: our time over theirs") && said.contains("in f32"), "{said}");
    assert!(!said.contains("compare machines"), "{said}");
    let json = fs::read_to_string(at.join("again.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let report = &json[0];
    assert_eq!(
        (&report["precision"], &report["rows"][0]["precision"]),
        (&"f32".into(), &"f32".into())
    );
    assert!(report["rows"][0]["light"].as_f64().unwrap() > 0.0);
    assert!(report["against"]["rows"][0]["ratio"].as_f64().unwrap() > 0.0);
    // A table may be of one precision.
    let table = good(at, &["parity", "--op", "gelu", "--device", "cpu", "--precision", "bf16"]);
    assert!(table.contains("bf16  ok") && !table.contains("f32"), "{table}");
}

#[test]
fn a_bundle_is_one_small_binary_and_a_script() {
    let folder = tempdir().unwrap();
    good(folder.path(), &["bundle", "--out", "b"]);
    let binary = folder.path().join("b").join(if cfg!(windows) { "strata.exe" } else { "strata" });
    assert!(fs::metadata(&binary).unwrap().len() < 40 << 20);
    let output = std::process::Command::new(&binary).arg("--version").output().unwrap();
    assert!(output.status.success());
    assert!(folder.path().join("b/run.sh").is_file());
}

#[cfg(unix)]
#[test]
fn a_bundle_follows_nobodys_links() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("precious"), "mine").unwrap();
    for name in ["strata", "run.sh"] {
        let out = at.join(format!("out-{name}"));
        fs::create_dir(&out).unwrap();
        std::os::unix::fs::symlink(at.join("precious"), out.join(name)).unwrap();
        std::os::unix::fs::symlink(at.join("precious"), out.join(".strata.tmp")).unwrap();
        let words = ["bundle", "--out", out.to_str().unwrap()];
        bad(at, &words, 1, &[name, "a link", "--out"]);
    }
    let out = at.join("out-pipe");
    fs::create_dir(&out).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, out.join("strata"), rustix::fs::Mode::RWXU).unwrap();
    bad(at, &["bundle", "--out", out.to_str().unwrap()], 1, &["a named pipe"]);
    bad(at, &["bundle", "--out", "precious"], 1, &["precious"]);
    assert_eq!(fs::read_to_string(at.join("precious")).unwrap(), "mine");
}
