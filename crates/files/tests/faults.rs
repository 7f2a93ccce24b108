//! Every call of a save is made to fail, and the process is killed at every call: what is found
//! afterwards is the old files or the new ones, never a mixture.

use std::fs;
use std::path::Path;
use std::process::Command;
use strata_files::{Error, Lock, Staged, current, fault, finish, read_text, write};

const NAMES: [&str; 3] = ["a.bin", "b.bin", "z.json"];
const FOLDER: &str = "STRATA_FILES_TEST_FOLDER";

fn save(folder: &Path, text: &str) -> Result<(), Error> {
    let mut staged = Staged::new(folder)?;
    for name in NAMES {
        staged.add(name, text.as_bytes())?;
    }
    staged.commit()
}

/// What a reader finds, who may not write.
fn found(folder: &Path) -> Vec<String> {
    NAMES.iter().map(|name| read_text(&current(folder, name), 1 << 20).unwrap()).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_save_in_which_any_call_fails_is_the_old_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "old").unwrap();
    let (_, calls) = fault::with(None, || save(folder.path(), "old").unwrap());
    assert!(calls > 15, "{calls}");
    let mut seen = [false; 3];
    for kind in ["enospc", "eio"] {
        for after in ["", "+"] {
            for at in 1..=calls {
                save(folder.path(), "old").unwrap();
                let plan = format!("{kind}@{at}{after}").parse().unwrap();
                let (done, _) = fault::with(Some(plan), || save(folder.path(), "new"));
                let error = done.unwrap_err();
                let current = matches!(error, Error::Unmoved { .. });
                seen[usize::from(current)] = true;
                let want = if current { "new" } else { "old" };
                assert_eq!(found(folder.path()), [want; 3], "{plan:?}: {error}");
                assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
                // The next save goes through, whatever was left.
                save(folder.path(), "newer").unwrap();
                assert_eq!(found(folder.path()), ["newer"; 3]);
                assert_eq!(files(folder.path()), NAMES, "{plan:?}");
            }
        }
    }
    assert_eq!(seen, [true, true, false]);
}

/// Not a test by itself: the process that the next test starts and kills.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let _lock = Lock::take(Path::new(&folder)).unwrap();
    save(Path::new(&folder), "new").unwrap();
    println!("saved");
}

#[cfg(unix)]
#[test]
fn a_kill_at_any_call_leaves_the_old_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    let start = |plan: String| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["child", "--exact", "--nocapture"]).env(FOLDER, folder.path());
        child.env(fault::VARIABLE, plan).output().unwrap()
    };
    let (mut old, mut new, mut at) = (0, 0, 1);
    loop {
        save(folder.path(), "old").unwrap();
        let done = start(format!("kill@{at}"));
        match found(folder.path()) {
            texts if texts == ["old"; 3] => old += 1,
            texts if texts == ["new"; 3] => new += 1,
            texts => panic!("killed at call {at}: {texts:?}"),
        }
        // What a later process finds: no litter, no lock, the same files.
        let before = found(folder.path());
        let lock = Lock::take(folder.path()).unwrap();
        finish(folder.path()).unwrap();
        strata_files::sweep(folder.path());
        drop(lock);
        assert_eq!(
            (found(folder.path()), files(folder.path())),
            (before, NAMES.map(String::from).into())
        );
        if done.status.success() {
            assert!(String::from_utf8_lossy(&done.stdout).contains("saved"));
            break;
        }
        at += 1;
    }
    assert!(old > 5 && new > 5 && at > 15, "{old} {new} {at}");
}

#[test]
fn one_file_is_the_old_or_the_new_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.json");
    let text = "x".repeat(3 << 20);
    let (_, calls) = fault::with(None, || write(&file, text.as_bytes()).unwrap());
    for at in 1..=calls {
        write(&file, b"old").unwrap();
        let plan = format!("enospc@{at}").parse().unwrap();
        let (done, _) = fault::with(Some(plan), || write(&file, text.as_bytes()));
        assert!(done.unwrap_err().to_string().contains("notes.json"));
        let now = fs::read_to_string(&file).unwrap();
        // Only the very last call, which makes the name lasting, comes after the rename.
        assert!(now == "old" || (at == calls && now == text), "{at}");
        assert_eq!(files(folder.path()), ["notes.json"]);
    }
}

#[test]
fn a_commit_folder_that_leads_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "old").unwrap();
    #[cfg(unix)]
    {
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join("a.bin"), "theirs").unwrap();
        std::os::unix::fs::symlink(other.path(), folder.path().join(".commit")).unwrap();
        assert!(save(folder.path(), "new").unwrap_err().to_string().contains("a link"));
        assert_eq!(found(folder.path()), ["old"; 3]);
        assert_eq!(fs::read_to_string(other.path().join("a.bin")).unwrap(), "theirs");
        fs::remove_file(folder.path().join(".commit")).unwrap();
    }
    fs::write(folder.path().join(".commit"), "a file").unwrap();
    assert!(save(folder.path(), "new").unwrap_err().to_string().contains(".commit"));
    assert_eq!(found(folder.path()), ["old"; 3]);
}
