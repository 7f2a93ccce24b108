//! The targets under libFuzzer: inputs that reach new code are kept, and become the next ones' start.
//!
//! Stable Rust can count which places of a program were reached: the pass belongs to LLVM, and takes
//! no sanitizer. Only this workspace's own crates are compiled for it, by way of the wrapper that
//! cargo calls for them alone; the crates from elsewhere stay as they are. Arithmetic that overflows
//! and debug assertions are faults there, too.

use crate::drive::{Plan, Row, sift};
use crate::finding::Finding;
use crate::scratch::temporary;
use crate::{Target, drive, seeds};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Set where this program is called in the compiler's place.
pub const WRAPS: &str = "STRATA_FUZZ_WRAPS";
/// Names the target of a guided process.
pub const TARGET: &str = "STRATA_FUZZ_TARGET";
/// The folder where a guided process keeps panics.
pub const FINDINGS: &str = "STRATA_FUZZ_FINDINGS";

const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Coverflow-checks=on",
    "-Cdebug-assertions=on",
];

/// No input of a guided process is longer: coverage is found in small ones.
const MOST_BYTES: usize = 1 << 16;

/// The compiler, with what counts places: cargo calls this for each crate of the workspace.
pub fn wrap() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(compiler) = words.next() else { return ExitCode::FAILURE };
    let words: Vec<OsString> = words.collect();
    let after = |flag: &str| {
        let at = words.iter().position(|word| word == flag)?;
        words.get(at + 1)?.to_str()
    };
    // What runs while building is linked without libFuzzer, which has the counters.
    let builds = after("--crate-name").is_none_or(|name| name.starts_with("build_script_"));
    let flags =
        if builds || after("--crate-type") == Some("proc-macro") { &[][..] } else { &FLAGS };
    match Command::new(compiler).args(&words).args(flags).status() {
        Ok(status) => ExitCode::from(status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("the compiler could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the guided program.
///
/// # Errors
/// Why there is none: no C++ compiler, most likely.
pub fn build() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let target =
        own.parent().and_then(Path::parent).ok_or("this program lies in no target folder")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "strata-fuzz", "--features", "guided"]);
    cargo
        .args(["--bin", "strata-fuzz-guided", "--manifest-path"])
        .arg(seeds::root().join("Cargo.toml"));
    cargo.arg("--target-dir").arg(target);
    cargo.env("RUSTC_WORKSPACE_WRAPPER", &own).env(WRAPS, "1");
    let built = cargo.output().map_err(|e| format!("cargo could not be started: {e}"))?;
    if !built.status.success() {
        let said = String::from_utf8_lossy(&built.stderr);
        let line = said.lines().find(|line| line.contains("error")).unwrap_or("it says no more");
        return Err(format!("libFuzzer was not built, it needs a C++ compiler ({})", line.trim()));
    }
    Ok(built_at(target))
}

fn built_at(target: &Path) -> PathBuf {
    target.join("debug").join(format!("strata-fuzz-guided{}", std::env::consts::EXE_SUFFIX))
}

/// The guided program, if it was built some time.
pub fn built() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    Some(built_at(own.parent()?.parent()?)).filter(|program| program.is_file())
}

/// Tries one input in a fresh guided process, where arithmetic that overflows is a fault.
///
/// # Errors
/// The process cannot be started.
pub fn again(target: &Target, program: &Path, input: &Path) -> io::Result<Vec<Finding>> {
    let folder = temporary()?;
    let mut command = Command::new(program);
    command.env(TARGET, target.name).env(FINDINGS, folder.path().join("findings"));
    command.arg(format!("-artifact_prefix={}/", folder.path().display()));
    command.args(["-timeout=30", "-rss_limit_mb=0"]).arg(input);
    let ended = drive::attend(&mut command, folder.path(), Duration::from_secs(120))?;
    let mut found = Finding::kept(&folder.path().join("findings"));
    if !ended.well {
        found.push(Finding::of_dead(target.name, &ended.said, &ended.how, fs::read(input)?));
    }
    Ok(found)
}

/// Tries a target for some time.
///
/// # Errors
/// The process cannot be started, a folder cannot be written.
pub fn run(plan: &Plan, target: &Target, program: &Path, time: Duration) -> io::Result<Row> {
    let folder = temporary()?;
    let (kept, starts) = (plan.out.join("corpus").join(target.name), folder.path().join("starts"));
    fs::create_dir_all(&kept)?;
    fs::create_dir_all(&starts)?;
    for (i, start) in target.starts().iter().enumerate().filter(|(_, s)| s.len() <= MOST_BYTES) {
        fs::write(starts.join(i.to_string()), start)?;
    }
    let mut row = Row { name: format!("{}, guided", target.name), ..Row::default() };
    let (start, mut dead, mut round) = (Instant::now(), Vec::new(), 0);
    while start.elapsed() < time && round < 30 {
        let left = time.saturating_sub(start.elapsed()).as_secs().max(1);
        let mut command = Command::new(program);
        command.env(TARGET, target.name).env(FINDINGS, folder.path().join("findings"));
        command.arg(format!("-max_total_time={left}")).arg(format!("-max_len={MOST_BYTES}"));
        // libFuzzer takes 32 bits, and 0 for a seed of its own choice.
        let seed = plan.seed.wrapping_add(round) & u64::from(u32::MAX);
        command.arg(format!("-seed={}", seed.max(1)));
        command.arg(format!("-artifact_prefix={}/", folder.path().display()));
        command.args(["-timeout=30", "-rss_limit_mb=0", "-len_control=0", "-print_final_stats=1"]);
        command.args([&kept, &starts]);
        let ended = drive::attend(&mut command, folder.path(), Duration::from_secs(left + 300))?;
        let mut said = Said::of(&ended.said);
        row.inputs += said.inputs;
        row.coverage = row.coverage.max(said.coverage());
        let artifact = seeds::files(folder.path()).into_iter().find(|(path, _)| is_artifact(path));
        if let Some((path, input)) = artifact {
            fs::remove_file(path)?;
            dead.push(Finding::of_dead(target.name, &ended.said, &ended.how, input));
        } else if !ended.well {
            return Err(io::Error::other(said.last()));
        }
        round += 1;
    }
    row.seconds = start.elapsed().as_secs_f64();
    dead.extend(Finding::kept(&folder.path().join("findings")));
    sift(plan, dead, &mut row, |path| again(target, program, path))?;
    Ok(row)
}

fn is_artifact(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ["crash-", "timeout-", "oom-", "leak-"].iter().any(|kind| name.starts_with(kind))
}

/// What libFuzzer said.
struct Said<'a> {
    text: &'a str,
    inputs: u64,
}

impl<'a> Said<'a> {
    fn of(text: &'a str) -> Self {
        // `#1234 NEW cov: 5 ft: 6`: the number of inputs so far.
        let number = |line: &str| line.strip_prefix('#')?.split_whitespace().next()?.parse().ok();
        let inputs = text.lines().filter_map(number).max().unwrap_or(0);
        Said { text, inputs }
    }

    /// Places reached, of those there are: `cov: 5`, `(7 inline 8-bit counters)`.
    fn coverage(&self) -> Option<(u64, u64)> {
        let (_, after) = self.text.rsplit_once("cov: ")?;
        let (before, _) = self.text.split_once(" inline 8-bit counters")?;
        let of = before.rsplit_once('(')?.1;
        Some((after.split_whitespace().next()?.parse().ok()?, of.parse().ok()?))
    }

    fn last(&mut self) -> String {
        self.text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("it said nothing")
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_says_is_read() {
        let said = Said::of(
            "INFO: Loaded 1 modules   (70 inline 8-bit counters): 70 [0x1, 0x2),\n#2\tINITED cov: 5 ft: 6\n\
             #1204\tDONE   cov: 11 ft: 12 corp: 3/3b\nDone 1204 runs in 2 second(s)\n",
        );
        assert_eq!((said.inputs, said.coverage()), (1204, Some((11, 70))));
        assert_eq!(Said::of("no such file").coverage(), None);
    }
}
