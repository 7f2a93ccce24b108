//! Writes into the binary which commit it was built from, so that a measurement can say so wherever it
//! is made. `unknown` where git or the clone is missing; `-dirty` where the sources were changed since.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a measurement depends on: these, and the `src` of each of `CRATES` and of every chapter.
const SOURCES: [&str; 4] = ["Cargo.lock", "Cargo.toml", "kernels", "shaders"];
const CRATES: [&str; 5] =
    ["crates/check", "crates/device", "crates/lanes", "crates/parity", "crates/strata"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let commit = commit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    println!("cargo:rustc-env=STRATA_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
}

fn commit(root: &Path) -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    // A crate that was unpacked inside of somebody else's repository is not of its commit.
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    let sources = sources(root);
    for source in &sources {
        println!("cargo:rerun-if-changed={}", root.join(source).display());
    }
    // Every commit and every checkout adds a line to the first of these; where it is not kept, the
    // second says which branch this is.
    for path in ["logs/HEAD", "HEAD"] {
        let file = root.join(git(&["rev-parse", "--git-path", path])?);
        if file.is_file() {
            println!("cargo:rerun-if-changed={}", file.display());
        }
    }
    let head = git(&["rev-parse", "--short=12", "HEAD"])?;
    let status = ["--no-optional-locks", "status", "--porcelain", "--"];
    let sources: Vec<_> = sources.iter().map(|s| s.to_str().unwrap_or(".")).collect();
    let changed = git(&[&status[..], &sources].concat())?;
    Some(if changed.is_empty() { head } else { head + "-dirty" })
}

/// Files and folders, from the root on.
fn sources(root: &Path) -> Vec<PathBuf> {
    let chapters = fs::read_dir(root.join("chapters")).into_iter().flatten().flatten();
    let mut chapters: Vec<_> =
        chapters.map(|c| Path::new("chapters").join(c.file_name()).join("src")).collect();
    chapters.sort();
    let crates = CRATES.map(|folder| Path::new(folder).join("src"));
    let all = SOURCES.map(PathBuf::from).into_iter().chain(crates).chain(chapters);
    all.filter(|path| root.join(path).exists()).collect()
}
