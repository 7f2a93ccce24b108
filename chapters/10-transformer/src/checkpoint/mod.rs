//! A checkpoint is a folder: `config.json`, `model.safetensors`, `tokenizer.json`,
//! `optimizer.safetensors`, `trainer.json`. The first three are what `transformers` and
//! `tokenizers` write and read.

mod files;
mod hf;
mod tensors;
mod trainer;

pub use files::Staged;
pub use hf::{read_config, write_config};
pub use tensors::{NamedTensor, read_tensors, write_tensors};
pub(crate) use trainer::digest;
pub use trainer::{CheckpointState, TrainerFile};

use crate::{Error, Gpt, GptConfig, Result};
use std::path::Path;
use strata_data::Tokenizer;
use strata_device::Device;

/// What `generate`, `eval` and fine-tuning need of a checkpoint.
#[derive(Debug)]
pub struct Loaded {
    /// The model, its weights on the device.
    pub model: Gpt,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// How far training had come, if Strata saved it.
    pub state: Option<TrainerFile>,
}

/// Opens a checkpoint folder, Strata's or one that `transformers` saved from a `GPT2LMHeadModel`.
///
/// # Errors
/// A missing, damaged or foreign file; tensors that are missing or of another shape than
/// `config.json` says.
pub fn load(folder: &Path, device: &Device) -> Result<Loaded> {
    if !folder.is_dir() {
        return Err(Error::checkpoint(folder, "there is no such folder"));
    }
    let config = read_config(&folder.join("config.json"))?;
    let state = TrainerFile::read_if_there(folder)?;
    if let Some(state) = &state {
        state.verify(folder)?;
    }
    let model = Gpt::new(&config, device, 0)?;
    load_weights(&model, &folder.join("model.safetensors"))?;
    let path = folder.join("tokenizer.json");
    let tokenizer = Tokenizer::load(&path)?;
    if tokenizer.vocab_size() > config.vocab_size {
        let (have, want) = (tokenizer.vocab_size(), config.vocab_size);
        let reason = format!("{have} tokens, but the model's table has {want} rows");
        return Err(Error::checkpoint(&path, reason));
    }
    Ok(Loaded { model, tokenizer, state })
}

/// Reads the weights of a file into a model, under GPT-2's names with or without `transformer.`.
///
/// # Errors
/// A tensor that is missing, of another shape, or unknown.
pub fn load_weights(model: &Gpt, path: &Path) -> Result<()> {
    let mut found = read_tensors(path)?;
    let params = model.parameters();
    let mut arena = vec![0f32; params.arena_len()];
    for info in params.infos() {
        let bare = info.name.strip_prefix("transformer.").unwrap_or(&info.name);
        let tensor = found
            .remove(&info.name)
            .or_else(|| found.remove(bare))
            .ok_or_else(|| Error::checkpoint(path, format!("tensor {} is missing", info.name)))?;
        if tensor.shape != info.shape {
            let (have, want) = (&tensor.shape, &info.shape);
            let reason =
                format!("tensor {} has shape {have:?}, the model needs {want:?}", info.name);
            return Err(Error::checkpoint(path, reason));
        }
        arena[info.offset..info.offset + tensor.data.len()].copy_from_slice(&tensor.data);
    }
    // GPT-2 files may carry the tied head and constant masks beside the parameters.
    let known = |name: &str| {
        name == "lm_head.weight"
            || name.ends_with(".attn.bias")
            || name.ends_with(".attn.masked_bias")
    };
    if let Some(name) = found.keys().find(|name| !known(name)) {
        let reason =
            format!("tensor {name} belongs to no GPT-2 of {} layers", model.config().n_layer);
        return Err(Error::checkpoint(path, reason));
    }
    Ok(params.values()?.write(&arena)?)
}

/// The weights of a model as named tensors, in the order of declaration.
///
/// # Errors
/// The device fails.
#[cfg(not(target_family = "wasm"))]
pub fn weights(model: &Gpt) -> Result<Vec<NamedTensor>> {
    arena_tensors(model, &model.parameters().values()?, "")
}

/// An arena cut into named tensors.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn arena_tensors(
    model: &Gpt,
    arena: &strata_tensor::Tensor,
    prefix: &str,
) -> Result<Vec<NamedTensor>> {
    let host = arena.to_vec::<f32>()?;
    let cut = |info: &strata_autograd::ParamInfo| NamedTensor {
        name: format!("{prefix}{}", info.name),
        shape: info.shape.clone(),
        data: host[info.offset..info.offset + info.shape.iter().product::<usize>()].to_vec(),
    };
    Ok(model.parameters().infos().iter().map(cut).collect())
}

/// Saves what `generate` and `transformers` need: configuration, weights, tokenizer.
///
/// # Errors
/// The folder cannot be written; nothing half-written is left.
#[cfg(not(target_family = "wasm"))]
pub fn save_model(folder: &Path, model: &Gpt, tokenizer: &Tokenizer) -> Result<()> {
    let mut staged = Staged::new(folder)?;
    stage_model(&mut staged, model, tokenizer)?;
    staged.commit()
}

#[cfg(not(target_family = "wasm"))]
pub(crate) fn stage_model(
    staged: &mut Staged,
    model: &Gpt,
    tokenizer: &Tokenizer,
) -> Result<String> {
    let weights = write_tensors(&weights(model)?)?;
    let digest = digest(&weights);
    staged.add("model.safetensors", &weights)?;
    staged.add("config.json", write_config(model.config(), tokenizer).as_bytes())?;
    staged.add("tokenizer.json", tokenizer.to_json().as_bytes())?;
    Ok(digest)
}

/// Checks that a checkpoint's configuration is the one a run asks for.
///
/// # Errors
/// They differ; the message names the field.
pub fn same_config(path: &Path, have: &GptConfig, want: &GptConfig) -> Result<()> {
    let pairs = [
        ("vocab_size", have.vocab_size, want.vocab_size),
        ("n_positions", have.n_positions, want.n_positions),
        ("n_embd", have.n_embd, want.n_embd),
        ("n_layer", have.n_layer, want.n_layer),
        ("n_head", have.n_head, want.n_head),
    ];
    match pairs.iter().find(|(_, have, want)| have != want) {
        None => Ok(()),
        Some((name, have, want)) => Err(Error::checkpoint(
            path,
            format!("it is of another configuration: {name} is {have}, this run has {want}"),
        )),
    }
}
