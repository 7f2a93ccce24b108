use crate::{Error, Machine, Result};
use std::fs;
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
                    .find(|candidate| candidate.is_file())
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
    /// The file is gone, or cannot be read as UTF-8.
    pub fn read(&self, path: &str, machine: Machine) -> Result<Option<(PathBuf, String)>> {
        let Some(file) = self.find(path, machine) else { return Ok(None) };
        let text = fs::read_to_string(&file).map_err(|e| overlay_error(&file, &e.to_string()))?;
        Ok(Some((file, text)))
    }
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
}
