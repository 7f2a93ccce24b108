//! `strata bundle`: the whole of Strata in one file, for a GPU machine without a toolchain.

use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use strata_cli::ui::{self, say};
use strata_cli::{Failure, Outcome};
use strata_files::Kind;
use strata_parity::bench::COMMIT;

const EXAMPLES: &str = "\
Examples:
  cargo strata bundle
  cargo strata bundle --out /tmp/strata && scp -r /tmp/strata gpu-machine: && ssh gpu-machine strata/run.sh

On that machine:
  ./run.sh                what is here, parity, the exercises' proof, the benchmarks
  ./run.sh doctor         or any command of strata: parity, bench, train, generate ...
  ./run.sh train --minutes 8";

/// Kernels are text inside the binary: it needs the driver, and NVRTC for CUDA, and nothing else.
const SCRIPT: &str = r#"#!/bin/sh
# Strata on a machine without Rust: the binary beside this script holds everything, kernels
# included. CUDA needs the NVIDIA driver and NVRTC (`./run.sh doctor` says where to get it).
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
strata="$here/strata"
# Mesa's software adapter complains on every start where no session has set this.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}"
if [ "$#" -gt 0 ]; then
  exec "$strata" "$@"
fi
"$strata" doctor
"$strata" parity
"$strata" exercises prove --kernels
"$strata" bench
echo
echo "To train here: $0 train --minutes 8"
"#;

/// Pack one binary and a script for a GPU machine without Rust.
///
/// Writes `strata` (this binary without debug information; every kernel is inside as text) and
/// `run.sh`. The machine needs the same kind of system and processor, and a GPU driver.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct BundleArgs {
    /// The folder to write; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "bundle")]
    out: PathBuf,
}

pub fn run(args: &BundleArgs) -> Outcome {
    let out = &args.out;
    strata_files::make_folder(out).map_err(refused)?;
    let binary = out.join(if cfg!(windows) { "strata.exe" } else { "strata" });
    let own = std::env::current_exe()?;
    if fs::canonicalize(&binary).is_ok_and(|there| Some(there) == fs::canonicalize(&own).ok()) {
        return Err(Failure::new(
            "that folder holds the binary that is running; choose another --out",
        ));
    }
    let script = out.join("run.sh");
    // A link that somebody else left there would have us overwrite what it leads to.
    [&binary, &script].into_iter().try_for_each(|path| plain(path))?;
    let packed = packed(&own)?;
    let size = packed.len() as u64;
    for (path, bytes) in [(&binary, packed.as_slice()), (&script, SCRIPT.as_bytes())] {
        strata_files::write(path, bytes).map_err(refused)?;
        executable(path)?;
    }
    say!("{}  {}, of commit {COMMIT}", binary.display(), ui::bytes(size))?;
    say!("{}", script.display())?;
    if COMMIT.ends_with("-dirty") {
        ui::warn("its sources were changed since that commit, and its measurements will say so");
    }
    say!("Copy the folder to a machine with a GPU and start run.sh there.")?;
    Ok(0)
}

fn refused(error: strata_files::Error) -> Failure {
    Failure::new(format!("{error}; choose another --out"))
}

/// Fails unless there is a plain file, or nothing yet.
fn plain(path: &Path) -> Outcome<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(about) => Kind::of(about.file_type()),
        Err(_) => return Ok(()),
    };
    match kind {
        Kind::File => Ok(()),
        kind => Err(refused(strata_files::Error::Special { path: path.to_path_buf(), kind })),
    }
}

/// This binary, without what only debuggers read. It is packed where nobody else can write.
fn packed(own: &Path) -> Outcome<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("strata");
    fs::copy(own, &copy)?;
    strip(&copy);
    Ok(fs::read(&copy)?)
}

/// Takes the debug information out, with whichever tool is here.
fn strip(binary: &Path) {
    let tools: [(&str, &[&str]); 3] = [
        ("strip", if cfg!(target_os = "macos") { &[] } else { &["--strip-all"] }),
        ("llvm-strip", &["--strip-all"]),
        ("objcopy", &["--strip-all"]),
    ];
    let done = tools.iter().any(|(tool, flags)| {
        let run = Command::new(tool).args(*flags).arg(binary).output();
        run.is_ok_and(|output| output.status.success())
    });
    if !done && !cfg!(windows) {
        ui::warn("neither strip nor objcopy is installed: the binary keeps its debug information");
    }
}

#[cfg(unix)]
fn executable(path: &Path) -> Outcome<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Outcome<()> {
    Ok(())
}
