//! The model in Rust.
use crate::device::NativeDevice;
use crate::failure::{Failure, Outcome, json};
use crate::guard::guard;
use crate::job::{Job, errand};
use crate::numbers::whole;
use crate::table::{get, put};
use crate::tokenizer::NativeTokenizer;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use serde_json::{Value, json};
use std::path::PathBuf;
use strata_ml::autograd::Var;
use strata_ml::device::{Buffer, StepState, trace};
use strata_ml::transformer::checkpoint;
use strata_ml::transformer::{Gpt, GptConfig, Pass};

/// A GPT's weights and forward pass.
#[napi]
pub struct NativeGpt {
    pub(crate) gpt: Gpt,
    state: Buffer,
}

impl NativeGpt {
    pub(crate) fn new(gpt: Gpt) -> Outcome<Self> {
        let state = gpt.device().step_state(StepState::default())?;
        Ok(NativeGpt { gpt, state })
    }

    fn pass(&self) -> Pass<'_> {
        Pass { state: &self.state, dropout: 0.0 }
    }
}

fn config_of(text: &str) -> Outcome<GptConfig> {
    let value: Value = serde_json::from_str(text).map_err(json("GPT"))?;
    match value.get("preset").and_then(Value::as_str) {
        Some(name) => Ok(GptConfig::preset(name)?),
        None => serde_json::from_value(value).map_err(json("GPT")),
    }
}

/// A model with fresh weights.
#[napi]
pub fn create_gpt(config: String, device: &NativeDevice, seed: f64) -> napi::Result<NativeGpt> {
    guard(|| {
        let seed = whole("GPT", "seed", seed)? as u64;
        NativeGpt::new(Gpt::new(&config_of(&config)?, &device.device, seed)?)
    })
}

#[napi]
impl NativeGpt {
    /// The configuration.
    #[napi]
    pub fn config(&self) -> napi::Result<String> {
        guard(|| serde_json::to_string(self.gpt.config()).map_err(json("GPT")))
    }

    /// Each parameter as data.
    #[napi]
    pub fn parameter_infos(&self) -> napi::Result<String> {
        guard(|| {
            let infos = self.gpt.parameters().infos().iter();
            let row = |i: &strata_ml::autograd::ParamInfo| json!({"name": i.name, "shape": i.shape, "decay": i.decay, "offset": i.offset});
            Ok(Value::Array(infos.map(row).collect()).to_string())
        })
    }

    /// Each parameter as a tensor.
    #[napi]
    pub fn parameters(&self) -> napi::Result<Vec<u32>> {
        guard(|| Ok(self.gpt.parameters().vars().iter().cloned().map(put).collect()))
    }

    /// Logits.
    #[napi]
    pub fn forward(&self, ids: u32) -> napi::Result<u32> {
        guard(|| {
            let ids = get(ids)?;
            let logits: Var = trace::on(|| self.gpt.forward(ids.value(), self.pass()))?;
            Ok(put(logits))
        })
    }

    /// Mean cross-entropy.
    #[napi]
    pub fn loss(&self, ids: u32, targets: u32) -> napi::Result<u32> {
        guard(|| {
            let (ids, targets) = (get(ids)?, get(targets)?);
            let loss: Var = trace::on(|| self.gpt.loss(ids.value(), targets.value(), self.pass()))?;
            Ok(put(loss))
        })
    }

    /// Sets all gradients to zero.
    #[napi]
    pub fn zero_grad(&self) -> napi::Result<()> {
        guard(|| Ok(self.gpt.parameters().zero_grad()?))
    }

    /// Configuration, weights and tokenizer as a folder.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn save(&self, folder: String, tokenizer: &NativeTokenizer) -> AsyncTask<Job<(), ()>> {
        let (gpt, tokenizer) = (self.gpt.clone(), tokenizer.tokenizer.clone());
        errand(move || {
            let rows = gpt.config().vocab_size;
            if tokenizer.vocab_size() > rows {
                let message = format!(
                    "save: the tokenizer has {} tokens, the model's table {rows} rows; it is not this model's",
                    tokenizer.vocab_size()
                );
                return Err(Failure::new("checkpoint", "save", message));
            }
            Ok(checkpoint::save_model(&PathBuf::from(folder), &gpt, &tokenizer)?)
        })
    }
}
