//! `strata parity`: the table op by rung by device.

use clap::Args;
use strata_cli::DOCTOR;
use strata_cli::Outcome;
use strata_cli::args::{device_choice, op_name, precision};
use strata_cli::ui::{self, Bar, say};
use strata_ml::device::{Choice, Precision};
use strata_parity::table::{Filter, run as fill};

const EXAMPLES: &str = "\
Examples:
  cargo strata parity
  cargo strata parity --op matmul --op attention
  cargo strata parity --device cuda --precision tf32 --precision bf16
  cargo strata parity --device cuda --json > parity.json

`ok 12%`: every element lies within its tolerance, the worst uses 12 % of it. A device that is not
here is a column of its own that says why. A rung has a row for each precision that it serves: the one
that it rounds factors to, and the 16-bit floats that it takes as they are stored. In those it may be off
by twice as much as the oracle is when it rounds in the same places.";

/// Check every op, on every rung, in every precision, on every device, against float64 loops.
///
/// Every output is poisoned before a kernel runs and guard words stand around every buffer, so that
/// what a kernel leaves out, or writes where it should not, is found too. The exit code is 1 if
/// anything fails.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ParityArgs {
    /// Only this op; can be given several times
    #[arg(long = "op", value_name = "OP", value_parser = op_name)]
    ops: Vec<String>,
    /// Only this device: cpu, cuda, cuda:N, wgpu, wgpu:N; can be given several times
    #[arg(long = "device", value_name = "NAME", value_parser = device_choice)]
    devices: Vec<Choice>,
    /// Only in this precision: f32, tf32, f16 or bf16; can be given several times
    #[arg(long = "precision", value_name = "P", value_parser = precision)]
    precisions: Vec<Precision>,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ParityArgs) -> Outcome {
    let filter = Filter {
        ops: args.ops.clone(),
        devices: args.devices.clone(),
        precisions: args.precisions.clone(),
    };
    let bar = Bar::waiting();
    let table = fill(&filter, |what| bar.set(0.0, || what.into()));
    drop(bar);
    match args.json {
        true => ui::json(&serde_json::to_value(&table)?)?,
        false => say!("{}", ui::coloured_text(format!("{table:#}").trim_end()))?,
    }
    if !filter.devices.is_empty() && table.skipped().next().is_some() {
        ui::note(&format!("Some of these devices are not here{DOCTOR}"));
    }
    Ok(u8::from(!table.passed()))
}
