//! `strata exercises prove`: the judges on trial.

use crate::failure::Outcome;
use crate::ui::{self, say};
use clap::Args;
use strata_cli::workspace;
use strata_grader::prove::{self, Filter, Line};
use strata_grader::{catalog, tiers};

/// Judge every solution, stub and wrong answer of the exercises.
///
/// A solution must pass on every tier this machine has, a stub must fail, and a wrong answer must be
/// rejected with its own diagnosis. Kernel tasks need no Rust: the bundle proves them too.
#[derive(Args, Debug)]
pub struct ProveArgs {
    /// Only this exercise: ex03, or 3
    #[arg(value_name = "EXERCISE")]
    exercise: Option<String>,
    /// Only this task
    #[arg(value_name = "TASK")]
    task: Option<String>,
    /// Only kernel tasks
    #[arg(long)]
    kernels: bool,
    /// Only Rust tasks
    #[arg(long, conflicts_with = "kernels")]
    rust: bool,
}

pub fn run(args: &ProveArgs) -> Outcome {
    let mut filter = Filter::default();
    if let Some(name) = &args.exercise {
        let exercise = catalog::find(name)?;
        filter.exercise = Some(exercise.name);
        if let Some(task) = &args.task {
            filter.task = Some(exercise.task(task)?.name.clone());
        }
    }
    let tiers = tiers::tiers();
    let announced = tiers::announce(&tiers).map_err(crate::failure::Failure::new)?;
    announced.iter().for_each(|line| ui::note(line));
    let tell = |line: &Line| {
        let style = if line.amiss.is_none() { ui::GOOD } else { ui::BAD };
        let word = if line.amiss.is_none() { "proven" } else { "AMISS " };
        ui::note(&format!("{style}{word}{style:#}  {}: {}", line.what, line.verdict));
    };
    let mut lines = Vec::new();
    if !args.rust {
        lines.extend(prove::kernels(&filter, &tiers, &tell)?);
    }
    if !args.kernels {
        lines.extend(prove::rust(&filter, &workspace()?, &tell)?);
    }
    let amiss: Vec<&Line> = lines.iter().filter(|line| line.amiss.is_some()).collect();
    for line in &amiss {
        let text = line.amiss.as_deref().unwrap_or_default();
        say!("\n{}{}{:#} {}", ui::BAD, line.what, ui::BAD, text.trim_end())?;
    }
    let proven = lines.len() - amiss.len();
    let style = if amiss.is_empty() { ui::GOOD } else { ui::BAD };
    say!("{style}{proven} proven, {} amiss{style:#}", amiss.len())?;
    Ok(u8::from(!amiss.is_empty()))
}
