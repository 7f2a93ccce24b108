//! `strata check`: judges answers, and says what `cargo test` would say.

use super::practice::{self, Asked, Board, Judge};
use crate::failure::Outcome;
use crate::ui::{self, Bar, say};
use clap::Args;
use strata_grader::catalog::Task;

const EXAMPLES: &str = "\
Examples:
  cargo strata check                     the next task that is not solved
  cargo strata check ex03 tiled
  cargo strata check ex03/tiled
  cargo strata check ex03                all tasks of the exercise
  cargo strata check ex03 --json         for editors and scripts

The exit code is 0 if nothing is wrong. What this machine cannot run is announced as SKIPPED.";

/// Judge your answers on every device of this machine.
///
/// Kernels are judged without compiling any Rust; answers in Rust by `cargo test`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// The exercise, and the task if not all: ex03 tiled
    #[arg(value_name = "EXERCISE TASK", num_args = 0..=2)]
    what: Vec<String>,
    /// Print what came of each file as a JSON list
    #[arg(long)]
    json: bool,
}

pub fn run(args: &CheckArgs) -> Outcome {
    let home = practice::home()?;
    let (exercise, tasks) = match practice::asked(&args.what)? {
        Asked::Task(exercise, task) => (exercise, vec![task]),
        Asked::Exercise(exercise) => (exercise, exercise.tasks.iter().collect::<Vec<&Task>>()),
        Asked::Nothing => {
            let board = Board::look(&home, None)?;
            let Some(row) = board.next() else {
                say!("Every task is solved.")?;
                return Ok(0);
            };
            (row.exercise, vec![row.task])
        }
    };
    let judge = Judge::new(&home);
    let results = if args.json {
        // Whoever reads JSON may still want to know what takes so long.
        judge.tasks(exercise, &tasks, &mut |text| ui::note(text))?
    } else {
        let bar = Bar::waiting();
        judge.tasks(exercise, &tasks, &mut |text| bar.set(0.0, || text.to_string()))?
    };
    match args.json {
        true => ui::json(&serde_json::to_value(&results)?)?,
        false => practice::print(&practice::report(exercise, &results))?,
    }
    Ok(practice::exit_code(&results))
}
