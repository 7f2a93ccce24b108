//! Several files in one: what a target takes that reads a whole folder.
//!
//! ```text
//! %file config.json 14
//! {"n_layer": 2}
//! %file tokenizer.json 2
//! {}
//! ```
//!
//! Any bytes are a pack: what has no head is passed over, what is too short is taken as it is. So a
//! fuzzer may damage a pack anywhere and still say something.

use std::fs;
use std::io;
use std::path::Path;

const HEAD: &[u8] = b"%file ";
/// More files than this are passed over.
const MOST: usize = 32;

/// Files by name, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pack {
    /// Names and contents.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Pack {
    /// The files in these bytes.
    pub fn parse(bytes: &[u8]) -> Pack {
        let mut pack = Pack::default();
        let mut rest = bytes;
        while let Some(at) = find(rest, HEAD) {
            rest = &rest[at + HEAD.len()..];
            let end = find(rest, b"\n").unwrap_or(rest.len());
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            rest = rest.get(end + 1..).unwrap_or_default();
            let Some((name, length)) = head.rsplit_once(' ') else { continue };
            let length = length.trim().parse::<usize>().unwrap_or(rest.len()).min(rest.len());
            pack.files.push((name.to_string(), rest[..length].to_vec()));
            rest = &rest[length..];
            if pack.files.len() == MOST {
                break;
            }
        }
        pack
    }

    /// The pack as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, content) in &self.files {
            out.extend(HEAD);
            out.extend(format!("{name} {}\n", content.len()).bytes());
            out.extend(content);
            out.push(b'\n');
        }
        out
    }

    /// With one more file.
    pub fn with(mut self, name: &str, content: impl Into<Vec<u8>>) -> Pack {
        self.files.push((name.into(), content.into()));
        self
    }

    /// The first file of that name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(n, _)| n == name).map(|(_, content)| content.as_slice())
    }

    /// The first file of that name as text; what is not UTF-8 is replaced.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(self.get(name).unwrap_or_default()).into_owned()
    }

    /// The pack of a folder's files, one folder deep.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn of_folder(folder: &Path, names: &[&str]) -> io::Result<Pack> {
        let read = |name: &&str| Ok((name.to_string(), fs::read(folder.join(name))?));
        Ok(Pack { files: names.iter().map(read).collect::<io::Result<_>>()? })
    }

    /// Lays the files out in a folder. A name says what it is to be: `link:NAME` leads where its
    /// content says, `folder:NAME`, `pipe:NAME`, `sparse:NAME` (as many zero bytes as its content
    /// says), anything else a plain file. Names that lead out of the folder are passed over.
    ///
    /// # Errors
    /// A plain file cannot be written.
    pub fn lay(&self, folder: &Path) -> io::Result<()> {
        for (name, content) in &self.files {
            let (kind, name) = name.split_once(':').unwrap_or(("", name));
            if !is_plain(name) {
                continue;
            }
            let path = folder.join(name);
            if let Some(above) = path.parent() {
                // A file may stand where a folder is wanted: that is a case, too.
                let _ = fs::create_dir_all(above);
            }
            let there = fs::symlink_metadata(&path).ok();
            match (kind, there) {
                // Nothing is written through a link or into a pipe, whose reader never comes.
                ("", Some(there)) if !there.is_file() => {}
                ("", _) => match fs::write(&path, content) {
                    Err(e) if e.kind() == io::ErrorKind::StorageFull => return Err(e),
                    _ => {}
                },
                (special, there) => {
                    if there.is_some_and(|there| !there.is_dir()) {
                        let _ = fs::remove_file(&path);
                    }
                    let _ = lay_special(special, &path, &String::from_utf8_lossy(content));
                }
            }
        }
        Ok(())
    }
}

fn lay_special(kind: &str, path: &Path, content: &str) -> io::Result<()> {
    match kind {
        "folder" => fs::create_dir_all(path),
        "sparse" => {
            let size = content.trim().parse::<u64>().unwrap_or(0).min(1 << 40);
            fs::File::create(path)?.set_len(size)
        }
        "link" if is_harmless(content.trim()) => link(content.trim(), path),
        "pipe" => pipe(path),
        _ => Ok(()),
    }
}

/// Devices that give or take bytes without end and that nothing happens to.
pub const DEVICES: [&str; 3] = ["/dev/zero", "/dev/null", "/dev/full"];

/// Whether a link may lead there: within the folder, or to a device that nothing can happen to.
fn is_harmless(target: &str) -> bool {
    is_plain(target) || target == "." || DEVICES.contains(&target)
}

/// Whether a name stays in its folder.
fn is_plain(name: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p != "." && p != "..";
    let letter = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    name.len() < 120 && name.chars().all(letter) && name.split('/').all(part)
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(unix)]
fn pipe(path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?)
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn pipe(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Where `what` first stands.
pub fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_and_damage_is_borne() {
        let pack = Pack::default().with("a.json", "{}").with("b c", vec![0, b'\n', 255]);
        assert_eq!(Pack::parse(&pack.bytes()), pack);
        let wrong = Pack::parse(b"junk %file a 99\nxy\n%file b 1");
        assert_eq!(wrong.files, [("a".to_string(), b"xy\n%file b 1".to_vec())]);
        assert_eq!(Pack::parse(b"").files, []);
        assert_eq!(Pack::parse(b"%file x\n").files, []);
    }

    #[test]
    fn nothing_leaves_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("in");
        fs::create_dir(&folder).unwrap();
        let names = ["../out", "/tmp/strata-fuzz-out", "a/../../out", "ok/b", "link:l", "sparse:s"];
        let pack =
            Pack { files: names.iter().map(|n| (n.to_string(), b"/etc".to_vec())).collect() };
        pack.lay(&folder).unwrap();
        assert!(folder.join("ok/b").is_file() && folder.join("s").is_file());
        // What stands there already is written into only if it is a plain file.
        let pack = Pack::default().with("a", "").with("pipe:a", "").with("a", "waits for ever");
        pack.lay(&folder).unwrap();
        assert_eq!(fs::symlink_metadata(folder.join("a")).unwrap().is_file(), !cfg!(unix));
        assert!(fs::symlink_metadata(folder.join("l")).is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert!(!Path::new("/tmp/strata-fuzz-out").exists());
    }
}
