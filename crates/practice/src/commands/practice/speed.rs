//! The speed of a Rust answer: its own tests time one call, and our solution's tests the same one.

use super::cargo::Tests;
use super::home;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Bar, say};
use std::path::Path;
use strata_grader::Verdict;
use strata_grader::catalog::Task;

/// Times the reader's functions and ours, and says so.
///
/// # Errors
/// Cargo fails.
pub fn rust_speed(task: &Task) -> Outcome<()> {
    let home = home()?;
    let dim = ui::DIM;
    let Some((yours, true)) = seconds(&home.root, &task.exercise, task)? else {
        say!("{dim}speed    is measured once the numbers are right{dim:#}")?;
        return Ok(());
    };
    let Some(yours) = yours else {
        say!("{dim}speed    is not what this task is about{dim:#}")?;
        return Ok(());
    };
    say!("speed    yours  {:>10}", ui::time(yours))?;
    let Some(clone) = &home.clone else {
        say!("{dim}         ours is timed where Strata's clone is{dim:#}")?;
        return Ok(());
    };
    let ours = seconds(clone, &format!("{}-solution", task.exercise), task)?;
    let ours = ours.and_then(|(seconds, _)| seconds);
    let ours = ours.ok_or_else(|| Failure::new("our own solution was not timed"))?;
    say!("speed    ours   {:>10}", ui::time(ours))?;
    say!("         {}", compared(yours, ours))?;
    Ok(())
}

fn compared(yours: f64, ours: f64) -> String {
    match ours / yours {
        r if r > 1.05 => format!("yours is {r:.2} times as fast"),
        r if r < 0.95 => format!("ours is {:.2} times as fast", 1.0 / r),
        _ => "as fast as each other, within 5 %".into(),
    }
}

/// The seconds of a package's answer, if it is timed, and whether it is right.
fn seconds(folder: &Path, package: &str, task: &Task) -> Outcome<Option<(Option<f64>, bool)>> {
    let bar = Bar::waiting();
    let tests = Tests { folder, package, tasks: &[task], speed: true };
    let tested = tests.run(&mut |text| bar.set(0.0, || text.to_string()))?;
    let graded = tested.graded.into_iter().find(|g| g.task == task.name);
    Ok(graded.map(|g| (g.seconds, g.verdict.as_ref().is_some_and(Verdict::passed))))
}

#[cfg(test)]
mod tests {
    use super::compared;

    #[test]
    fn small_differences_are_none() {
        assert_eq!(compared(1.0, 1.03), "as fast as each other, within 5 %");
        assert_eq!(compared(1.0, 2.0), "yours is 2.00 times as fast");
        assert_eq!(compared(4.0, 1.0), "ours is 4.00 times as fast");
    }
}
