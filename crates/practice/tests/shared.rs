//! A workspace of exercises shares the clone's `target/`: what its tests are built from is what the clone
//! builds, to the flag. Cargo is asked what it would do, and builds nothing.
mod common;

use common::workspace::workspace;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// How each library and build script is compiled, by package; `None` where this cargo does not tell.
fn builds(folder: &Path) -> Option<BTreeMap<String, Vec<Value>>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder).args(["test", "--no-run", "--package", "ex03-matmul", "--offline"]);
    // The graph is for cargo's developers so far, and so is the variable that lets everybody ask.
    cargo.env("RUSTC_BOOTSTRAP", "1").args(["-Z", "unstable-options", "--unit-graph"]);
    let output = cargo.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && said.contains("unit-graph") {
        return None;
    }
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("did not match any packages"), "{said}");
    let graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = BTreeMap::<String, Vec<Value>>::new();
    for unit in graph["units"].as_array().unwrap() {
        let mut profile = unit["profile"].clone();
        profile.as_object_mut().unwrap().remove("name");
        let package = unit["pkg_id"].as_str().unwrap().to_string();
        let how = [&unit["target"]["kind"], &unit["mode"], &unit["features"], &profile];
        found.entry(package).or_default().push(how.map(Value::clone).to_vec().into());
    }
    found.values_mut().for_each(|how| how.sort_by_key(Value::to_string));
    Some(found)
}

#[test]
fn a_workspace_of_exercises_compiles_nothing_again() {
    let (_folder, root) = workspace();
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (Some(ours), Some(mut theirs)) = (builds(&clone), builds(&root)) else {
        println!("SKIPPED: this cargo does not say what it would build");
        return;
    };
    // The exercise itself lies elsewhere.
    theirs.retain(|package, _| !package.contains("ex03-matmul"));
    for name in ["naga@", "wgpu-core@", "#strata-ml@", "#strata-grader@"] {
        assert!(theirs.keys().any(|package| package.contains(name)), "{name}: {theirs:?}");
    }
    for (package, how) in &theirs {
        assert_eq!(ours.get(package), Some(how), "{package}");
    }
}
