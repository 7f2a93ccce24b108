//! The TypeScript package has its own fuzzer, in its own language: this only calls it.

use super::process::attend;
use super::{Plan, Row};
use crate::finding::{Fault, Finding};
use crate::scratch::temporary;
use crate::seeds;
use std::fs;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

pub const NAME: &str = "typescript";

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

pub fn run(plan: &Plan, time: Duration) -> io::Result<Row> {
    let ts = seeds::root().join("ts");
    let mut row = Row { name: NAME.into(), ..Row::default() };
    let scripts = fs::read_to_string(ts.join("package.json")).unwrap_or_default();
    if !scripts.contains("\"fuzz\"") {
        row.skipped = Some("ts/package.json has no script `fuzz`".into());
        return Ok(row);
    }
    let npm = Command::new(NPM).arg("--version").output();
    if !npm.is_ok_and(|out| out.status.success()) {
        row.skipped = Some("npm is not installed".into());
        return Ok(row);
    }
    let folder = temporary()?;
    let (seconds, seed) = (time.as_secs().max(1).to_string(), plan.seed.to_string());
    let mut command = Command::new(NPM);
    command.args(["--silent", "run", "fuzz", "--", "--seconds", &seconds, "--seed", &seed]);
    let start = Instant::now();
    // It may have to build its addon first.
    let ended = attend(command.current_dir(ts), folder.path(), time + Duration::from_secs(900))?;
    row.seconds = start.elapsed().as_secs_f64();
    row.inputs = count(&ended.said);
    if !ended.well {
        let lines: Vec<&str> = ended.said.lines().filter(|line| !line.trim().is_empty()).collect();
        let message = lines[lines.len().saturating_sub(12)..].join(" | ");
        let input = ended.said.into_bytes();
        row.findings.push(Finding { target: NAME.into(), fault: Fault::Panic, message, input });
    }
    Ok(row)
}

/// The number before `calls` or `inputs` in its last line that has one.
fn count(said: &str) -> u64 {
    let number = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|w| w.starts_with("calls") || w.starts_with("inputs"))?;
        words[..at].iter().rev().find_map(|word| word.replace([',', '_'], "").parse().ok())
    };
    said.lines().rev().find_map(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_count_is_read() {
        let count = super::count;
        assert_eq!(count("seed 1\n12,345 calls in 20 s, nothing found\n"), 12_345);
        assert_eq!(count("nothing"), 0);
    }
}
