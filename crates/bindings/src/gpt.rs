//! The model in Rust.
use crate::engine::autograd::ParamInfo;
use crate::engine::device::{Buffer, StepState, trace};
use crate::engine::transformer::checkpoint;
use crate::engine::transformer::{self, GptConfig, Pass};
use crate::error::{parse, show};
use crate::numbers::{self, whole};
use crate::table::{get, put};
use crate::{Device, Error, Job, Result, Tokenizer};
use serde_json::{Value, json};
use std::path::PathBuf;

exports! { ($) model_functions
    now {
        version: () -> String;
        create_gpt: (config: String, device: &Device, seed: f64) -> Gpt;
        create_trainer: (gpt: &Gpt, config: String) -> Trainer;
        create_writer: (gpt: &Gpt, sampling: String) -> Writer;
    }
    later { load_checkpoint: (folder: String, device: &Device) -> Checkpoint; }
}

exports! { ($) gpt_class
    class Gpt as NativeGpt
    now {
        config: () -> String;
        parameter_infos: () -> String;
        parameters: () -> Handles;
        forward: (ids: Handle) -> Handle;
        loss: (ids: Handle, targets: Handle) -> Handle;
        zero_grad: () -> Unit;
    }
    later { save: (folder: String, tokenizer: &Tokenizer, dtype: u32) -> Unit; }
}

/// A GPT's weights and forward pass.
pub struct Gpt {
    pub(crate) gpt: transformer::Gpt,
    state: Buffer,
}

impl Gpt {
    pub(crate) fn new(gpt: transformer::Gpt) -> Result<Self> {
        let state = gpt.device().step_state(StepState::default())?;
        Ok(Gpt { gpt, state })
    }

    fn pass(&self) -> Pass<'_> {
        Pass { state: &self.state, dropout: 0.0 }
    }
}

fn config_of(text: &str) -> Result<GptConfig> {
    let value: Value = parse("GPT", text)?;
    match value.get("preset").and_then(Value::as_str) {
        Some(name) => Ok(GptConfig::preset(name)?),
        None => serde_json::from_value(value).map_err(|error| Error::argument("GPT", error)),
    }
}

/// A model with fresh weights.
pub fn create_gpt(config: String, device: &Device, seed: f64) -> Result<Gpt> {
    let seed = whole("GPT", "seed", seed)? as u64;
    Gpt::new(transformer::Gpt::new(&config_of(&config)?, &device.0, seed)?)
}
impl Gpt {
    /// The configuration.
    pub fn config(&self) -> Result<String> {
        show("GPT", self.gpt.config())
    }

    /// Each parameter as data.
    pub fn parameter_infos(&self) -> Result<String> {
        let infos = self.gpt.parameters().infos().iter();
        let row = |i: &ParamInfo| json!({"name": i.name, "shape": i.shape, "decay": i.decay, "offset": i.offset});
        Ok(Value::Array(infos.map(row).collect()).to_string())
    }

    /// Each parameter as a tensor.
    pub fn parameters(&self) -> Result<Vec<u32>> {
        Ok(self.gpt.parameters().vars().iter().cloned().map(put).collect())
    }

    /// Logits.
    pub fn forward(&self, ids: u32) -> Result<u32> {
        let ids = get(ids)?;
        Ok(put(trace::on(|| self.gpt.forward(ids.value(), self.pass()))?))
    }

    /// Mean cross-entropy.
    pub fn loss(&self, ids: u32, targets: u32) -> Result<u32> {
        let (ids, targets) = (get(ids)?, get(targets)?);
        Ok(put(trace::on(|| self.gpt.loss(ids.value(), targets.value(), self.pass()))?))
    }

    /// Sets all gradients to zero.
    pub fn zero_grad(&self) -> Result<()> {
        Ok(self.gpt.parameters().zero_grad()?)
    }

    /// Configuration, weights and tokenizer as a folder, the weights in this dtype.
    pub fn save(&self, folder: String, tokenizer: &Tokenizer, dtype: u32) -> Result<Job<()>> {
        let dtype = numbers::dtype("save", dtype)?;
        let (gpt, tokenizer) = (self.gpt.clone(), tokenizer.0.clone());
        Ok(Job::of(async move || {
            let (words, rows) = (tokenizer.vocab_size(), gpt.config().vocab_size);
            if words > rows {
                return Err(error!(
                    "checkpoint",
                    "save",
                    "the tokenizer has {words} tokens, the model's table {rows} rows; it is not this model's"
                ));
            }
            Ok(checkpoint::save_model_async(&PathBuf::from(folder), &gpt, &tokenizer, dtype)
                .await?)
        }))
    }
}
