//! `strata diff`: the reader's answer beside ours: numbers first, then the source, then the speed.

mod side;

use crate::commands::practice;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, say};
use clap::Args;
use side::side_by_side;
use std::path::Path;
use strata_grader::catalog::{self, Kind, Task};
use strata_grader::graded::Graded;
use strata_grader::speed::{Effort, Speed, measure};
use strata_grader::{Language, Verdict, stub};

const EXAMPLES: &str = "\
Examples:
  cargo strata diff ex03 tiled
  cargo strata diff ex03 tiled --language wgsl
  cargo strata diff ex03 tiled --no-speed";

/// Bytes of a source that are read: ours have a hundredth of it.
const MOST: u64 = 1 << 20;

/// Your answer beside ours: numbers, source, speed.
///
/// First whether yours is right, and where it parts from what is wanted; then both sources side by
/// side; then how long each takes on this device.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DiffArgs {
    /// The exercise and the task: ex03 tiled
    #[arg(value_name = "EXERCISE TASK", num_args = 1..=2, required = true)]
    task: Vec<String>,
    /// Only this language: rust, wgsl or cuda
    #[arg(long, value_name = "NAME", value_parser = practice::language)]
    language: Option<Language>,
    /// Leave the measurement out
    #[arg(long)]
    no_speed: bool,
}

pub fn run(args: &DiffArgs) -> Outcome {
    let home = practice::home()?;
    let (exercise, task) = practice::task(&args.task)?;
    let graded = practice::grade(&home, exercise, task)?;
    let wanted = |g: &&Graded| args.language.is_none_or(|l| l == g.language);
    let begun = graded.iter().filter(wanted).filter(|g| g.verdict.is_some());
    let begun: Vec<&Graded> = begun.collect();
    if begun.is_empty() {
        return Err(Failure::new(format!(
            "{} {} is not begun: there is nothing to compare. `cargo strata reveal {} {}` shows our \
             answer",
            exercise.name, task.name, exercise.name, task.name
        )));
    }
    for graded in begun {
        let (head, language) = (ui::HEAD, graded.language);
        say!("{head}{} {}, {language}{head:#}", exercise.name, task.name)?;
        numbers(graded)?;
        source(task, graded)?;
        if !args.no_speed {
            speed(task, graded)?;
        }
    }
    Ok(0)
}

/// Whether it is right, and where it parts from what is wanted.
fn numbers(graded: &Graded) -> Outcome<()> {
    let (good, bad, warn) = (ui::GOOD, ui::BAD, ui::WARN);
    let on = graded.device.as_ref().map(|device| format!(" on {device}")).unwrap_or_default();
    say!()?;
    match &graded.verdict {
        Some(Verdict::Passed { checks: 1 }) => say!("{good}numbers{good:#}  yours is right{on}")?,
        Some(Verdict::Passed { checks }) => {
            say!("{good}numbers{good:#}  yours is right in {checks} questions{on}")?;
        }
        Some(Verdict::Rejected(rejection)) => {
            say!("{bad}numbers{bad:#}  yours parts from ours{on}\n{}", rejection.text.trim_end())?;
        }
        Some(Verdict::Compiled { reason }) => {
            say!("{warn}numbers{warn:#}  yours compiles; it cannot be run here: {reason}")?;
        }
        Some(Verdict::Skipped { reason }) => {
            say!("{warn}SKIPPED:{warn:#} {reason}")?;
        }
        None => {}
    }
    Ok(())
}

fn source(task: &Task, graded: &Graded) -> Outcome<()> {
    let name = graded.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = task.files.iter().find(|f| Language::of(f) == Some(graded.language));
    let Some(file) = file else { return Ok(()) };
    let path = format!("solutions/{}/{file}", task.exercise);
    let Some(ours) = catalog::solution_file(&task.exercise, file) else { return Ok(()) };
    let ours = stub::clean(&path, ours)?;
    let yours = strata_files::read_text(&graded.file, MOST)?;
    say!()?;
    let (left, right) = (format!("yours: {name}"), format!("ours: {name}"));
    let text = side_by_side([&left, &right], &yours, &ours, ui::width());
    say!("{}", text.trim_end())?;
    Ok(())
}

/// The time of both on this device; only where yours is right, for a wrong answer has no speed.
fn speed(task: &'static Task, graded: &Graded) -> Outcome<()> {
    say!()?;
    if task.kind == Kind::Rust {
        return practice::rust_speed(task);
    }
    if !graded.verdict.as_ref().is_some_and(Verdict::passed) {
        let dim = ui::DIM;
        say!("{dim}speed    is measured once the numbers are right{dim:#}")?;
        return Ok(());
    }
    for (yours, ours) in both(task, graded.language, &graded.file, Effort::Whole)? {
        let ratio = ours.seconds / yours.seconds;
        say!("{}", row("yours", &yours))?;
        say!("{}", row("ours", &ours))?;
        let word = match ratio {
            r if r > 1.05 => format!("yours is {r:.2} times as fast"),
            r if r < 0.95 => format!("ours is {:.2} times as fast", 1.0 / r),
            _ => "as fast as each other, within 5 %".into(),
        };
        say!("         {word}")?;
    }
    Ok(())
}

/// Both kernels' times, problem by problem.
pub fn both(
    task: &Task,
    language: Language,
    file: &Path,
    effort: Effort,
) -> Outcome<Vec<(Speed, Speed)>> {
    let yours = measure(task, language, Some(file), effort)?;
    let ours = measure(task, language, None, effort)?;
    Ok(yours.into_iter().zip(ours).collect())
}

fn row(name: &str, speed: &Speed) -> String {
    let (time, shape) = (ui::time(speed.seconds), &speed.shape);
    let rate = match speed.flops > 8.0 * speed.bytes {
        true => format!("{:.1} GFLOP/s", speed.flops / speed.seconds / 1e9),
        false => format!("{:.1} GB/s", speed.bytes / speed.seconds / 1e9),
    };
    format!("speed    {name:<5}  {time:>10}  {rate:>16}  {shape}, median of {}", speed.runs)
}
