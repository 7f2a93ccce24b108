//! Checkpoints, and files of tensors.
use crate::engine::data::write_atomically;
use crate::engine::device::DType;
use crate::engine::tensor::Tensor;
use crate::engine::transformer::checkpoint::{self, NamedTensor, TrainerFile};
use crate::engine::transformer::train;
use crate::table::{get_all, put_tensor};
use crate::{Device, Error, Gpt, Job, Result, Tokenizer, Trainer};
use std::cell::RefCell;
use std::path::PathBuf;

exports! { ($) checkpoint_functions
    later {
        save_tensors: (path: String, names: Texts, tensors: Handles) -> Unit;
        load_tensors: (path: String, device: &Device) -> TensorFile;
    }
}

exports! { ($) checkpoint_class
    class Checkpoint as NativeCheckpoint
    now {
        gpt: () -> Gpt;
        tokenizer: () -> Tokenizer;
        about: () -> String;
    }
}

exports! { ($) tensor_file_class
    class TensorFile as NativeTensorFile
    now {
        names: () -> Texts;
        take: () -> Handles;
    }
}

/// A checkpoint, opened.
pub struct Checkpoint {
    gpt: crate::engine::transformer::Gpt,
    tokenizer: Tokenizer,
    trainer: RefCell<Option<train::Trainer>>,
    about: String,
}

/// Opens a checkpoint folder.
pub fn load_checkpoint(folder: String, device: &Device) -> Result<Job<Checkpoint>> {
    let device = device.0.clone();
    Ok(Job::of(async move || {
        let folder = PathBuf::from(folder);
        if TrainerFile::read_if_there(&folder)?.is_some() {
            let (trainer, tokenizer, file) = train::Trainer::resume(&folder, &device)?;
            return Ok(Checkpoint {
                gpt: trainer.model().clone(),
                tokenizer: tokenizer.into(),
                trainer: RefCell::new(Some(trainer)),
                about: file.data,
            });
        }
        let loaded = checkpoint::load(&folder, &device)?;
        let (gpt, tokenizer) = (loaded.model, loaded.tokenizer.into());
        Ok(Checkpoint { gpt, tokenizer, trainer: RefCell::default(), about: String::new() })
    }))
}

impl Checkpoint {
    /// The model.
    pub fn gpt(&self) -> Result<Gpt> {
        Gpt::new(self.gpt.clone())
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        Ok(self.tokenizer.clone())
    }

    /// Its trainer, for a run to go on; the first call takes it.
    pub fn trainer(&self) -> Result<Option<Trainer>> {
        Ok(self.trainer.take().map(Trainer::new))
    }

    /// What it was trained on, in words.
    pub fn about(&self) -> Result<String> {
        Ok(self.about.clone())
    }
}

/// Named tensors as a safetensors file, each in its own dtype.
pub fn save_tensors(path: String, names: Vec<String>, tensors: Vec<u32>) -> Result<Job<()>> {
    let op = "saveTensors";
    let tensors: Vec<Tensor> = get_all(&tensors)?.iter().map(|v| v.value().clone()).collect();
    for tensor in &tensors {
        tensor.expect_float(op)?;
    }
    if names.len() != tensors.len() {
        return Err(Error::argument(op, "each tensor needs a name"));
    }
    Ok(Job::of(async move || {
        let mut named = Vec::with_capacity(names.len());
        for (name, tensor) in names.into_iter().zip(tensors) {
            let shape = tensor.shape().to_vec();
            let data = tensor.cast(DType::F32)?.read::<f32>().await?;
            named.push((NamedTensor { name, shape, data }, tensor.dtype()));
        }
        let each: Vec<_> = named.iter().map(|(tensor, dtype)| (tensor, *dtype)).collect();
        let bytes = checkpoint::write_tensors_as(&each)?;
        Ok(write_atomically(&PathBuf::from(path), &bytes)?)
    }))
}

/// Tensors of a file.
pub struct TensorFile {
    names: Vec<String>,
    tensors: RefCell<Vec<Tensor>>,
}

/// Opens a safetensors file.
pub fn load_tensors(path: String, device: &Device) -> Result<Job<TensorFile>> {
    let device = device.0.clone();
    Ok(Job::of(async move || {
        let (mut names, mut tensors) = (Vec::new(), Vec::new());
        // In the order of their names.
        for (name, tensor) in checkpoint::read_tensors(&PathBuf::from(path))? {
            tensors.push(Tensor::from_slice(&device, &tensor.data, &tensor.shape)?);
            names.push(name);
        }
        Ok(TensorFile { names, tensors: RefCell::new(tensors) })
    }))
}

impl TensorFile {
    /// The tensors' names.
    pub fn names(&self) -> Result<Vec<String>> {
        Ok(self.names.clone())
    }

    /// The tensors, in the names' order; the first call takes them.
    pub fn take(&self) -> Result<Vec<u32>> {
        Ok(self.tensors.take().into_iter().map(put_tensor).collect())
    }
}
