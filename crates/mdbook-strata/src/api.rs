//! The crates' rustdoc, beside the book: `api:strata_tensor/struct.Tensor.html`.

use crate::children::Kept;
use crate::fault::Error;
use crate::tree::Tree;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the crate that a link names, as seen from the root.
pub fn folder(tree: &Tree, path: &str) -> Option<String> {
    let name = path.split('/').next().unwrap_or_default().replace('_', "-");
    let nested = ["crates", "chapters"].into_iter();
    let nested = nested
        .flat_map(|place| tree.names(place).into_iter().map(move |name| format!("{place}/{name}")));
    let mut all = nested.chain(["book", "kernels", "shaders"].map(String::from));
    all.find(|folder| {
        let manifest = tree.read(&format!("{folder}/Cargo.toml")).unwrap_or_default();
        manifest.contains(&format!("name = \"{name}\""))
    })
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
