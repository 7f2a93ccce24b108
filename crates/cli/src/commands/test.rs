//! `strata test`: everything a reader should run, and one line that says how it went.

use crate::commands::doctor::{NODE, NPM, node_is_new, tool_version};
use crate::failure::{Failure, Outcome};
use crate::ui::{self, say};
use clap::Args;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

const EXAMPLES: &str = "\
Examples:
  cargo strata test
  cargo strata test attention                      only tests with this in their names
  STRATA_REQUIRE=cuda,wgpu cargo strata test       a missing GPU is then a failure, not a skip

What this machine cannot run is announced as `SKIPPED: <reason>`.";

/// Run all tests: every op on every rung and device against float64 loops, the model against
/// PyTorch's figures, the command with bad input.
///
/// The devices that are here are used. The exit code is 0 only if nothing failed.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct TestArgs {
    /// Run only tests whose names contain this
    #[arg(value_name = "NAME")]
    filter: Option<String>,
}

/// What was counted so far.
#[derive(Debug, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Each reason for a skip, and how many programs gave it.
    skipped: BTreeMap<String, u64>,
}

pub fn run(args: &TestArgs) -> Outcome {
    let root = workspace()?;
    let tally = Mutex::new(Tally::default());
    ui::note(&format!("{}Rust{:#}: cargo test", ui::HEAD, ui::HEAD));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&root).args(["test", "--no-fail-fast"]);
    cargo.args(["--color", if ui::coloured() { "always" } else { "never" }]);
    cargo.args(&args.filter);
    let mut good = stream(&mut cargo, &tally)?;
    good &= typescript(&root.join("ts"), args.filter.as_deref(), &tally)?;
    let tally = tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    summary(&tally, good)
}

/// The TypeScript package's own tests: `npm test` builds its addon with cargo, and installs what it
/// needs the first time.
fn typescript(ts: &Path, filter: Option<&str>, tally: &Mutex<Tally>) -> Outcome<bool> {
    let why = if ts.join("package.json").is_file() {
        node_lacks(tool_version("node").as_deref(), tool_version(NPM).as_deref())
    } else {
        Some("there is no ts/ folder here".to_string())
    };
    if let Some(why) = why {
        let text = format!("SKIPPED: {why}: nothing in TypeScript was run");
        ui::note(&text);
        count(tally, &text);
        return Ok(true);
    }
    ui::note(&format!("{}TypeScript{:#}: npm test, in ts/", ui::HEAD, ui::HEAD));
    let mut npm = Command::new(NPM);
    // Silent is npm only: it would announce the script and, if that fails, where its log is.
    npm.args(["--silent", "test"]).current_dir(ts);
    if let Some(filter) = filter {
        npm.args(["--", filter]);
    }
    stream(&mut npm, tally)
}

/// Why Node's part cannot run here, told by what `node --version` and `npm --version` said.
fn node_lacks(node: Option<&str>, npm: Option<&str>) -> Option<String> {
    let Some(node) = node else { return Some("Node is not installed".into()) };
    if !node_is_new(node) {
        return Some(format!("Node {NODE} or later is needed, this is {node}"));
    }
    npm.is_none().then(|| "npm is not installed (it comes with Node)".into())
}

fn summary(tally: &Tally, good: bool) -> Outcome {
    say!()?;
    for (reason, times) in &tally.skipped {
        let warn = ui::WARN;
        let often = if *times > 1 { format!("  ({times} times)") } else { String::new() };
        say!("{warn}SKIPPED:{warn:#} {reason}{often}")?;
    }
    let skipped = tally.ignored.saturating_add(tally.skipped.len() as u64);
    let counts = format!("{} passed, {} failed, {skipped} skipped", tally.passed, tally.failed);
    let good = good && tally.failed == 0;
    let style = if good { ui::GOOD } else { ui::BAD };
    say!("{style}{counts}{style:#}")?;
    if !good && tally.failed == 0 {
        say!("Something did not build or broke off; the output above says what.")?;
    }
    Ok(u8::from(!good))
}

/// Runs a program, passes its output on line by line and counts what it reports.
fn stream(command: &mut Command, tally: &Mutex<Tally>) -> Outcome<bool> {
    let program = command.get_program().to_string_lossy().into_owned();
    let spawned =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned
        .map_err(|error| Failure::new(format!("{program} could not be started: {error}")))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let piped = thread::scope(|scope| {
        let errors = scope.spawn(|| {
            pass_on(stderr, tally, |line| {
                ui::note(&ui::coloured_text(line));
                Ok(())
            })
        });
        let lines = pass_on(stdout, tally, |line| Ok(say!("{}", ui::coloured_text(line))?));
        let _ = errors.join();
        lines
    });
    if piped.is_err() {
        // Nobody listens any more.
        let _ = child.kill();
    }
    let status = child.wait()?;
    piped.map(|()| status.success())
}

fn pass_on(
    from: Option<impl Read>,
    tally: &Mutex<Tally>,
    print: impl Fn(&str) -> Outcome<()>,
) -> Outcome<()> {
    let Some(from) = from else { return Ok(()) };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        count(tally, text);
        print(text)?;
        line.clear();
    }
    Ok(())
}

/// Reads the lines that carry a count: `test result: ok. 12 passed; 0 failed; 1 ignored; ...`,
/// `SKIPPED: reason`.
fn count(tally: &Mutex<Tally>, line: &str) {
    let mut tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(reason) = line.trim_start().strip_prefix("SKIPPED: ") {
        *tally.skipped.entry(reason.into()).or_default() += 1;
    }
    let plain = anstream::adapter::strip_str(line).to_string();
    let Some(result) = plain.strip_prefix("test result: ") else { return };
    let number = |word: &str| -> u64 {
        let before = result.split(word).next().unwrap_or_default();
        before.split_whitespace().next_back().and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    let Tally { passed, failed, ignored, .. } = &mut *tally;
    for (sum, word) in [(passed, " passed"), (failed, " failed"), (ignored, " ignored")] {
        *sum = sum.saturating_add(number(word));
    }
}

/// The root of Strata's workspace: above the manifest that cargo runs, or above where we stand.
pub fn workspace() -> Outcome<PathBuf> {
    let start = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = std::env::current_dir()?;
    let root = |from: &Path| -> Option<PathBuf> {
        let found = from.ancestors().find(|f| f.join("crates/cli/Cargo.toml").is_file());
        found.map(Path::to_path_buf)
    };
    start.as_deref().and_then(root).or_else(|| root(&here)).ok_or_else(|| {
        Failure::new(
            "this needs Strata's source: run `cargo strata test` in a clone of the repository",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_must_be_there_and_new() {
        assert_eq!(node_lacks(None, None).unwrap(), "Node is not installed");
        let old = node_lacks(Some("v18.20.4"), Some("10.8.2")).unwrap();
        assert_eq!(old, "Node 20 or later is needed, this is v18.20.4");
        assert!(node_lacks(Some("v20.0.0"), None).unwrap().starts_with("npm is not installed"));
        assert_eq!(node_lacks(Some("v20.0.0"), Some("10.8.2")), None);
        assert_eq!(node_lacks(Some("v26.1.0"), Some("12.0.0")), None);
    }

    #[test]
    fn results_are_counted() {
        let tally = Mutex::new(Tally::default());
        for line in [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s",
            "test result: \u{1b}[31mFAILED\u{1b}[0m. 2 passed; 1 failed; 0 ignored; 0 measured",
            "SKIPPED: cuda: no driver",
            "SKIPPED: cuda: no driver",
            "test gelu ... ok",
        ] {
            count(&tally, line);
        }
        let tally = tally.into_inner().unwrap();
        assert_eq!((tally.passed, tally.failed, tally.ignored), (14, 1, 1));
        assert_eq!(tally.skipped["cuda: no driver"], 2);
    }
}
