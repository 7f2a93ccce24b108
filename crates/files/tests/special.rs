//! What stands where a plain file should: an error that says so, at once.

use std::fs;
use std::time::{Duration, Instant};
use strata_files::{kind, make_folder, read, read_text, write};

#[test]
fn sizes_and_texts_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    write(&file, b"four").unwrap();
    assert_eq!(read(&file, 4).unwrap(), b"four");
    let message = read(&file, 3).unwrap_err().to_string();
    assert!(message.contains("a.txt has 4 bytes; at most 3"), "{message}");
    write(&file, b"ab\xffc").unwrap();
    assert!(read_text(&file, 10).unwrap_err().to_string().contains("byte 2"));
    assert!(read(&folder.path().join("b"), 10).unwrap_err().is_not_found());
    assert!(read(folder.path(), 10).unwrap_err().to_string().contains("is a folder"));
    assert!(write(folder.path(), b"x").unwrap_err().to_string().contains("is a folder"));
    // A file of a size that no memory holds is refused by its size.
    let huge = fs::File::create(folder.path().join("huge")).unwrap();
    if huge.set_len(1 << 42).is_ok() {
        let message = read(&folder.path().join("huge"), 1 << 30).unwrap_err().to_string();
        assert!(message.contains("4398046511104 bytes"), "{message}");
    }
}

#[test]
fn folders_too_deep_for_the_system_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/".repeat(60_000));
    assert!(make_folder(&deep).unwrap_err().to_string().starts_with("cannot create "));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    make_folder(&folder.path().join("a/b/c")).unwrap();
    assert!(folder.path().join("a/b/c").is_dir());
}

#[cfg(unix)]
#[test]
fn pipes_devices_and_endless_files_are_refused_at_once() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let start = Instant::now();
    for path in [pipe.as_path(), "/dev/zero".as_ref(), "/dev/null".as_ref(), "/dev/tty".as_ref()] {
        let message = read(path, u64::MAX).unwrap_err().to_string();
        let said = message.contains("is a") && message.contains("not a plain file");
        assert!(said, "{message}");
    }
    assert!(write(&pipe, b"x").unwrap_err().to_string().contains("nobody reads"));
    assert_eq!(kind(&pipe).unwrap().to_string(), "a named pipe");
    // Made up while it is read, some without an end.
    for path in ["/proc/kmsg", "/proc/self/mem", "/proc/self/pagemap"] {
        let _ = read(path.as_ref(), u64::MAX);
    }
    if cfg!(target_os = "linux") {
        assert!(!read("/proc/version".as_ref(), 1 << 20).unwrap().is_empty());
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[cfg(unix)]
#[test]
fn links_pipes_and_modes_stay_what_they_are() {
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("deep")).unwrap();
    symlink("deep/real.json", at("link.json")).unwrap();
    for text in ["one", "two"] {
        write(&at("link.json"), text.as_bytes()).unwrap();
        assert!(fs::symlink_metadata(at("link.json")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at("deep/real.json")).unwrap(), text);
    }
    fs::set_permissions(at("deep/real.json"), fs::Permissions::from_mode(0o600)).unwrap();
    write(&at("link.json"), b"three").unwrap();
    let mode = fs::metadata(at("deep/real.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    symlink("around", at("around")).unwrap();
    assert!(write(&at("around"), b"x").is_err());
    // A pipe that is read gets the bytes, and is a pipe afterwards.
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let path = at("pipe");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
        text
    });
    while write(&at("pipe"), b"through").is_err() {
        std::thread::yield_now();
    }
    assert_eq!(reader.join().unwrap(), "through");
    write("/dev/null".as_ref(), b"gone").unwrap();
    assert!(kind("/dev/null".as_ref()).unwrap().to_string().contains("device"));
}
