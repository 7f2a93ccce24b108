//! A reader's workspace, and what to write into it.

use super::{good, run, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The file that most tests write.
pub const SHADER: &str = "ex03-matmul/shaders/matmul/3_tiled.wgsl";

/// A workspace of the reader's own.
pub fn workspace() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap().join("mine");
    good(folder.path(), &["exercises", "init", root.to_str().unwrap()]);
    (folder, root)
}

/// Our answer, straight from the clone.
pub fn solution() -> String {
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(clone.join("solutions").join(SHADER)).unwrap()
}

/// Our answer without its barriers: it compiles, and is wrong.
pub fn mistake() -> String {
    solution().replace("workgroupBarrier();", "")
}

pub fn json(root: &Path, words: &[&str]) -> Value {
    serde_json::from_str(&text(&run(root, words).stdout)).unwrap()
}

/// How one of the tasks stands, as `list --json` has it.
pub fn state(root: &Path, exercise: &str, task: &str) -> String {
    let list = json(root, &["list", exercise, "--json"]);
    let tasks = list["exercises"][0]["tasks"].as_array().unwrap().clone();
    let task = tasks.into_iter().find(|t| t["name"] == task).unwrap();
    task["state"].as_str().unwrap().to_string()
}

/// Whether there is an adapter to run WGSL on; if not, that is announced.
pub fn adapter(root: &Path) -> bool {
    fs::write(root.join(SHADER), solution()).unwrap();
    let found = json(root, &["check", "ex03", "tiled", "--json"]);
    let reason = &found[1]["verdict"]["Skipped"]["reason"];
    if let Some(reason) = reason.as_str() {
        let required = std::env::var("STRATA_REQUIRE").unwrap_or_default();
        assert!(!required.contains("wgpu"), "STRATA_REQUIRE asks for wgpu: {reason}");
        eprintln!("SKIPPED: wgpu: {reason}");
        return false;
    }
    assert!(found[1]["verdict"]["Passed"]["checks"].as_u64().is_some_and(|n| n > 3), "{found}");
    true
}
