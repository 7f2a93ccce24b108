use crate::{Error, Machine, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of kernel files that stands in front of the built-in ones (`--kernels DIR`).
///
/// `DIR/matmul/3_tiled.cu` (or `DIR/kernels/matmul/3_tiled.cu`, `DIR/shaders/matmul/3_tiled.wgsl`)
/// replaces the rung of that path. It is read when first used, without a rebuild, and a rung with
/// an overlaid file outranks the built-in ones where it accepts the shape.
#[derive(Clone, Debug)]
pub struct Overlay {
    root: PathBuf,
}

impl Overlay {
    /// Opens a folder.
    ///
    /// # Errors
    /// Not a folder, or not readable.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        fs::read_dir(root).map_err(|e| overlay_error(root, &e.to_string()))?;
        Ok(Overlay { root: root.to_path_buf() })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that stands in front of `path` (`<op>/<n>_<rung>`) on this machine, if there is one.
    pub fn find(&self, path: &str, machine: Machine) -> Option<PathBuf> {
        let (folder, extension) = match machine {
            Machine::Cuda => ("kernels", "cu"),
            Machine::Wgpu => ("shaders", "wgsl"),
            Machine::Cpu => return None,
        };
        let file = format!("{path}.{extension}");
        [self.root.join(&file), self.root.join(folder).join(&file)]
            .into_iter()
            .find(|candidate| candidate.is_file())
    }

    /// The text of the file that stands in front of `path`, with the file's name.
    ///
    /// # Errors
    /// The file is there but cannot be read as UTF-8.
    pub fn read(&self, path: &str, machine: Machine) -> Result<Option<(PathBuf, String)>> {
        let Some(file) = self.find(path, machine) else { return Ok(None) };
        let text = fs::read_to_string(&file).map_err(|e| overlay_error(&file, &e.to_string()))?;
        Ok(Some((file, text)))
    }
}

fn overlay_error(path: &Path, reason: &str) -> Error {
    Error::Overlay { path: path.display().to_string(), reason: reason.into() }
}
