//! Compiled images on disk, so that only the first run of a kernel compiles it. A cache is a
//! convenience: whatever goes wrong here only means compiling again.
use sha2::{Digest, Sha256};
use std::env;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// The image of that key, if it is there and whole.
pub(super) fn read(key: &str) -> Option<Vec<u8>> {
    unpack(&fs::read(folder()?.join(key)).ok()?)
}

fn unpack(file: &[u8]) -> Option<Vec<u8>> {
    let (digest, image) = file.strip_prefix(MAGIC)?.split_at_checked(32)?;
    (!image.is_empty() && Sha256::digest(image).as_slice() == digest).then(|| image.to_vec())
}

/// Keeps an image: written beside and renamed, so that nobody reads half of one.
pub(super) fn write(key: &str, image: &[u8]) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(folder) = folder() else { return };
    if fs::create_dir_all(&folder).is_err() {
        return;
    }
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!("{key}.{}.{n}.tmp", std::process::id()));
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(MAGIC)?;
        file.write_all(Sha256::digest(image).as_slice())?;
        file.write_all(image)
    });
    if written.and_then(|()| fs::rename(&beside, folder.join(key))).is_err() {
        // Nothing more to do: the next run compiles again.
        let _ = fs::remove_file(&beside);
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
}
