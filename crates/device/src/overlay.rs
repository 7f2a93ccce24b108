// As in `vet`: these files are not ours.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]

use crate::{Error, Machine, Result, vet};
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Kernel files that stand in front of the built-in ones: a folder of them (`--kernels DIR`), or
/// single files from anywhere.
///
/// In a folder, `DIR/matmul/3_tiled.cu` (or `DIR/kernels/matmul/3_tiled.cu`,
/// `DIR/shaders/matmul/3_tiled.wgsl`) replaces the rung of that path. A file is read when first
/// used, without a rebuild, and a rung with an overlaid file outranks the built-in ones where it
/// accepts the shape.
#[derive(Clone, Debug)]
pub struct Overlay {
    files: Files,
}

#[derive(Clone, Debug)]
enum Files {
    Folder(PathBuf),
    Listed(Vec<(String, Machine, PathBuf)>),
}

impl Overlay {
    /// Opens a folder.
    ///
    /// # Errors
    /// Not a folder, or not readable.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let data = fs::metadata(root).map_err(|e| overlay_error(root, &e.to_string()))?;
        if !data.is_dir() {
            return Err(overlay_error(root, "is not a folder"));
        }
        fs::read_dir(root).map_err(|e| overlay_error(root, &e.to_string()))?;
        Ok(Overlay { files: Files::Folder(root.to_path_buf()) })
    }

    /// Exactly these files, each with the path it stands in front of (`<op>/<n>_<rung>`) and its
    /// machine. Of two for the same place the first one counts. A file that is gone is an error when
    /// it is read: its built-in neighbour must not be taken for it.
    pub fn of_files(files: Vec<(String, Machine, PathBuf)>) -> Self {
        Overlay { files: Files::Listed(files) }
    }

    /// The file that stands in front of `path` (`<op>/<n>_<rung>`) on this machine, if there is one.
    /// Whether it can be read shows when it is: what is there and no file must not be passed over.
    pub fn find(&self, path: &str, machine: Machine) -> Option<PathBuf> {
        let (folder, extension) = match machine {
            Machine::Cuda => ("kernels", "cu"),
            Machine::Wgpu => ("shaders", "wgsl"),
            Machine::Cpu => return None,
        };
        match &self.files {
            Files::Folder(root) => {
                let file = format!("{path}.{extension}");
                [root.join(&file), root.join(folder).join(&file)]
                    .into_iter()
                    .find(|candidate| is_there(candidate))
            }
            Files::Listed(list) => {
                let found = list.iter().find(|(name, on, _)| name == path && *on == machine);
                found.map(|(_, _, file)| file.clone())
            }
        }
    }

    /// The text of the file that stands in front of `path`, with the file's name.
    ///
    /// # Errors
    /// The file is gone, is no plain file, is larger than a kernel, or cannot be read as UTF-8.
    pub fn read(&self, path: &str, machine: Machine) -> Result<Option<(PathBuf, String)>> {
        let Some(file) = self.find(path, machine) else { return Ok(None) };
        let text = text_of(&file).map_err(|reason| overlay_error(&file, &reason))?;
        Ok(Some((file, text)))
    }
}

/// Whether anything lies there, a link to nowhere included.
fn is_there(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// The text of a plain file of a kernel's size. A pipe or a device would keep its reader waiting, or
/// never end.
fn text_of(file: &Path) -> Result<String, String> {
    let plain = |data: fs::Metadata| match (data.is_dir(), data.is_file()) {
        (true, _) => Err("is a folder, not a file".to_string()),
        (_, false) => Err("is a pipe or a device, not a file".to_string()),
        _ => Ok(()),
    };
    // Asked before it is opened, since to open a pipe is to wait; and after, since it may have changed.
    plain(fs::metadata(file).map_err(|e| e.to_string())?)?;
    let opened = fs::File::open(file).map_err(|e| e.to_string())?;
    plain(opened.metadata().map_err(|e| e.to_string())?)?;
    let (most, mut bytes) = (vet::BYTES, Vec::new());
    let read = opened.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| e.to_string())?;
    if bytes.len() > most {
        return Err(format!("is larger than a kernel: {most} bytes are the most"));
    }
    String::from_utf8(bytes).map_err(|e| {
        format!(
            "is not UTF-8 text (its byte {} is the first that is not)",
            e.utf8_error().valid_up_to()
        )
    })
}

fn overlay_error(path: &Path, reason: &str) -> Error {
    Error::Overlay { path: path.display().to_string(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for each test.
    fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("strata-{name}-{}", std::process::id()));
        for (file, text) in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    #[test]
    fn a_folder_answers_for_what_lies_in_it() {
        let own = [("gelu/1_naive.cu", "plain"), ("shaders/gelu/1_naive.wgsl", "nested")];
        let root = folder("overlay-folder", &own);
        let overlay = Overlay::open(&root).unwrap();
        let text = |machine| overlay.read("gelu/1_naive", machine).unwrap();
        assert_eq!(text(Machine::Cuda), Some((root.join("gelu/1_naive.cu"), "plain".into())));
        assert_eq!(
            text(Machine::Wgpu),
            Some((root.join("shaders/gelu/1_naive.wgsl"), "nested".into()))
        );
        assert_eq!(text(Machine::Cpu), None);
        assert_eq!(overlay.find("gelu/2_vec4", Machine::Cuda), None);
        fs::remove_dir_all(&root).unwrap();
        let error = Overlay::open(&root).unwrap_err().to_string();
        assert!(error.contains("strata-overlay-folder"), "{error}");
    }

    #[test]
    fn listed_files_and_no_others() {
        let both = [("one/a.wgsl", "first"), ("two/b.cu", "second"), ("one/gelu/2.wgsl", "beside")];
        let root = folder("overlay-list", &both);
        let (one, two) = (root.join("one/a.wgsl"), root.join("two/b.cu"));
        let overlay = Overlay::of_files(vec![
            ("gelu/1_naive".into(), Machine::Wgpu, one.clone()),
            ("gelu/1_naive".into(), Machine::Wgpu, two.clone()),
            ("softmax/2_row".into(), Machine::Cuda, two.clone()),
            ("softmax/2_row".into(), Machine::Cpu, two.clone()),
        ]);
        let text = |path, machine| overlay.read(path, machine).unwrap();
        assert_eq!(text("gelu/1_naive", Machine::Wgpu), Some((one, "first".into())));
        assert_eq!(text("softmax/2_row", Machine::Cuda), Some((two, "second".into())));
        assert_eq!(text("softmax/2_row", Machine::Wgpu), None, "another machine");
        assert_eq!(text("softmax/2_row", Machine::Cpu), None, "the CPU's kernels are Rust");
        assert_eq!(text("gelu/1_naive", Machine::Cuda), None, "another machine");
        assert_eq!(text("gelu/2", Machine::Wgpu), None, "a neighbour that is not listed");
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_listed_file_that_is_gone_is_an_error() {
        let file = std::env::temp_dir().join("strata-no-such-kernel.wgsl");
        let listed = vec![("gelu/1_naive".into(), Machine::Wgpu, file.clone())];
        let overlay = Overlay::of_files(listed);
        assert_eq!(overlay.find("gelu/1_naive", Machine::Wgpu), Some(file));
        let error = overlay.read("gelu/1_naive", Machine::Wgpu).unwrap_err().to_string();
        assert!(error.contains("strata-no-such-kernel.wgsl"), "{error}");
    }

    /// What is there and is no kernel's file is an error, and never taken for absent.
    #[test]
    fn what_is_no_file_is_an_error() {
        let root =
            folder("overlay-special", &[("gelu/1_big.wgsl", "x"), ("gelu/2_text.wgsl", "x")]);
        fs::write(root.join("gelu/1_big.wgsl"), "/".repeat(vet::BYTES + 1)).unwrap();
        fs::write(root.join("gelu/2_text.wgsl"), b"fn\xff").unwrap();
        fs::create_dir(root.join("gelu/3_folder.wgsl")).unwrap();
        let mut bad = vec![
            ("gelu/1_big", "larger than a kernel"),
            ("gelu/2_text", "not UTF-8 text (its byte 2"),
            ("gelu/3_folder", "is a folder"),
        ];
        #[cfg(unix)]
        {
            let link = |to: &str, name: &str| {
                std::os::unix::fs::symlink(to, root.join("gelu").join(name)).unwrap();
            };
            link("4_loop.wgsl", "4_loop.wgsl");
            link("nowhere", "5_nowhere.wgsl");
            link("/dev/zero", "6_device.wgsl");
            let pipe =
                std::process::Command::new("mkfifo").arg(root.join("gelu/7_pipe.wgsl")).status();
            assert!(pipe.unwrap().success());
            bad.extend([
                ("gelu/4_loop", "4_loop.wgsl"),
                ("gelu/5_nowhere", "5_nowhere.wgsl"),
                ("gelu/6_device", "pipe or a device"),
                ("gelu/7_pipe", "pipe or a device"),
            ]);
        }
        let overlay = Overlay::open(&root).unwrap();
        for (path, says) in bad {
            assert!(overlay.find(path, Machine::Wgpu).is_some(), "{path}");
            let error = overlay.read(path, Machine::Wgpu).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(path), "{error}");
        }
        let error = Overlay::open(root.join("gelu/1_big.wgsl")).unwrap_err().to_string();
        assert!(error.contains("not a folder"), "{error}");
        fs::remove_dir_all(&root).unwrap();
    }
}
