//! The crates' rustdoc, beside the book: `api:strata_tensor/struct.Tensor.html`.

use crate::children::Kept;
use crate::fault::Error;
use crate::tree::Tree;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of a tree, by name: their folders, as seen from the root.
pub struct Crates(BTreeMap<String, String>);

impl Crates {
    /// Those whose manifests can be read.
    pub fn of(tree: &Tree) -> Self {
        let nested = ["crates", "chapters"].into_iter();
        let nested = nested.flat_map(|place| {
            tree.names(place).into_iter().map(move |name| format!("{place}/{name}"))
        });
        let all = nested.chain(["book", "kernels", "shaders"].map(String::from));
        let named = |folder: String| {
            let manifest = tree.read(&format!("{folder}/Cargo.toml")).ok()?;
            let manifest: toml::Table = manifest.parse().ok()?;
            Some((manifest.get("package")?.get("name")?.as_str()?.to_string(), folder))
        };
        Crates(all.filter_map(named).collect())
    }

    /// The folder of the crate that a link names.
    pub fn folder(&self, path: &str) -> Option<&str> {
        let name = path.split('/').next().unwrap_or_default().replace('_', "-");
        self.0.get(&name).map(String::as_str)
    }
}

/// Has cargo write the docs; answers where they are.
///
/// # Errors
/// Cargo cannot be started, or fails.
pub fn document(tree: &Tree) -> Result<PathBuf, Error> {
    let fail = |error| Error::Run { command: "cargo doc --no-deps".into(), error };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["doc", "--no-deps", "--quiet"]).current_dir(tree.root());
    let status = Kept::start(&mut cargo).and_then(Kept::wait).map_err(fail)?;
    if !status.success() {
        return Err(fail(std::io::Error::other(format!("it ended with {status}"))));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    Ok(tree.root().join(target.unwrap_or_else(|| "target".into())).join("doc"))
}

/// Copies a folder and all below it.
///
/// # Errors
/// A file cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::file(to))?;
    for entry in fs::read_dir(from).map_err(Error::file(from))?.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(Error::file(&target))?;
        }
    }
    Ok(())
}
