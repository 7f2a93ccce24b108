use std::fs;
use std::path::Path;

/// Removes what processes that are gone have left half-written in a folder: `.NAME.PID-N.tmp`, files
/// and folders. What cannot be removed stays; it harms nobody.
///
/// Call it with the folder's [`Lock`](crate::Lock) in hand: a process of another machine, on a
/// shared disk, looks like one that is gone.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(writer) else { continue };
        if pid == crate::process() || alive(pid) {
            continue;
        }
        let path = entry.path();
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
    }
}

/// The process that wrote `.NAME.PID-N.tmp`.
fn writer(name: &str) -> Option<u32> {
    let (_, last) = name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.')?;
    let (pid, count) = last.split_once('-')?;
    count.parse::<u64>().ok()?;
    pid.parse().ok()
}

#[cfg(unix)]
fn alive(pid: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    // It may be another user's: then we may not signal it, and it is there.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Nothing is swept where nobody can tell.
#[cfg(not(unix))]
fn alive(_: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_litter_of_the_dead_is_swept() {
        assert_eq!(writer(".model.safetensors.12-0.tmp"), Some(12));
        for other in ["model.safetensors", ".x.tmp", ".a.b-1.tmp", "a.1-1.tmp", ".a.1-b.tmp"] {
            assert_eq!(writer(other), None, "{other}");
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: String| folder.path().join(name);
        // No process has such a number: the kernel's largest is 4,194,304.
        let dead = 1_999_999_999;
        fs::write(at(format!(".a.{dead}-3.tmp")), "x").unwrap();
        fs::create_dir(at(format!(".save.{dead}-4.tmp"))).unwrap();
        fs::write(at(format!(".save.{dead}-4.tmp/a")), "x").unwrap();
        let own = format!(".a.{}-3.tmp", std::process::id());
        fs::write(at(own.clone()), "x").unwrap();
        fs::write(at("a.tmp".into()), "x").unwrap();
        sweep(folder.path());
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        if cfg!(unix) {
            assert_eq!(left, [own.as_str(), "a.tmp"]);
        }
    }
}
