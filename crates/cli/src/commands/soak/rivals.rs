//! Two runs that want one folder.

use super::run::Found;
use super::{Soak, Tally};
use crate::failure::Outcome;

/// One gets it, the other is told so and touches nothing.
pub fn two(soak: &Soak) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let steps = 40;
    for _ in 0..10 {
        let folder = soak.ground.folder("rivals")?;
        let both =
            [soak.ground.train(&folder, steps, None)?, soak.ground.train(&folder, steps, None)?];
        let mut won = 0;
        for child in both {
            let output = child.wait_with_output()?;
            let error = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(0) => won += 1,
                Some(1) if error.contains("is in use by") => {}
                // It came when the other had ended.
                Some(1) if error.contains("holds the checkpoint of another run") => {}
                _ => tally.lost.push(format!("the rival: {}: {}", output.status, error.trim())),
            }
        }
        tally.tried += 1;
        if won != 1 {
            tally.lost.push(format!("{won} of two runs had the folder"));
        }
        if soak.ground.found(&folder) != Found::Step(steps) {
            tally.lost.push("the run that had the folder did not come to its end".into());
        }
        if !soak.goes_on() {
            tally.skipped = Some("the later ones: no time".into());
            break;
        }
    }
    Ok(tally)
}
