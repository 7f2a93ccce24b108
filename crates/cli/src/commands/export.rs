//! `strata export`: a checkpoint's model by itself, in as few bytes as its reader needs.

use crate::args::folder;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, say};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::{Component, Path, PathBuf};
use strata_files::current;
use strata_ml::device::{Device, Settings, cpu::Cpu};
use strata_ml::tensor::DType;
use strata_ml::transformer::checkpoint;

const EXAMPLES: &str = "\
Examples:
  cargo strata export runs/gpt-12m-stories small --dtype bf16    half as large, for who lets it write
  cargo strata export gpt2/ halves --dtype f16                   a GPT-2 that transformers saved
  cargo strata export runs/gpt-12m-stories model                 f32, without the optimizer's state

generate, eval, inspect and train --init take the new folder as they take the old one, and so do
transformers and tokenizers. A run cannot be resumed from it.";

const WEIGHTS: &str = "model.safetensors";

/// What weights are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kept {
    /// As they are
    F32,
    /// Rounded to 8 significant bits, with f32's range
    Bf16,
    /// Rounded to 11 significant bits; nothing beyond 65,504
    F16,
}

/// Write a checkpoint's model into a folder of its own, in f32, bf16 or f16.
///
/// Configuration, weights and tokenizer, without what only training needs: a third of the bytes of a
/// run's folder, or a sixth in 16 bits. The checkpoint stays as it is.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// The checkpoint: a folder that `strata train` wrote, or a GPT-2 that transformers saved
    #[arg(value_name = "CHECKPOINT")]
    checkpoint: PathBuf,
    /// The folder to write; it is made if it is not there
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
    /// What the weights are kept in
    #[arg(
        long,
        value_enum,
        default_value = "f32",
        value_name = "f32|bf16|f16",
        hide_possible_values = true
    )]
    dtype: Kept,
    /// Write over what FOLDER holds under a model's names; never over a run
    #[arg(long)]
    force: bool,
    /// Print one JSON object: folder, dtype, parameters, bytes, and bytes_before, null where weights lay in
    /// several files
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ExportArgs) -> Outcome {
    folder("CHECKPOINT", &args.checkpoint)?;
    free(args)?;
    let dtype = match args.dtype {
        Kept::F32 => DType::F32,
        Kept::Bf16 => DType::BF16,
        Kept::F16 => DType::F16,
    };
    let loaded = checkpoint::load(
        &args.checkpoint,
        &Device::new(Box::new(Cpu::new()), Settings::default()),
    )?;
    checkpoint::save_model(&args.to, &loaded.model, &loaded.tokenizer, dtype)?;
    let size = |folder: &Path| std::fs::metadata(current(folder, WEIGHTS)).map_or(0, |m| m.len());
    let parameters = loaded.model.config().parameters();
    let (before, after) = (size(&args.checkpoint), size(&args.to));
    if args.json {
        ui::json(&json!({
            "folder": args.to.display().to_string(),
            "dtype": dtype.name(),
            "parameters": parameters,
            "bytes_before": (before > 0).then_some(before),
            "bytes": after,
        }))?;
        return Ok(0);
    }
    let (to, count) = (args.to.display(), ui::count(parameters));
    let was = match before {
        // Its weights lie in several files.
        0 => String::new(),
        before => format!(" ({} before)", ui::bytes(before)),
    };
    say!("{to}: {count} parameters in {}, {}{was}", dtype.name(), ui::bytes(after))?;
    Ok(0)
}

/// Sees that nothing is written over that was not named.
fn free(args: &ExportArgs) -> Outcome<()> {
    let shown = args.to.display();
    let fail = |text: String| Err(Failure::new(text));
    match args.to.canonicalize() {
        Ok(to) if args.checkpoint.canonicalize().is_ok_and(|from| from == to) => {
            return fail(format!("{shown} is the checkpoint itself: name another folder to write"));
        }
        // What is not there yet cannot be told from the checkpoint, if it leads up again.
        Err(_) if args.to.components().any(|part| part == Component::ParentDir) => {
            return fail(format!("{shown} is not there: name a new folder without `..`"));
        }
        _ => {}
    }
    let there = |name: &&str| current(&args.to, name).symlink_metadata().is_ok();
    if there(&"trainer.json") {
        return fail(format!(
            "{shown} holds a run, which is never written over: name another folder"
        ));
    }
    let names = [WEIGHTS, "model.safetensors.index.json", "config.json", "tokenizer.json"];
    match names.iter().find(|name| there(name)) {
        Some(name) if !args.force => {
            fail(format!("{shown} holds {name} already: --force writes over it"))
        }
        _ => Ok(()),
    }
}
