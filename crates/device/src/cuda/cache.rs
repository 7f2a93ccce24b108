//! Compiled images on disk, so that only the first run of a kernel compiles it. A cache is a
//! convenience: whatever goes wrong here only means compiling again.
//!
//! An image is code for the card. Its digest tells damage, not intent, so what counts is who could
//! have written it: the folder and the file belong to whoever runs this, and nobody else may write.
use sha2::{Digest, Sha256};
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// First bytes of every file; the digest of the image follows, then the image.
const MAGIC: &[u8; 8] = b"strata01";

/// Everything an image depends on, as one digest.
pub(super) struct Key(Sha256);

impl Key {
    pub(super) fn new() -> Self {
        Key(Sha256::new())
    }

    /// Adds one part; lengths keep parts apart.
    pub(super) fn add(&mut self, part: &str) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
    }

    /// The file's name.
    pub(super) fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// `strata/cuda` in the user's cache folder.
fn folder() -> Option<PathBuf> {
    let root = |name: &str| {
        let value = env::var_os(name)?;
        Some(PathBuf::from(value)).filter(|path| path.is_absolute())
    };
    let base = root("XDG_CACHE_HOME")
        .or_else(|| root("LOCALAPPDATA"))
        .or_else(|| root("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("strata").join("cuda"))
}

/// Bytes of an entry: no kernel's image comes near.
const MOST: u64 = 64 << 20;
/// Seconds after which what a process left half written is swept.
const LITTER: u64 = 3600;

/// The image of that key, if it is there, whole and ours.
pub(super) fn read(key: &str) -> Option<Vec<u8>> {
    unpack(&bytes(&folder()?, key)?)
}

fn bytes(folder: &Path, key: &str) -> Option<Vec<u8>> {
    let path = folder.join(key);
    // Asked before it is opened: to open a pipe is to wait. A link is nothing that we wrote.
    let plain = |data: &fs::Metadata| data.is_file() && data.len() <= MOST && ours(data);
    let safe = fs::metadata(folder).is_ok_and(|data| data.is_dir() && ours(&data));
    if !safe || !plain(&fs::symlink_metadata(&path).ok()?) {
        return None;
    }
    let file = fs::File::open(&path).ok()?;
    let data = file.metadata().ok().filter(plain)?;
    let mut bytes = Vec::with_capacity(usize::try_from(data.len()).ok()?);
    file.take(MOST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Whether nobody else could have written it.
#[cfg(unix)]
fn ours(data: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    data.uid() == rustix::process::geteuid().as_raw() && data.mode() & 0o022 == 0
}

/// Elsewhere the user's cache folder is the user's own, as the system made it.
#[cfg(not(unix))]
fn ours(_: &fs::Metadata) -> bool {
    true
}

fn unpack(file: &[u8]) -> Option<Vec<u8>> {
    let (digest, image) = file.strip_prefix(MAGIC)?.split_at_checked(32)?;
    (!image.is_empty() && Sha256::digest(image).as_slice() == digest).then(|| image.to_vec())
}

/// Keeps an image: written beside and renamed, so that nobody reads half of one.
pub(super) fn write(key: &str, image: &[u8]) {
    if let Some(folder) = folder() {
        // A cache that cannot be written is no fault: the next run compiles again.
        let _ = keep(&folder, key, image);
    }
}

fn keep(folder: &Path, key: &str, image: &[u8]) -> std::io::Result<()> {
    create(folder)?;
    if !ours(&fs::metadata(folder)?) {
        // Ours, and open to others: closed now. What is not ours this does not change.
        close(folder)?;
        if !ours(&fs::metadata(folder)?) {
            return Ok(());
        }
    }
    sweep(folder);
    // A file that was not there before, that only its owner may write to, and that goes if we fail.
    let mut file = tempfile::Builder::new().prefix(key).suffix(".tmp").tempfile_in(folder)?;
    file.write_all(MAGIC)?;
    file.write_all(Sha256::digest(image).as_slice())?;
    file.write_all(image)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(key))?;
    Ok(())
}

/// A folder that only its owner may write to.
fn create(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn close(folder: &Path) -> std::io::Result<()> {
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

#[cfg(not(unix))]
fn close(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Removes what dead processes left half written.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().take(10_000) {
        let old = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        let half = entry.file_name().to_string_lossy().ends_with(".tmp");
        if half && old().is_some_and(|age| age.as_secs() > LITTER) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_file_gives_its_image() {
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(Sha256::digest(b"image").as_slice());
        file.extend_from_slice(b"image");
        assert_eq!(unpack(&file).as_deref(), Some(&b"image"[..]));
        for n in 0..file.len() {
            assert_eq!(unpack(&file[..n]), None, "cut at {n}");
            let mut flipped = file.clone();
            flipped[n] ^= 1;
            assert_eq!(unpack(&flipped), None, "flipped at {n}");
        }
    }

    #[test]
    fn parts_of_a_key_do_not_run_together() {
        let of = |parts: &[&str]| {
            let mut key = Key::new();
            parts.iter().for_each(|part| key.add(part));
            key.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["ab", "c"]).len(), 64);
    }

    fn empty(name: &str) -> PathBuf {
        let root = env::temp_dir().join(format!("strata-cache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        root
    }

    fn get(folder: &Path, key: &str) -> Option<Vec<u8>> {
        unpack(&bytes(folder, key)?)
    }

    #[test]
    fn what_is_kept_comes_back_and_what_is_damaged_is_made_again() {
        let folder = empty("kept");
        keep(&folder, "key", b"image").unwrap();
        assert_eq!(get(&folder, "key").as_deref(), Some(&b"image"[..]));
        fs::write(folder.join("key"), b"strata01 and nonsense").unwrap();
        assert_eq!(get(&folder, "key"), None);
        keep(&folder, "key", b"again").unwrap();
        assert_eq!(get(&folder, "key").as_deref(), Some(&b"again"[..]));
        // A giant, without the bytes that it claims.
        fs::File::options()
            .write(true)
            .open(folder.join("key"))
            .unwrap()
            .set_len(MOST + 1)
            .unwrap();
        assert_eq!(get(&folder, "key"), None);
        // A folder in its place: nothing is kept, and nothing left behind.
        fs::create_dir(folder.join("other")).unwrap();
        assert!(keep(&folder, "other", b"image").is_err());
        assert_eq!(get(&folder, "other"), None);
        let left = fs::read_dir(&folder).unwrap().flatten();
        assert!(!left.into_iter().any(|e| e.file_name().to_string_lossy().ends_with(".tmp")));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_others_could_have_written_is_not_loaded() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = empty("others");
        keep(&folder, "key", b"image").unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(&folder.join("key"), 0o666);
        assert_eq!(get(&folder, "key"), None, "a file that everybody writes to");
        mode(&folder.join("key"), 0o600);
        mode(&folder, 0o777);
        assert_eq!(get(&folder, "key"), None, "a folder that everybody writes to");
        keep(&folder, "new", b"image").unwrap();
        assert_eq!(get(&folder, "new").as_deref(), Some(&b"image"[..]), "it was closed");
        symlink(folder.join("key"), folder.join("link")).unwrap();
        assert_eq!(get(&folder, "link"), None, "a link");
        let pipe = std::process::Command::new("mkfifo").arg(folder.join("pipe")).status();
        assert!(pipe.unwrap().success());
        assert_eq!(get(&folder, "pipe"), None, "a pipe");
        assert!(keep(&folder.join("key"), "x", b"image").is_err(), "a file for a folder");
        assert!(keep(&folder.join("pipe"), "x", b"image").is_err(), "a pipe for a folder");
        fs::remove_dir_all(&folder).unwrap();
    }
}
