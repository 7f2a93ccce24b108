//! `strata demo NN`: the first page of each chapter, run.

use crate::args::DeviceArgs;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, say};
use clap::Args;
use serde_json::json;
use std::io::Write;

const EXAMPLES: &str = "\
Examples:
  cargo strata demo               list the demos
  cargo strata demo 04            run chapter 4's
  cargo strata demo matmul        by name
  cargo strata demo 03 --device wgpu";

/// Run a chapter's demo.
///
/// Each chapter of the book opens with one: something to see in less than ten seconds. Without a
/// number the demos are listed.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// The chapter's number or name: 03, 3 or matmul
    #[arg(value_name = "CHAPTER")]
    chapter: Option<String>,
    /// List the demos as JSON
    #[arg(long, conflicts_with = "chapter")]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

pub fn run(args: &DemoArgs) -> Outcome {
    let demos = strata_ml::demos();
    if args.json {
        let row =
            |d: &strata_ml::Demo| json!({"number": d.number, "name": d.name, "about": d.about});
        ui::json(&demos.iter().map(row).collect())?;
        return Ok(0);
    }
    let Some(chapter) = &args.chapter else {
        for demo in &demos {
            let code = ui::CODE;
            say!("{code}{:02}{code:#} {:12} {}", demo.number, demo.name, demo.about)?;
        }
        return Ok(0);
    };
    let number = chapter.parse::<u32>().ok();
    let demo = demos.iter().find(|d| Some(d.number) == number || d.name == chapter);
    let demo = demo.ok_or_else(|| {
        let have: Vec<_> = demos.iter().map(|d| format!("{:02} {}", d.number, d.name)).collect();
        Failure::new(format!("there is no demo {chapter:?}; there are {}", have.join(", ")))
    })?;
    let device = args.device.open()?;
    let mut out = ui::out();
    (demo.run)(&mut out, &device).map_err(|error| Failure::from_dyn(&*error))?;
    out.flush()?;
    Ok(0)
}
