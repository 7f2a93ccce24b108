//! Answers that read and write where they should not.

use super::{CALLS, FILES, Hostile, PRIVATE, neighbour};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use strata_grader::grade::Job;

pub const ALL: &[Hostile] = &[
    Hostile("writes_at_home", FILES, "differs", |_| {
        let home = env::var_os("HOME").map_or_else(|| "/root".into(), PathBuf::from);
        writes(&home) || writes(&home.join(".cache")) || writes(&home.join(".cargo"))
    }),
    Hostile("writes_where_all_may", FILES, "differs", |_| {
        [env::temp_dir(), "/tmp".into(), "/var/tmp".into(), "/dev/shm".into(), "/run".into()]
            .iter()
            .any(|folder: &PathBuf| writes(folder))
    }),
    Hostile("writes_where_it_stands", FILES, "differs", |_| {
        writes(Path::new(".")) || writes(Path::new("..")) || writes(Path::new("target"))
    }),
    Hostile("changes_its_own_answer", FILES, "differs", |job| {
        fs::write(&job.file, "right").is_ok()
    }),
    Hostile("fills_the_disk", FILES, "differs", |job| {
        (0..100).any(|n| fs::write(job.scratch.join(n.to_string()), vec![0; 64 << 20]).is_ok())
    }),
    Hostile("a_file_without_end", FILES, "differs", |job| {
        let file = fs::File::create(job.scratch.join("large"));
        file.is_ok_and(|file| file.set_len(1 << 40).is_ok())
    }),
    Hostile("reads_what_others_wrote", FILES, "differs", |job| {
        fs::read_to_string(neighbour(job)).is_ok_and(|text| text == PRIVATE)
    }),
    Hostile("reads_passwords", FILES, "differs", |_| {
        ["/etc/shadow", "/etc/passwd", "/root/.bashrc", "/proc/1/environ"]
            .iter()
            .any(|path| fs::read(path).is_ok())
    }),
    Hostile("lists_folders_of_others", FILES, "differs", |job| {
        let beside = job.scratch.parent().unwrap_or(Path::new("/"));
        [beside, Path::new("/home"), Path::new("/root"), Path::new("/"), Path::new("/tmp")]
            .iter()
            .any(|folder| fs::read_dir(folder).is_ok())
    }),
    Hostile("goes_through_a_link", FILES, "differs", |job| {
        let link = job.scratch.join("link");
        let _ = symlink(&neighbour(job), &link);
        fs::read(&link).is_ok() || fs::write(&link, "gone").is_ok()
    }),
    Hostile("swaps_its_folder_for_a_link", FILES, "differs", |job| {
        let moved = fs::rename(&job.scratch, job.scratch.with_extension("old")).is_ok();
        let removed = moved || fs::remove_dir(&job.scratch).is_ok();
        removed && symlink(Path::new("/root"), &job.scratch).is_ok()
    }),
    Hostile("takes_a_second_name", FILES, "differs", |job| {
        fs::hard_link(neighbour(job), job.scratch.join("mine")).is_ok()
    }),
    Hostile("removes_what_others_wrote", FILES, "differs", |job| {
        fs::remove_file(neighbour(job)).is_ok() || fs::write(neighbour(job), "").is_ok()
    }),
    Hostile("locks_others_out", CALLS, "differs", |job| {
        let Ok(about) = fs::metadata(neighbour(job)) else { return false };
        let mut rights = about.permissions();
        rights.set_readonly(true);
        fs::set_permissions(neighbour(job), rights).is_ok()
    }),
    Hostile("opens_its_secrets_to_all", CALLS, "differs", opens_to_all),
    Hostile("gives_files_away", CALLS, "differs", gives_away),
    Hostile("sets_dates_back", CALLS, "differs", sets_dates),
    Hostile("leaves_a_pipe_for_others_to_wait_at", CALLS, "differs", pipe),
    Hostile("reads_the_machine", FILES, "differs", |_| {
        ["/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/sda", "/dev/vda", "/sys/kernel/debug"]
            .iter()
            .any(|path| fs::File::open(path).is_ok())
    }),
];

fn writes(folder: &Path) -> bool {
    let file = folder.join(".hostile");
    let made = fs::write(&file, "x").is_ok();
    let folder = folder.join(".hostile.d");
    let both = fs::create_dir(&folder).is_ok() || made;
    // Whoever runs this test wants nothing of it to stay.
    let _ = (fs::remove_file(&file), fs::remove_dir(&folder));
    both
}

#[cfg(unix)]
fn symlink(to: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use rustix::fs as sys;
    use std::os::unix::fs::PermissionsExt;

    pub fn opens_to_all(job: &Job) -> bool {
        let folder = job.scratch.parent().unwrap_or(Path::new("/"));
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).is_ok()
    }

    pub fn gives_away(job: &Job) -> bool {
        std::os::unix::fs::chown(neighbour(job), Some(0), Some(0)).is_ok()
            || std::os::unix::fs::lchown(neighbour(job), None, None).is_ok()
    }

    pub fn sets_dates(job: &Job) -> bool {
        let never = sys::Timespec { tv_sec: 0, tv_nsec: 0 };
        let dates = sys::Timestamps { last_access: never, last_modification: never };
        sys::utimensat(sys::CWD, neighbour(job), &dates, sys::AtFlags::empty()).is_ok()
    }

    pub fn pipe(job: &Job) -> bool {
        let folders = [job.scratch.clone(), "/tmp".into()];
        folders.iter().any(|folder| {
            let mode = sys::Mode::from_raw_mode(0o600);
            sys::mknodat(sys::CWD, folder.join("pipe"), sys::FileType::Fifo, mode, 0).is_ok()
        })
    }
}

#[cfg(target_os = "linux")]
use linux::*;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Job;
    macro_rules! not_here {
        ($($name:ident)*) => { $(pub fn $name(_: &Job) -> bool { false })* };
    }
    not_here! { opens_to_all gives_away sets_dates pipe }
}

#[cfg(not(target_os = "linux"))]
use elsewhere::*;
