//! A checkpoint is a folder: `config.json`, `model.safetensors`, `tokenizer.json`,
//! `optimizer.safetensors`, `trainer.json`. The first three are what `transformers` and
//! `tokenizers` write and read. In place of `model.safetensors` there may be several files and
//! `model.safetensors.index.json`, which says what is where.
//!
//! A save makes all of them current at once ([`strata_files::Staged`]): whenever the process or the
//! power is lost, the folder holds the save before or the save after. A file's shapes are held
//! against its bytes before any memory is taken for them.

mod folder;
mod hf;
mod shards;
mod snapshot;
mod source;
mod tensors;
mod text;
mod trainer;

#[cfg(not(target_family = "wasm"))]
pub use crate::blocking::{save_model, weights};
pub use folder::RunFolder;
pub use hf::{read_config, write_config};
pub(crate) use snapshot::Snapshot;
pub use tensors::{NamedTensor, read_tensors, write_tensors, write_tensors_as};
pub use text::{keep_source, kept_source, whole};
pub(crate) use trainer::digest;
pub use trainer::{CheckpointState, TrainerFile};

use crate::{Error, Gpt, GptConfig, Result};
use hf::parse_config;
use shards::Index;
use source::Source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use strata_autograd::{ParamInfo, Weights};
use strata_data::{DataError, Tokenizer};
use strata_device::Device;
use strata_files::Staged;
use strata_tensor::{DType, Tensor, ops::copy_into};

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

/// The files that make a model.
const MODEL: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];

/// Opens a checkpoint folder, Strata's or one that `transformers` saved from a `GPT2LMHeadModel`, its
/// weights in one file or in several.
///
/// # Errors
/// A missing, damaged or foreign file; tensors that are missing or of another shape than
/// `config.json` says; a head that is not the token table.
pub fn load(folder: &Path, device: &Device) -> Result<Loaded> {
    let Some(index) = Index::find(folder)? else {
        let mut files = Snapshot::read(folder, &MODEL)?;
        return open_model(folder, &mut files, device);
    };
    let shards = index.shards();
    let mut files = Snapshot::read(folder, &[[MODEL[0], MODEL[2]].as_slice(), &shards].concat())?;
    let (config, words) = (files.take(0), files.take(1));
    let taken = (2..).zip(shards).map(|(at, name)| (folder.join(name), files.take(at)));
    let taken: Vec<(PathBuf, Vec<u8>)> = taken.collect();
    let source = Source::of_shards(&index.path, &taken)?;
    index.check(folder, &source)?;
    build(folder, &config, words, source, None, device)
}

/// The model and tokenizer among the files of a snapshot, the first three of which are [`MODEL`].
fn open_model(folder: &Path, files: &mut Snapshot, device: &Device) -> Result<Loaded> {
    let state = files.trainer.clone();
    let [config, weights, words] = [files.take(0), files.take(1), files.take(2)];
    let path = folder.join(MODEL[1]);
    let source = Source::new(&path, &weights, "")?;
    build(folder, &config, words, source, state, device)
}

fn build(
    folder: &Path,
    config: &[u8],
    words: Vec<u8>,
    source: Source,
    state: Option<TrainerFile>,
    device: &Device,
) -> Result<Loaded> {
    let path = folder.join(MODEL[0]);
    let config = parse_config(&path, config)?;
    if let Some(state) = &state {
        same_config(&path, &config, &state.config.model)?;
    }
    let path = folder.join(MODEL[2]);
    let tokenizer = parse_tokenizer(&path, words)?;
    if tokenizer.vocab_size() > config.vocab_size {
        let (have, want) = (tokenizer.vocab_size(), config.vocab_size);
        let reason = format!("{have} tokens, but the model's table has {want} rows");
        return Err(Error::checkpoint(&path, reason));
    }
    let mut source = Weighed { config: &config, source };
    source.weigh()?;
    let model = Gpt::with_weights(&config, device, &mut source)?;
    Ok(Loaded { model, tokenizer, state })
}

/// Every tensor of a checkpoint's weights by name, as [`read_tensors`] has them: those of
/// `model.safetensors`, or of all its shards.
///
/// # Errors
/// As [`read_tensors`]; a shard is missing, or two have a tensor of one name.
pub fn read_weights(folder: &Path) -> Result<BTreeMap<String, NamedTensor>> {
    let Some(index) = Index::find(folder)? else {
        return read_tensors(&strata_files::current(folder, MODEL[1]));
    };
    let mut all = BTreeMap::new();
    for shard in index.shards() {
        let path = folder.join(shard);
        for (name, tensor) in read_tensors(&path)? {
            if all.contains_key(&name) {
                let reason = format!("tensor {name} is in another shard as well");
                return Err(Error::checkpoint(&path, reason));
            }
            all.insert(name, tensor);
        }
    }
    Ok(all)
}

fn parse_tokenizer(path: &Path, bytes: Vec<u8>) -> Result<Tokenizer> {
    let fail = |reason: String| Error::checkpoint(path, reason);
    let text = String::from_utf8(bytes).map_err(|e| fail(format!("not UTF-8 text: {e}")))?;
    Tokenizer::from_json(&text).map_err(|error| match error {
        DataError::TokenizerFile { message, .. } => fail(message),
        other => other.into(),
    })
}

/// A run's model, tokenizer and trainer's state, with the bytes of its optimizer's.
pub(crate) fn open_run(folder: &Path, device: &Device) -> Result<(Loaded, Vec<u8>)> {
    let names = [MODEL[0], MODEL[1], MODEL[2], "optimizer.safetensors"];
    if TrainerFile::read_if_there(folder)?.is_none() && folder.is_dir() {
        let reason = "it has no trainer.json, so there is no run to resume; a new run can begin \
                      with its weights";
        return Err(Error::checkpoint(folder, reason));
    }
    let mut files = Snapshot::read(folder, &names)?;
    let moments = files.take(3);
    Ok((open_model(folder, &mut files, device)?, moments))
}

/// A file of weights, held against the configuration before memory is taken.
struct Weighed<'a> {
    config: &'a GptConfig,
    source: Source<'a>,
}

impl Weighed<'_> {
    /// Are there as many tensors as so many layers need? Asked before the layers are even named.
    fn weigh(&self) -> Result<()> {
        let (layers, have) = (self.config.n_layer, self.source.len());
        let need = layers.saturating_mul(Gpt::TENSORS_IN_A_LAYER);
        if need > have {
            let reason = format!(
                "it holds {have} tensors, but the {layers} layers of config.json have {need}: {}",
                "the file is damaged or belongs to another model"
            );
            return Err(Error::checkpoint(self.source.path(), reason));
        }
        Ok(())
    }
}

impl Weights<Error> for Weighed<'_> {
    fn check(&mut self, infos: &[ParamInfo]) -> Result<()> {
        infos.iter().try_for_each(|info| self.source.check(&info.name, &info.shape))?;
        if let Some(name) = self.source.stranger(infos) {
            let layers = self.config.n_layer;
            let reason = format!("tensor {name} belongs to no GPT-2 of {layers} layers");
            return Err(Error::checkpoint(self.source.path(), reason));
        }
        self.source.check_head()
    }

    fn fill(&mut self, infos: &[ParamInfo], arena: &mut [f32]) -> Result<()> {
        infos.iter().try_for_each(|info| self.source.fill(info, arena))
    }
}

/// Reads the weights of a file into a model, under GPT-2's names with or without `transformer.`.
///
/// # Errors
/// A tensor that is missing, of another shape, or unknown.
pub fn load_weights(model: &Gpt, path: &Path) -> Result<()> {
    let bytes = strata_files::read(path, u64::MAX)?;
    let mut source = Weighed { config: model.config(), source: Source::new(path, &bytes, "")? };
    let params = model.parameters();
    source.check(params.infos())?;
    let mut arena = vec![0f32; params.arena_len()];
    source.fill(params.infos(), &mut arena)?;
    write_arena(&arena, &params.values()?)?;
    Ok(params.refresh()?)
}

/// An arena of the optimizer's from the bytes of its file.
pub(crate) fn read_moments(
    model: &Gpt,
    path: &Path,
    bytes: &[u8],
    prefix: &'static str,
    into: &Tensor,
) -> Result<()> {
    let source = Source::new(path, bytes, prefix)?;
    let mut arena = vec![0f32; model.parameters().arena_len()];
    for info in model.parameters().infos() {
        source.fill(info, &mut arena)?;
    }
    write_arena(&arena, into)
}

/// Overwrites an arena, whatever dtype it is kept in: files hold f32.
fn write_arena(numbers: &[f32], into: &Tensor) -> Result<()> {
    if into.dtype() == DType::F32 {
        return Ok(into.write(numbers)?);
    }
    let wide = Tensor::from_slice(into.device(), numbers, into.shape())?;
    Ok(copy_into(&wide.cast(into.dtype())?, into)?)
}

/// The weights of a model as named tensors, in the order of declaration.
///
/// # Errors
/// The device fails.
pub async fn weights_async(model: &Gpt) -> Result<Vec<NamedTensor>> {
    arena_tensors(model, &model.parameters().values()?, "").await
}

/// An arena as named tensors.
#[expect(
    clippy::indexing_slicing,
    reason = "an arena of the model's has a place for each parameter"
)]
pub(crate) async fn arena_tensors(
    model: &Gpt,
    arena: &Tensor,
    prefix: &str,
) -> Result<Vec<NamedTensor>> {
    let host = arena.cast(DType::F32)?.read::<f32>().await?;
    let named = |info: &ParamInfo| NamedTensor {
        name: format!("{prefix}{}", info.name),
        shape: info.shape.clone(),
        data: host[info.offset..info.offset + info.shape.iter().product::<usize>()].to_vec(),
    };
    Ok(model.parameters().infos().iter().map(named).collect())
}

/// Saves what `generate` and `transformers` need: configuration, weights, tokenizer; the weights in
/// f32, or rounded to bf16 or f16, in half the bytes.
///
/// # Errors
/// The folder cannot be written, holds a run, or is in use by one; a weight is beyond what the dtype
/// holds; nothing half-written is left.
pub async fn save_model_async(
    folder: &Path,
    model: &Gpt,
    tokenizer: &Tokenizer,
    dtype: DType,
) -> Result<()> {
    let weights = weights_async(model).await?;
    // What cannot be rounded is found before there is a folder.
    let weights =
        write_tensors_as(&weights.iter().map(|tensor| (tensor, dtype)).collect::<Vec<_>>())?;
    let folder = RunFolder::open(folder)?;
    folder.expect_no_run()?;
    let mut staged = folder.stage()?;
    stage_model(&mut staged, model, &weights, tokenizer, dtype)?;
    Ok(staged.commit()?)
}

/// Checksums of configuration, weights and tokenizer, as they were written.
pub(crate) fn stage_model(
    staged: &mut Staged,
    model: &Gpt,
    weights: &[u8],
    tokenizer: &Tokenizer,
    dtype: DType,
) -> Result<[String; 3]> {
    let config = write_config(model.config(), tokenizer, dtype);
    let words = tokenizer.to_json();
    let mut digests = <[String; 3]>::default();
    let files = [config.as_bytes(), weights, words.as_bytes()];
    for ((name, bytes), digest) in MODEL.iter().zip(files).zip(&mut digests) {
        staged.add(name, bytes)?;
        *digest = trainer::digest(bytes);
    }
    Ok(digests)
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
