//! `strata bench`: every rung timed, beside what the machine can do.

use clap::Args;
use serde_json::Value;
use std::path::PathBuf;
use strata_cli::args::{device_choice, op_name, size, whole};
use strata_cli::ui::{self, Bar, say};
use strata_cli::{Failure, Outcome};
use strata_ml::device::{Choice, Device, Settings};
use strata_parity::bench::ladder::{Climb, climb};
use strata_parity::bench::{Options, SCALES, run as measure};

const EXAMPLES: &str = "\
Examples:
  cargo strata bench                            every op on the best device, then the training step
  cargo strata bench --op matmul --device wgpu
  cargo strata bench --profile                  which kernel takes how much of a training step
  cargo strata bench --ladder matmul            every rung, from 256 by 256 to 4096 by 4096
  cargo strata bench --json bench/results/h200.json

The shapes are those of gpt-12m's training step. A rung's share is set against copies and
sums of the same bytes, or the best matrix product, measured in the same run: 100 % is all this
machine can do. Other programs at work make every figure wrong.";

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
    /// The figures as JSON, a list with one report for each device: into FILE, or without one to
    /// stdout in place of the tables
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
    let stdout = args.json.as_ref().is_some_and(|file| file.as_os_str() == "-");
    let (mut reports, mut good) = (Vec::new(), true);
    for device in devices {
        let measured =
            if args.ladders.is_empty() { rungs(device, args) } else { ladders(device, args) };
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
fn rungs(device: Choice, args: &BenchArgs) -> Outcome<Measured> {
    let whole = args.step || args.profile;
    let all = || strata_ml::ladders().iter().map(|ladder| ladder.op.to_string()).collect();
    let options = Options {
        ops: if args.ops.is_empty() && !whole { all() } else { args.ops.clone() },
        quick: args.quick,
        step: args.step || (args.ops.is_empty() && !whole),
        profile: args.profile,
        note: args.note.clone(),
    };
    let bar = Bar::waiting();
    let report = measure(device, &options, |what| bar.set(0.0, || what.into()));
    let report = report.map_err(|error| Failure::new(error.to_string()))?;
    let (text, json) = (report.to_string(), serde_json::to_value(&report)?);
    Ok(Measured { text, json, good: report.failed.is_empty() })
}

/// Some ops over their sizes.
fn ladders(device: Choice, args: &BenchArgs) -> Outcome<Measured> {
    let options = Climb {
        ops: args.ladders.clone(),
        sizes: args.sizes.iter().copied().map(size).collect(),
        quick: args.quick,
        note: args.note.clone(),
        ..Climb::default()
    };
    let bar = Bar::waiting();
    let report = climb(device, &options, |what| bar.set(0.0, || what.into()));
    let report = report.map_err(|error| Failure::new(error.to_string()))?;
    let (text, json) = (report.to_string(), serde_json::to_value(&report)?);
    Ok(Measured { text, json, good: report.failed.is_empty() })
}

/// The device that every other command would take.
fn best() -> Outcome<Choice> {
    let (device, why) = Device::best(Settings::default())?;
    ui::note(&format!("{}Device{:#} {why}", ui::HEAD, ui::HEAD));
    let info = device.info();
    let cpu = info.machine == strata_ml::device::Machine::Cpu;
    Ok(Choice { machine: info.machine, index: Some(info.index).filter(|_| !cpu) })
}
