//! What `strata train` takes.

use crate::args::{DeviceArgs, real, whole};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use strata_ml::adamw::Schedule;
use strata_ml::data::{Source, TokenizerKind};
use strata_ml::transformer::GptConfig;
use strata_ml::transformer::train::SaveEvery;

const EXAMPLES: &str = "\
Examples:
  cargo strata train                                         gpt-12m on stories, on the best device
  cargo strata train --minutes 3                             the same, three minutes long
  cargo strata train --preset gpt-1m --steps 1000            a small model for a laptop
  cargo strata train --data novel.txt --tokenizer char --dropout 0.2
  cargo strata train --batch 16 --accumulate 4               as --batch 64, in a quarter of the memory
  cargo strata train --resume runs/gpt-12m-stories           go on where a run stopped
  cargo strata train --init runs/gpt-12m-stories --data novel.txt --steps 500
  cargo strata train --kernels my-kernels/ --rung matmul=1_naive
  cargo strata train --mine                                  on the kernels you wrote in exercises

A run whose text lies outside its folder asks before it reads it again; --data names it.
Ctrl-C finishes the step, saves a checkpoint and says how to go on; a second one stops at once.

The run's folder holds the checkpoint (config.json, model.safetensors, tokenizer.json, which
transformers and tokenizers open; optimizer.safetensors and trainer.json, from which a run is
resumed), loss.svg (the curve) and log.jsonl (a line for each step).";

/// How text is tokenized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenizerArg {
    /// Byte-level byte-pair encoding, learned from the text: common words become one token
    Bpe,
    /// Every character is a token: a small vocabulary for small experiments
    Char,
}

impl From<TokenizerArg> for TokenizerKind {
    fn from(arg: TokenizerArg) -> Self {
        match arg {
            TokenizerArg::Bpe => TokenizerKind::Bpe,
            TokenizerArg::Char => TokenizerKind::Char,
        }
    }
}

/// Train a GPT on stories or on your own text.
///
/// With no arguments: gpt-12m (12,318,720 parameters) on the built-in stories, on the best device,
/// for a length that suits it. The stories come from a grammar whose entropy is known: the curve is
/// drawn against the floor that no model can beat.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct TrainArgs {
    /// The model: gpt-12m (6 layers, width 384), gpt-1m (4, 128) for a laptop, gpt-nano (2, 64) for
    /// tests [default: gpt-12m]
    #[arg(long, value_name = "NAME", value_parser = GptConfig::PRESETS, hide_possible_values = true)]
    pub preset: Option<String>,
    /// The text: `stories`, `book` (this book's own pages), a UTF-8 file, or a folder of them
    /// [default: stories]
    #[arg(long, value_name = "stories|book|PATH")]
    pub data: Option<Source>,
    /// How text is cut into tokens: bpe learns frequent pieces, char takes single characters
    /// [default: bpe]
    #[arg(long, value_enum, value_name = "bpe|char", hide_possible_values = true)]
    pub tokenizer: Option<TokenizerArg>,

    /// How many steps; each sees one batch (--accumulate: several) and changes the weights once
    #[arg(long, value_name = "N", conflicts_with = "minutes", value_parser = whole(1, u64::from(u32::MAX)), allow_negative_numbers = true, help_heading = "Length")]
    pub steps: Option<u64>,
    /// Or how many minutes; the learning rate then follows the clock
    #[arg(long, value_name = "M", value_parser = real(0.001, 525_600.0), allow_negative_numbers = true, help_heading = "Length")]
    pub minutes: Option<f64>,

    /// Rows in a batch: more give a smoother gradient and keep a GPU busy, and need more memory
    /// [default: by model and device]
    #[arg(long, value_name = "N", value_parser = whole(1, 65_536), allow_negative_numbers = true, help_heading = "Training")]
    pub batch: Option<u64>,
    /// Batches in a step, one after the other: the gradient is that of one batch so many times as
    /// large, in the memory of one [default: 1]
    #[arg(long, value_name = "N", value_parser = whole(1, 65_536), allow_negative_numbers = true, help_heading = "Training")]
    pub accumulate: Option<u64>,
    /// Tokens in a row: how far back the model can look [default: all its positions]
    #[arg(long, value_name = "N", value_parser = whole(1, 1 << 20), allow_negative_numbers = true, help_heading = "Training")]
    pub context: Option<u64>,
    /// Peak learning rate: too low learns slowly, too high diverges [default: by model]
    #[arg(long, value_name = "X", value_parser = real(1e-9, 10.0), allow_negative_numbers = true, help_heading = "Training")]
    pub lr: Option<f64>,
    /// The course of the learning rate after warm-up: cosine falls to a tenth, wsd stays and falls
    /// over the last fifth, constant stays [default: cosine]
    #[arg(long, value_name = "NAME", value_parser = Schedule::NAMES, hide_possible_values = true, help_heading = "Training")]
    pub schedule: Option<String>,
    /// Probability of dropping an activation: on a small text it delays learning by heart
    /// [default: 0]
    #[arg(long, value_name = "P", value_parser = real(0.0, 0.95), allow_negative_numbers = true, help_heading = "Training")]
    pub dropout: Option<f64>,
    /// Part of each target that is spread over all tokens evenly: the model grows less sure of itself.
    /// Held-out losses stay the plain ones, those of steps do not [default: 0]
    #[arg(long, value_name = "X", value_parser = real(0.0, 1.0), allow_negative_numbers = true, help_heading = "Training")]
    pub label_smoothing: Option<f64>,
    /// AdamW's weight decay, on matrices only [default: 0.1]
    #[arg(long, value_name = "X", value_parser = real(0.0, 10.0), allow_negative_numbers = true, help_heading = "Training")]
    pub weight_decay: Option<f64>,
    /// Seed of weights, batches and dropout: one seed, one run, bit for bit on one device
    /// [default: 1]
    #[arg(long, value_name = "N", value_parser = whole(0, u64::MAX), allow_negative_numbers = true, help_heading = "Training")]
    pub seed: Option<u64>,

    /// The run's folder [default: runs/PRESET-DATA, numbered if it is taken]
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    pub out: Option<PathBuf>,
    /// Write into --out even if it holds another run's checkpoint
    #[arg(long, requires = "out", conflicts_with = "resume", help_heading = "Files")]
    pub force: bool,
    /// Go on with the run in this folder, to the same bits as if it had never stopped; with --steps
    /// or --minutes, to a new length
    #[arg(long, value_name = "DIR", help_heading = "Files", conflicts_with_all = ["preset", "tokenizer", "batch", "accumulate", "context", "lr", "schedule", "dropout", "label_smoothing", "weight_decay", "seed", "init"])]
    pub resume: Option<PathBuf>,
    /// Begin with a checkpoint's weights and tokenizer instead of random ones (fine-tuning); a GPT-2
    /// that transformers saved will do
    #[arg(long, value_name = "CHECKPOINT", conflicts_with_all = ["preset", "tokenizer"], help_heading = "Files")]
    pub init: Option<PathBuf>,
    /// Save a checkpoint every so many steps (500) or so often (30s, 2m, 1h), beside the end
    /// [default: after 10s, then after twice as long each time, up to 2m]
    #[arg(long, value_name = "EVERY", help_heading = "Files")]
    pub save_every: Option<SaveEvery>,
    /// Write the whole run there as one JSON object: device, settings, outcome and every step
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub json: Option<PathBuf>,

    /// Train on your own kernels: every exercise with the engine's contract that is right on the
    /// device now. One that was right once and is wrong stops the run before it begins
    #[arg(long, conflicts_with = "kernels", help_heading = "Device and kernels")]
    pub mine: bool,
    #[command(flatten)]
    pub device: DeviceArgs,
}
