//! `kill -9`, in every place and at any time.

use super::run::{Found, litter};
use super::{Soak, Tally};
use crate::failure::Outcome;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use strata_ml::device::random::Stream;

/// Holds what is found against what was there before: a step that was saved stays saved.
pub fn judge(tally: &mut Tally, known: &mut u64, found: Found, how: &str) {
    match found {
        Found::Nothing if *known == 0 => {}
        Found::Nothing => tally.lost.push(format!("{how}: the checkpoint of step {known} is gone")),
        Found::Step(step) if step >= *known => *known = step,
        Found::Step(step) => {
            tally.lost.push(format!("{how}: step {known} was saved, step {step} is there"));
            *known = step;
        }
        Found::Ruin(error) => tally.lost.push(format!("{how}: {error}")),
    }
}

/// A run of three saves, killed at its first call, at its second, and so on until it lives.
pub fn at_each_call(soak: &Soak) -> Outcome<Tally> {
    let mut tally = Tally::default();
    for call in 1.. {
        let folder = soak.ground.folder("each")?;
        let how = format!("killed at call {call}");
        let done = soak.ground.trained(&folder, 3, Some(&format!("kill@{call}")))?;
        judge(&mut tally, &mut 0, soak.ground.found(&folder), &how);
        if done.status.success() {
            break;
        }
        tally.tried += 1;
        // It goes on from there, and cleans up.
        let rest = soak.ground.trained(&folder, 3, None)?;
        finished(&mut tally, soak, &folder, 3, &rest, &how);
        soak.bar.set(0.0, || how.clone());
        if !soak.goes_on() {
            tally.skipped = Some(format!("calls after {call}: no time"));
            break;
        }
    }
    Ok(tally)
}

/// A run that was not hindered has come to its end and left nothing half-written.
pub fn finished(
    tally: &mut Tally,
    soak: &Soak,
    folder: &Path,
    steps: u64,
    output: &std::process::Output,
    how: &str,
) {
    let error = String::from_utf8_lossy(&output.stderr);
    let ended = error.contains("has come to its end");
    if !output.status.success() && !ended {
        tally.lost.push(format!("{how}: it does not go on: {}", error.trim()));
    } else if soak.ground.found(folder) != Found::Step(steps) {
        tally.lost.push(format!("{how}: its end is not step {steps}"));
    } else if !ended && !litter(folder).is_empty() {
        tally.lost.push(format!("{how}: left behind: {}", litter(folder).join(", ")));
    }
}

/// Steps of the runs that are killed at random, and the longest one lives.
const STEPS: u64 = 60;
const LONGEST_MS: f32 = 1200.0;

/// Runs that are killed at a random call or after a random time and gone on with, until so many were
/// killed; each that comes to its end must have the bits of one that was never killed.
pub fn at_random(soak: &Soak, kills: u64, seed: u64) -> Outcome<Tally> {
    let ground = &soak.ground;
    let whole = ground.folder("whole")?;
    let done = ground.trained(&whole, STEPS, None)?;
    let mut tally = Tally::default();
    finished(&mut tally, soak, &whole, STEPS, &done, "the run that is never killed");
    if !tally.lost.is_empty() {
        return Ok(tally);
    }
    let bits = ground.bits(&whole)?;
    let mut random = Stream::new(seed, 0x50ac);
    let (mut folder, mut known, mut ended) = (ground.folder("random")?, 0, 0u64);
    while tally.tried < kills && soak.goes_on() {
        let last = tally.tried + 1 == kills;
        let how: String = if last {
            let rest = ground.trained(&folder, STEPS, None)?;
            tally.tried += 1;
            finished(&mut tally, soak, &folder, STEPS, &rest, "the last run");
            "let live".into()
        } else if random.word().is_multiple_of(2) {
            let plan = format!("kill@{}", 1 + random.word() % 400);
            let output = ground.trained(&folder, STEPS, Some(&plan))?;
            tally.tried += u64::from(!output.status.success());
            plan
        } else {
            let mut child = ground.train(&folder, STEPS, None)?;
            let wait = Duration::from_secs_f32(random.uniform() * LONGEST_MS / 1e3);
            sleep(wait);
            child.kill()?;
            tally.tried += u64::from(!child.wait()?.success());
            format!("killed after {} ms", wait.as_millis())
        };
        let found = ground.found(&folder);
        let whole = found == Found::Step(STEPS);
        let how = format!("kill {}: {how}", tally.tried);
        judge(&mut tally, &mut known, found, &how);
        if whole {
            ended += 1;
            if ground.bits(&folder)? != bits {
                tally
                    .lost
                    .push(format!("run {ended}: its bits are not those of a run never killed"));
            }
            (folder, known) = (ground.folder("random")?, 0);
        }
        let done = tally.tried as f64 / kills as f64;
        soak.bar.set(done, || format!("{} kills, {ended} runs ended", tally.tried));
    }
    if tally.tried < kills {
        let (tried, kills) = (tally.tried, kills);
        tally.skipped =
            Some(format!("{tried} of {kills}: no time; {ended} runs came to their end"));
    }
    Ok(tally)
}
