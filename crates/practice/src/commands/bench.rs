//! `strata bench`: every rung timed, beside what the machine can do.

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use strata_cli::args::{device_choice, op_name, precision, size, whole};
use strata_cli::ui::{self, Bar, say};
use strata_cli::{Failure, Outcome};
use strata_ml::device::{Choice, Device, Precision, Settings};
use strata_parity::bench::ladder::{Climb, climb};
use strata_parity::bench::{Against, Options, SCALES, Yardstick, run as measure};

const EXAMPLES: &str = "\
Examples:
  cargo strata bench                            every op on the best device, then the training step
  cargo strata bench --op matmul --device wgpu
  cargo strata bench --profile                  which kernel takes how much of a training step
  cargo strata bench --ladder matmul            every rung, from 256 by 256 to 4096 by 4096
  cargo strata bench --ladder matmul --precision tf32 --precision bf16
  cargo strata bench --step --against bench/results/torch.json
  cargo strata bench --json bench/results/h200.json

The shapes are those of gpt-12m's training step. A rung's share is set against copies and
sums of the same bytes, or the best matrix product in the same precision, measured in the same run:
100 % is all this machine can do. `light` is the share of the machine's speed of light: of a copy beyond
all caches, or of that product. Other programs at work make every figure wrong.";

/// Time every rung and set it against what the machine can do.
///
/// Fresh random inputs, warm-up, caches flushed, the device's own clock, the median. Whether a rung
/// computes the right thing is what `strata parity` checks.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    /// Only this op; can be given several times
    #[arg(long = "op", value_name = "OP", value_parser = op_name)]
    ops: Vec<String>,
    /// Only the training step of gpt-12m as a whole
    #[arg(long, conflicts_with = "ops")]
    step: bool,
    /// What each kernel contributes to the training step
    #[arg(long, conflicts_with = "ops")]
    profile: bool,
    /// An op's whole ladder, from small sizes to large: matmul, reduce, attention and a dozen others (a
    /// name that is none lists them). Each rung is compared with the oracle first; what would take
    /// longer than two seconds a run is left out. Can be given several times
    #[arg(long = "ladder", value_name = "OP", value_parser = scaled,
          conflicts_with_all = ["ops", "step", "profile"])]
    ladders: Vec<String>,
    /// With --ladder: at this size only (rows of a square matrix, elements, or positions); can be given several
    /// times
    #[arg(long = "size", value_name = "N", value_parser = whole(1, 1 << 28), requires = "ladders")]
    sizes: Vec<u64>,
    /// Fewer runs of each: sooner done, less exact
    #[arg(long)]
    quick: bool,
    /// Where: cpu, cuda, cuda:N, wgpu or wgpu:N; can be given several times [default: the best]
    #[arg(long = "device", value_name = "NAME", value_parser = device_choice)]
    devices: Vec<Choice>,
    /// How exactly: f32, tf32, f16 or bf16; rungs of that precision, on activations that are kept in it.
    /// Can be given several times [default: f32]
    #[arg(long = "precision", value_name = "P", value_parser = precision)]
    precisions: Vec<Precision>,
    /// Set our times beside those of FILE: a report of `--json`, or one that a script of bench/torch wrote
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// The figures as JSON, a list with one report for each device and precision: into FILE, or without
    /// one to stdout in place of the tables
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// A remark for the report: what else the machine was doing, say
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

fn scaled(text: &str) -> Result<String, String> {
    let ops: Vec<_> = SCALES.iter().map(|scale| scale.op).collect();
    match ops.contains(&text) {
        true => Ok(text.into()),
        false => Err(format!("only these are measured over sizes: {}", ops.join(", "))),
    }
}

/// Larger reports are none of ours.
const LARGEST: u64 = 64 << 20;

/// A report, printed and as data.
struct Measured {
    text: String,
    json: Value,
    good: bool,
}

pub fn run(args: &BenchArgs) -> Outcome {
    let devices = match args.devices.is_empty() {
        true => vec![best()?],
        false => args.devices.clone(),
    };
    let precisions = match args.precisions.is_empty() {
        true => vec![Precision::of_environment()?.unwrap_or_default()],
        false => args.precisions.clone(),
    };
    let yardstick = args.against.as_deref().map(yardstick).transpose()?;
    let each = devices.iter().flat_map(|&d| precisions.iter().map(move |&p| (d, p)));
    let stdout = args.json.as_ref().is_some_and(|file| file.as_os_str() == "-");
    let (mut reports, mut good) = (Vec::new(), true);
    for (device, precision) in each {
        let measured = match args.ladders.is_empty() {
            true => rungs(device, precision, args, yardstick.as_ref()),
            false => ladders(device, precision, args, yardstick.as_ref()),
        };
        let Measured { text, json, good: this } = measured?;
        good &= this;
        if !stdout {
            say!("{}\n", text.trim_end())?;
        }
        reports.push(json);
    }
    let reports = Value::Array(reports);
    match &args.json {
        Some(_) if stdout => ui::json(&reports)?,
        Some(file) => strata_files::write(file, format!("{reports:#}\n").as_bytes())?,
        None => {}
    }
    Ok(u8::from(!good))
}

/// Every rung at the shapes of gpt-12m.
fn rungs(
    device: Choice,
    precision: Precision,
    args: &BenchArgs,
    yardstick: Option<&Yardstick>,
) -> Outcome<Measured> {
    let whole = args.step || args.profile;
    let all = || strata_ml::ladders().iter().map(|ladder| ladder.op.to_string()).collect();
    let options = Options {
        ops: if args.ops.is_empty() && !whole { all() } else { args.ops.clone() },
        quick: args.quick,
        step: args.step || (args.ops.is_empty() && !whole),
        profile: args.profile,
        precision,
        note: args.note.clone(),
    };
    let bar = Bar::waiting();
    let report = measure(device, &options, |what| bar.set(0.0, || what.into()));
    let report = report.map_err(|error| Failure::new(error.to_string()))?;
    let against = yardstick.map(|yardstick| report.against(yardstick));
    measured(&report, against, report.failed.is_empty())
}

/// Some ops over their sizes.
fn ladders(
    device: Choice,
    precision: Precision,
    args: &BenchArgs,
    yardstick: Option<&Yardstick>,
) -> Outcome<Measured> {
    let options = Climb {
        ops: args.ladders.clone(),
        sizes: args.sizes.iter().copied().map(size).collect(),
        quick: args.quick,
        precision,
        note: args.note.clone(),
        ..Climb::default()
    };
    let bar = Bar::waiting();
    let report = climb(device, &options, |what| bar.set(0.0, || what.into()));
    let report = report.map_err(|error| Failure::new(error.to_string()))?;
    let against = yardstick.map(|yardstick| report.against(yardstick));
    measured(&report, against, report.failed.is_empty())
}

/// A report, with what stands beside it.
fn measured(
    report: &(impl Serialize + Display),
    against: Option<Against>,
    good: bool,
) -> Outcome<Measured> {
    let (mut text, mut json) = (report.to_string(), serde_json::to_value(report)?);
    if let Some(against) = against {
        text = format!("{}\n\n{against}", text.trim_end());
        json["against"] = serde_json::to_value(against)?;
    }
    Ok(Measured { text, json, good })
}

/// The times that ours are set beside.
fn yardstick(path: &Path) -> Outcome<Yardstick> {
    let bytes = strata_files::read(path, LARGEST)?;
    let shown = path.display().to_string();
    let value = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::new(format!("--against {shown}: not JSON: {error}")))?;
    Yardstick::parse(&shown, &value).map_err(|error| Failure::new(format!("--against: {error}")))
}

/// The device that every other command would take.
fn best() -> Outcome<Choice> {
    let (device, why) = Device::best(Settings::default())?;
    ui::note(&format!("{}Device{:#} {why}", ui::HEAD, ui::HEAD));
    let info = device.info();
    let cpu = info.machine == strata_ml::device::Machine::Cpu;
    Ok(Choice { machine: info.machine, index: Some(info.index).filter(|_| !cpu) })
}
