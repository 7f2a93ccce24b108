//! Checkpoints, and files of tensors.
use crate::device::NativeDevice;
use crate::failure::Failure;
use crate::gpt::NativeGpt;
use crate::guard::guard;
use crate::job::{Job, errand, job};
use crate::table::{get_all, put_tensor};
use crate::tokenizer::NativeTokenizer;
use crate::trainer::NativeTrainer;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use std::path::PathBuf;
use strata_ml::data::{Tokenizer, write_atomically};
use strata_ml::device::DType;
use strata_ml::tensor::Tensor;
use strata_ml::transformer::Gpt;
use strata_ml::transformer::checkpoint::{self, NamedTensor, TrainerFile};
use strata_ml::transformer::train::Trainer;

/// What a folder held, on its way to JavaScript's thread.
pub struct Opened {
    gpt: Gpt,
    tokenizer: Tokenizer,
    trainer: Option<Trainer>,
    about: String,
}

/// A checkpoint, opened.
#[napi]
pub struct NativeCheckpoint {
    gpt: Gpt,
    tokenizer: Tokenizer,
    trainer: Option<Trainer>,
    about: String,
}

/// Opens a checkpoint folder.
#[napi(ts_return_type = "Promise<NativeCheckpoint>")]
pub fn load_checkpoint(
    folder: String,
    device: &NativeDevice,
) -> AsyncTask<Job<Opened, NativeCheckpoint>> {
    let device = device.device.clone();
    let work = move || {
        let folder = PathBuf::from(folder);
        if TrainerFile::read_if_there(&folder)?.is_some() {
            let (trainer, tokenizer, file) = Trainer::resume(&folder, &device)?;
            let gpt = trainer.model().clone();
            return Ok(Opened { gpt, tokenizer, trainer: Some(trainer), about: file.data });
        }
        let loaded = checkpoint::load(&folder, &device)?;
        let (gpt, tokenizer) = (loaded.model, loaded.tokenizer);
        Ok(Opened { gpt, tokenizer, trainer: None, about: String::new() })
    };
    job(work, |o| {
        let (gpt, tokenizer) = (o.gpt, o.tokenizer);
        Ok(NativeCheckpoint { gpt, tokenizer, trainer: o.trainer, about: o.about })
    })
}

#[napi]
impl NativeCheckpoint {
    /// The model.
    #[napi]
    pub fn gpt(&self) -> napi::Result<NativeGpt> {
        guard(|| NativeGpt::new(self.gpt.clone()))
    }

    /// Its tokenizer.
    #[napi]
    pub fn tokenizer(&self) -> napi::Result<NativeTokenizer> {
        guard(|| Ok(self.tokenizer.clone().into()))
    }

    /// Its trainer, for a run to go on; the first call takes it.
    #[napi]
    pub fn trainer(&mut self) -> napi::Result<Option<NativeTrainer>> {
        guard(|| Ok(self.trainer.take().map(NativeTrainer::new)))
    }

    /// What it was trained on, in words.
    #[napi]
    pub fn about(&self) -> napi::Result<String> {
        guard(|| Ok(self.about.clone()))
    }
}

/// Named tensors as a safetensors file.
#[napi(ts_return_type = "Promise<void>")]
pub fn save_tensors(
    path: String,
    names: Vec<String>,
    tensors: Vec<u32>,
) -> napi::Result<AsyncTask<Job<(), ()>>> {
    guard(|| {
        let op = "saveTensors";
        let tensors: Vec<Tensor> = get_all(&tensors)?.iter().map(|v| v.value().clone()).collect();
        for tensor in &tensors {
            tensor.expect_dtype(op, DType::F32)?;
        }
        if names.len() != tensors.len() {
            return Err(Failure::argument(op, "each tensor needs a name"));
        }
        Ok(errand(move || {
            let mut named = Vec::with_capacity(names.len());
            for (name, tensor) in names.into_iter().zip(tensors) {
                let shape = tensor.shape().to_vec();
                named.push(NamedTensor { name, shape, data: tensor.to_vec::<f32>()? });
            }
            let bytes = checkpoint::write_tensors(&named)?;
            Ok(write_atomically(&PathBuf::from(path), &bytes)?)
        }))
    })
}

/// Tensors of a file.
#[napi]
pub struct NativeTensorFile {
    names: Vec<String>,
    tensors: Vec<Tensor>,
}

/// Opens a safetensors file.
#[napi(ts_return_type = "Promise<NativeTensorFile>")]
pub fn load_tensors(
    path: String,
    device: &NativeDevice,
) -> AsyncTask<Job<(Vec<String>, Vec<Tensor>), NativeTensorFile>> {
    let device = device.device.clone();
    let work = move || {
        let found = checkpoint::read_tensors(&PathBuf::from(path))?;
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let mut file = (Vec::new(), Vec::new());
        for (name, tensor) in found {
            file.1.push(Tensor::from_slice(&device, &tensor.data, &tensor.shape)?);
            file.0.push(name);
        }
        Ok(file)
    };
    job(work, |(names, tensors)| Ok(NativeTensorFile { names, tensors }))
}

#[napi]
impl NativeTensorFile {
    /// The tensors' names.
    #[napi]
    pub fn names(&self) -> napi::Result<Vec<String>> {
        guard(|| Ok(self.names.clone()))
    }

    /// The tensors, in the names' order; the first call takes them.
    #[napi]
    pub fn take(&mut self) -> napi::Result<Vec<u32>> {
        guard(|| Ok(std::mem::take(&mut self.tensors).into_iter().map(put_tensor).collect()))
    }
}
