use super::*;
use std::fs;

fn home(root: &Path) -> Home {
    Home { root: root.into(), clone: None, outside: true }
}

fn entry(passed: bool) -> Entry {
    Entry {
        file: "f".into(),
        grader: "g".into(),
        when: 7,
        device: Some("cpu".into()),
        passed,
        once: passed,
    }
}

fn one(name: &str, passed: bool) -> BTreeMap<String, Entry> {
    BTreeMap::from([(name.into(), entry(passed))])
}

#[test]
fn results_are_kept_and_merged() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    assert_eq!(Progress::load(&home), Progress::default());
    assert!(!home.root.join(FOLDER).exists(), "looking writes nothing");
    merge(&home, one("ex01-a/b/rust", false)).unwrap();
    merge(&home, one("ex01-a/c/wgsl", true)).unwrap();
    let all = merge(&home, one("ex01-a/b/rust", true)).unwrap();
    assert_eq!(all.entries.values().filter(|e| e.passed).count(), 2);
    assert_eq!(Progress::load(&home), all);
    let all = merge(&home, one("ex01-a/b/rust", false)).unwrap();
    let again = &all.entries["ex01-a/b/rust"];
    assert!(!again.passed && again.once, "a later failure does not undo what was solved once");
}

#[test]
fn what_makes_no_sense_is_put_aside() {
    for bad in ["", "{", "[]", "{\"format\": 2, \"results\": {}}", "\u{0}\u{1}"] {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        files::write(&path(&home), bad.as_bytes()).unwrap();
        let progress = Progress::load(&home);
        let warning = progress.warning.unwrap();
        assert!(warning.contains("progress.json.bad"), "{warning}");
        let aside = home.root.join(FOLDER).join("progress.json.bad");
        assert_eq!(fs::read_to_string(&aside).unwrap(), bad);
        assert_eq!(Progress::load(&home), Progress::default());
        files::write(&path(&home), b"worse").unwrap();
        let progress = merge(&home, one("a", true)).unwrap();
        assert!(progress.warning.is_some() && progress.entries.len() == 1);
        assert_eq!(fs::read_to_string(aside).unwrap(), bad);
        assert_eq!(Progress::load(&home).entries, progress.entries);
    }
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    fs::create_dir_all(path(&home).join("a folder")).unwrap();
    assert!(Progress::load(&home).warning.is_some());
    assert!(merge(&home, one("a", true)).unwrap().warning.is_none());
}

#[test]
fn writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = &home(folder.path());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                for n in 0..10 {
                    merge(home, one(&format!("{writer}/{n}"), true)).unwrap();
                }
            });
        }
    });
    let progress = Progress::load(home);
    assert_eq!((progress.entries.len(), progress.warning), (40, None));
    assert_eq!(files::walk(folder.path()).unwrap().len(), 2, "the results and the lock");
}

/// Permissions do not bind root, so the folder is one that nobody can make: below a file.
#[test]
fn a_folder_that_cannot_be_written_is_an_error_value() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let home = home(&file);
    assert_eq!(Progress::load(&home), Progress::default());
    let said = merge(&home, one("a", true)).unwrap_err().to_string();
    assert!(said.starts_with("cannot make the folder") && said.contains(".strata"), "{said}");
}

#[test]
#[cfg(unix)]
fn a_read_only_folder_is_an_error_value() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("SKIPPED: permissions do not bind this user");
        return;
    }
    assert!(merge(&home, one("a", true)).is_err());
    assert_eq!(Progress::load(&home), Progress::default());
}

#[test]
fn a_result_counts_for_its_text_and_its_grader_only() {
    let Some(task) = catalog::exercises().iter().flat_map(|e| &e.tasks).next() else {
        return eprintln!("SKIPPED: no exercises are embedded");
    };
    let language = task.languages()[0];
    let stub = fingerprint(&stubs(task, language).unwrap());
    let now = fingerprint(&["mine"]);
    let with = |entry: Option<Entry>| Progress {
        entries: entry.into_iter().map(|e| (key(task, language), e)).collect(),
        warning: None,
    };
    let judged =
        |passed| Entry { file: now.clone(), grader: grader(task).unwrap(), ..entry(passed) };
    let status = |entry, current: &str| with(entry).status(task, language, current).unwrap();
    assert_eq!(status(None, &stub), Status::Untouched);
    assert_eq!(status(Some(judged(true)), &stub), Status::Untouched);
    assert_eq!(status(None, &now), Status::Edited);
    assert_eq!(status(Some(judged(true)), &now), Status::Passed);
    assert_eq!(status(Some(judged(false)), &now), Status::Failed);
    assert_eq!(status(Some(judged(true)), "other"), Status::Stale);
    let older = Entry { grader: "older".into(), ..judged(true) };
    assert_eq!(status(Some(older), &now), Status::Stale);
    assert!(!is_stub(task, language, "mine"));
    let stubs = stubs(task, language).unwrap();
    assert!(stubs.iter().all(|stub| is_stub(task, language, &stub.replace('\n', "\r\n"))));
}
