//! A run is killed, starved of disk and raced, for a while: see `strata soak --help`.
mod common;

use common::run;
use common::text;

#[test]
fn nothing_is_lost_in_two_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["soak", "--kills", "60", "--seconds", "110", "--seed", "3"];
    let output = run(folder.path(), &words);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    // What was tried, and what was left out for want of time, is seen in the log.
    println!("{out}");
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(out.contains("killed at random") && !out.contains("LOST"), "{out}");
}
