//! The text side of the exercises from outside: what is embedded, generated, written and remembered.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use strata_grader::catalog::{self, Task};
use strata_grader::graded::Graded;
use strata_grader::home::Home;
use strata_grader::progress::{self, Progress, Status};
use strata_grader::{Language, Verdict, given, sync};

fn clone() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every file below `root`.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    found.insert(entry.path(), fs::read(entry.path()).unwrap());
                }
            }
        }
    }
    found
}

fn first_kernel() -> Option<&'static Task> {
    let tasks = catalog::exercises().iter().flat_map(|e| &e.tasks);
    let found = tasks.into_iter().find(|task| task.kernel.is_some());
    if found.is_none() {
        eprintln!("SKIPPED: no exercises are embedded");
    }
    found
}

#[test]
fn every_solution_is_in_the_catalog() {
    let folders = fs::read_dir(clone().join("solutions")).into_iter().flatten().flatten();
    for folder in folders.filter(|folder| folder.path().join("exercise.toml").is_file()) {
        let name = folder.file_name().into_string().unwrap();
        assert_eq!(catalog::find(&name).map(|exercise| exercise.name), Ok(name.as_str()));
    }
}

#[test]
fn sync_writes_what_check_wants_and_check_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let made = given::all().unwrap();
    assert_eq!(sync::check(dir).unwrap().len(), made.len() + 1);
    assert!(files(dir).is_empty());
    sync::sync(dir).unwrap();
    assert_eq!(sync::check(dir).unwrap(), []);
    for (path, text) in &made {
        assert_eq!(&fs::read_to_string(dir.join(path)).unwrap(), text, "{path}");
        assert!(!text.contains("-solution") && !text.contains("_solution"), "{path}");
        assert!(!path.contains("/wrong/") && !path.ends_with("exercise.toml"), "{path}");
    }
    let before = files(dir);
    assert_eq!(sync::sync(dir).unwrap().changes, []);
    assert_eq!(files(dir), before);
}

#[test]
fn a_home_outside_of_the_clone_is_a_workspace_that_cargo_takes() {
    if first_kernel().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().canonicalize().unwrap().join("mine");
    Home::init(&dir, &clone()).unwrap();
    let home = Home::find(&dir.join("ex03-matmul/src")).unwrap();
    assert_eq!(home, Home { root: dir.clone(), clone: Some(clone()), outside: true });
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["metadata", "--offline", "--no-deps", "--format-version", "1"]);
    let output = cargo.current_dir(&dir).env_remove("CARGO_TARGET_DIR").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let names: Vec<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    assert_eq!(names, catalog::exercises().iter().map(|e| e.name).collect::<Vec<_>>());
    assert_eq!(metadata["target_directory"].as_str(), clone().join("target").to_str());
    let before = files(&dir);
    assert_eq!(Home::init(&dir, &clone()).unwrap().changes, []);
    assert_eq!(files(&dir), before);
}

#[test]
fn what_was_graded_is_remembered_until_the_file_changes() {
    let Some(task) = first_kernel() else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = Home { root: folder.path().into(), clone: None, outside: true };
    sync::sync(&home.root).unwrap();
    let file = home.root.join(&task.exercise).join(&task.files[1]);
    let stub = fs::read_to_string(&file).unwrap();
    assert!(progress::is_stub(task, Language::Wgsl, &stub));
    let status = |language| Progress::load(&home).look(&home, task, language).unwrap();
    assert_eq!(status(Language::Wgsl), Status::Untouched);
    fs::write(&file, "mine").unwrap();
    assert_eq!(status(Language::Wgsl), Status::Edited);
    let graded = |language, verdict| Graded {
        exercise: task.exercise.clone(),
        task: task.name.clone(),
        language,
        file: file.clone(),
        device: Some("cpu".into()),
        verdict,
        seconds: None,
        fingerprint: None,
        limits: None,
    };
    let passed = Some(Verdict::Passed { checks: 3 });
    let absent = Some(Verdict::Skipped { reason: "no card".into() });
    let results = [graded(Language::Wgsl, passed), graded(Language::Cuda, absent)];
    Progress::record(&home, &results).unwrap();
    assert_eq!(
        [status(Language::Wgsl), status(Language::Cuda)],
        [Status::Passed, Status::Untouched]
    );
    let wrong = graded(Language::Wgsl, Some(Verdict::rejected("zero", "all of it")));
    Progress::record(&home, [&wrong]).unwrap();
    assert_eq!(status(Language::Wgsl), Status::Failed);
    fs::write(&file, "mine, better").unwrap();
    assert_eq!(status(Language::Wgsl), Status::Stale);
    fs::write(&file, stub).unwrap();
    assert_eq!(status(Language::Wgsl), Status::Untouched);
}
