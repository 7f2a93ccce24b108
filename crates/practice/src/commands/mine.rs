//! `train --mine`: a run on the reader's own kernels.
//!
//! Every kernel that an exercise asks for under the engine's own contract, and that is right on this
//! device today, stands in front of ours. One that was right once and is wrong now stops the run
//! before it begins: a model must not be trained on a mistake that nobody sees.

use crate::commands::diff::both;
use crate::commands::practice;
use crate::failure::{Failure, Outcome};
use crate::ui;
use std::path::PathBuf;
use std::sync::Arc;
use strata_cli::DeviceArgs;
use strata_grader::catalog::{self, Exercise, Task};
use strata_grader::graded::Graded;
use strata_grader::home::Home;
use strata_grader::speed::Effort;
use strata_grader::tiers::{Here, Tier, tiers};
use strata_grader::{Language, Verdict, files, harness, progress};
use strata_ml::device::{Choice, Device, Machine, Overlay, Settings};

/// A kernel of the reader's that stands in front of ours.
struct Mine {
    exercise: &'static Exercise,
    task: &'static Task,
    path: String,
    file: PathBuf,
}

/// Opens the device with the reader's kernels, and says which they are and how fast.
pub fn open(args: &DeviceArgs) -> Outcome<Device> {
    let home = practice::home()?;
    let (language, name) = language(args)?;
    let mine = right(&home, language)?;
    if mine.is_empty() {
        return Err(Failure::new(format!(
            "--mine: none of your {language} kernels is right yet. These tasks have the engine's own \
             contract: {}. Begin with `cargo strata next`",
            contracts()
                .map(|(e, t)| format!("{} {}", practice::number(e), t.name))
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    let machine = language.machine();
    let files = mine.iter().map(|m| (m.path.clone(), machine, m.file.clone())).collect();
    let overlay = Some(Arc::new(Overlay::of_files(files)));
    let rungs = args.rungs.iter().cloned().collect();
    let settings = Settings { overlay, rungs, ..Settings::default() };
    let device = Device::open(&name, settings)?;
    let head = ui::HEAD;
    ui::note(&format!("{head}Device{head:#} {}: --mine", device.info().label()));
    if device.info().caps.software {
        ui::note("       a software adapter: right, and slow; `--preset gpt-nano` suits it");
    }
    let count = match mine.len() {
        1 => "1 kernel is yours".into(),
        n => format!("{n} kernels are yours"),
    };
    ui::note(&format!("{head}Yours{head:#}  {count}:"));
    for mine in &mine {
        ui::note(&format!("       {}", times(mine, language)));
    }
    Ok(device)
}

/// The language whose machine will train: that of `--device` or STRATA_DEVICE, else CUDA before WebGPU. Kernels of
/// exercises are GPU kernels: a software adapter will do, the CPU device will not.
fn language(args: &DeviceArgs) -> Outcome<(Language, String)> {
    let tiers = tiers();
    let runs = |language| {
        tiers.iter().any(|t: &Tier| t.language == language && matches!(t.here, Here::Runs(_)))
    };
    let set = std::env::var("STRATA_DEVICE").ok().filter(|name| !name.is_empty());
    if let Some(name) = &args.device.clone().or(set) {
        let choice: Choice = name.parse()?;
        return match choice.machine {
            Machine::Cuda => Ok((Language::Cuda, name.clone())),
            Machine::Wgpu => Ok((Language::Wgsl, name.clone())),
            Machine::Cpu => Err(Failure::new(
                "--mine trains on your CUDA or WGSL kernels: use --device cuda or --device wgpu (a \
                 software adapter will do), or leave --device out",
            )),
        };
    }
    match (runs(Language::Cuda), runs(Language::Wgsl)) {
        (true, _) => Ok((Language::Cuda, "cuda".into())),
        (false, true) => Ok((Language::Wgsl, "wgpu".into())),
        (false, false) => Err(Failure::new(
            "--mine needs a WebGPU adapter or an NVIDIA card, and there is neither; `cargo strata \
             doctor` says how to get a software adapter",
        )),
    }
}

fn contracts() -> impl Iterator<Item = (&'static Exercise, &'static Task)> {
    let all = catalog::exercises().iter().flat_map(|e| e.tasks.iter().map(move |t| (e, t)));
    all.filter(|(_, task)| task.contract.is_some())
}

/// The reader's kernels that are right on this tier, judged now.
fn right(home: &Home, language: Language) -> Outcome<Vec<Mine>> {
    let once = progress::Progress::load(home);
    let tiers: Vec<Tier> = tiers().into_iter().filter(|t| t.language == language).collect();
    let mut mine = Vec::new();
    for (exercise, task) in contracts() {
        let Some(file) = task.files_in(language).next() else { continue };
        let file = home.root.join(exercise.name).join(file);
        let text = files::read_text(&file)?.unwrap_or_default();
        if text.is_empty() || progress::is_stub(task, language, &text) {
            continue;
        }
        let (number, name) = (practice::number(exercise), &task.name);
        ui::note(&format!("{}judging {number} {name}{:#}", ui::DIM, ui::DIM));
        let graded = harness::judge(exercise, task, &home.root.join(exercise.name), &tiers);
        keep(home, &graded);
        let verdict = graded.into_iter().find(|g| g.language == language).and_then(|g| g.verdict);
        let Some(verdict) = verdict else { continue };
        match verdict {
            Verdict::Passed { .. } => {
                let path = task.kernel.clone().unwrap_or_default();
                mine.push(Mine { exercise, task, path, file });
            }
            Verdict::Rejected(rejection) if once.ever_passed(task, language) => {
                return Err(Failure::new(format!(
                    "--mine: {number} {name} passed once and no longer does; nothing is trained on \
                     it.\n{}\nMend it, or `cargo strata reset {number} {name}` to train without it",
                    rejection.text.trim_end()
                )));
            }
            Verdict::Rejected(_) => {
                let why = format!("{number} {name} is begun and not right yet: ours is used");
                ui::note(&format!("       {why}"));
            }
            Verdict::Compiled { reason } | Verdict::Skipped { reason } => {
                ui::note(&format!("       SKIPPED: {number} {name}: {reason}"));
            }
        }
    }
    Ok(mine)
}

/// Remembers what was found: a kernel that is right today must not be wrong tomorrow unnoticed.
fn keep(home: &Home, graded: &[Graded]) {
    match progress::Progress::record(home, graded) {
        Ok(progress) => progress.warning.iter().for_each(|text| ui::warn(text)),
        Err(error) => ui::warn(&format!("progress is not kept: {error}")),
    }
}

/// `ex03 tiled     matmul=3_tiled     812.0 µs, ours 790.1 µs (0.97 x)`
fn times(mine: &Mine, language: Language) -> String {
    let (op, rung) = mine.task.contract.clone().unwrap_or_default();
    let name = format!("{} {}", practice::number(mine.exercise), mine.task.name);
    let head = format!("{name:<24}{:<34}", format!("{op}={rung}"));
    match both(mine.task, language, &mine.file, Effort::Glance).as_deref() {
        Ok([(yours, ours), ..]) => {
            let (a, b) = (ui::time(yours.seconds), ui::time(ours.seconds));
            format!("{head}{a:>10}, ours {b:>10} ({:.2} x)", ours.seconds / yours.seconds)
        }
        Err(Failure::Message(text)) => format!("{head}not timed: {text}"),
        _ => head,
    }
}
