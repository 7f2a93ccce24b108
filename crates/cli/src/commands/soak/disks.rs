//! Disks that refuse.

use super::kills::{finished, judge};
use super::{Soak, Tally};
use crate::failure::Outcome;

/// The run's message is one error in words, or it went through with warnings.
fn expect_one_error(tally: &mut Tally, output: &std::process::Output, how: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    let fine = match output.status.code() {
        Some(0) => true,
        Some(1) => text.matches("error:").count() == 1 && !text.contains("panicked"),
        _ => false,
    };
    if !fine {
        tally.lost.push(format!("{how}: {}: {}", output.status, text.trim()));
    }
}

/// One call fails, and the disk is well again: for a moment full, or broken.
pub fn at_each_call(soak: &Soak) -> Outcome<Tally> {
    refusals(soak, "")
}

/// All calls fail from one on; then the disk is mended, and the run goes on.
pub fn for_good(soak: &Soak) -> Outcome<Tally> {
    refusals(soak, "+")
}

fn refusals(soak: &Soak, after: &str) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let steps = 2;
    for call in 1.. {
        let mut all_well = true;
        for kind in ["enospc", "eio"] {
            let folder = soak.ground.folder("disk")?;
            let plan = format!("{kind}@{call}{after}");
            let output = soak.ground.trained(&folder, steps, Some(&plan))?;
            expect_one_error(&mut tally, &output, &plan);
            judge(&mut tally, &mut 0, soak.ground.found(&folder), &plan);
            let quiet = !String::from_utf8_lossy(&output.stderr).contains("warning:");
            all_well &= output.status.success() && quiet;
            tally.tried += 1;
            let rest = soak.ground.trained(&folder, steps, None)?;
            finished(&mut tally, soak, &folder, steps, &rest, &plan);
            soak.bar.set(0.0, || plan.clone());
        }
        // The run made no call of this number.
        if all_well && call > 60 {
            break;
        }
        if !soak.goes_on() {
            tally.skipped = Some(format!("calls after {call}: no time"));
            break;
        }
    }
    Ok(tally)
}

/// Not there: only Linux lets us make a small disk.
#[cfg(not(target_os = "linux"))]
pub fn full(_: &Soak) -> Outcome<Tally> {
    let skipped = Some("only on Linux a small disk can be made".into());
    Ok(Tally { skipped, ..Tally::default() })
}

/// Disks of many sizes, each too small at some call or other.
#[cfg(target_os = "linux")]
pub fn full(soak: &Soak) -> Outcome<Tally> {
    use std::process::Command;
    let mut tally = Tally::default();
    let exe = std::env::current_exe()?;
    // A namespace of its own needs no rights, and its disks are gone with it.
    let script = r#"
        set -eu
        mount -t tmpfs -o "size=$1" none "$2"
        cp "$3/text.txt" "$2/"
        cd "$2"
        code=0
        "$4" train --device cpu --data text.txt --preset gpt-nano --tokenizer char --batch 1 \
            --context 8 --steps 3 --save-every 1 --out run || code=$?
        [ "$code" -le 1 ] || { echo "exit code $code"; exit 3; }
        ls -A run 2>/dev/null | grep tmp && { echo "litter"; exit 4; }
        if [ -e run/trainer.json ]; then "$4" inspect run >/dev/null || exit 5; fi
        mount -o remount,size=64m "$2"
        if [ -e run/trainer.json ]; then
            "$4" train --device cpu --data text.txt --resume run --steps 4 --save-every 1 || exit 6
        fi
    "#;
    let place = soak.ground.folder("full")?;
    std::fs::create_dir_all(&place)?;
    let text = place.parent().unwrap_or(&place).to_path_buf();
    let start = |size: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", size]);
        command.arg(&place).arg(&text).arg(&exe).env("RAYON_NUM_THREADS", "1").output()
    };
    let probe = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none"])
        .arg(&place)
        .output();
    match probe {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_string();
            tally.skipped = Some(format!("this system lets us mount no disk of our own ({why})"));
            return Ok(tally);
        }
        Err(error) => {
            tally.skipped = Some(format!("unshare cannot be started ({error})"));
            return Ok(tally);
        }
    }
    // A save has some 1.6 MB, and two stand beside each other while the second is written.
    for kilobytes in (64..4096).step_by(192) {
        if !soak.goes_on() {
            tally.skipped = Some(format!("disks from {kilobytes} kB on: no time"));
            break;
        }
        let output = start(&format!("{kilobytes}k"))?;
        tally.tried += 1;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            tally.lost.push(format!("{kilobytes} kB: {}: {}", output.status, text.trim()));
        }
        soak.bar.set(0.0, || format!("a disk of {kilobytes} kB"));
    }
    Ok(tally)
}
