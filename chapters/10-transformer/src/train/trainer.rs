use super::{Evaluation, Length, TrainConfig};
use crate::checkpoint::{self, CheckpointState, RunFolder, TrainerFile};
use crate::{Error, Gpt, Pass, Result};
use std::path::Path;
use strata_adamw::{AdamW, AdamWConfig};
use strata_autograd::no_grad;
use strata_data::{Batch, Dataset, Tokenizer};
use strata_device::{Buffer, Device, Recording, StepState};
use strata_tensor::{DType, Tensor};

/// A model being trained: its optimizer, its buffers for a batch, and from the second step on, where
/// the machine gains by it, a recording of a whole step.
#[derive(Debug)]
pub struct Trainer {
    pub(super) model: Gpt,
    pub(super) config: TrainConfig,
    pub(super) optimizer: AdamW,
    pub(super) state: Buffer,
    pub(super) ids: Tensor,
    pub(super) targets: Tensor,
    /// Where a step has several batches: this one's part of the scored tokens, and the loss of those
    /// before it.
    pub(super) part: Option<[Tensor; 2]>,
    pub(super) recording: Option<(Recording, Tensor)>,
    /// Steps, or batches of one, that were launched op by op.
    pub(super) eager: u32,
    pub(super) done: CheckpointState,
    /// SHA-256 of the text that [`fit`](super::fit) trains on.
    text: Option<String>,
}

impl Trainer {
    /// A trainer for a model.
    ///
    /// # Errors
    /// A number out of its range, a configuration that is not the model's, no room on the device.
    pub fn new(model: Gpt, config: TrainConfig) -> Result<Self> {
        config.validate()?;
        let device = model.device().clone();
        let optimizer = AdamW::new(
            model.parameters(),
            AdamWConfig {
                betas: config.betas,
                eps: 1e-8,
                weight_decay: config.weight_decay,
                clip: config.clip,
            },
        )?;
        let shape = [config.batch, config.context];
        let state = device.step_state(StepState { loss_scale: 1.0, ..StepState::default() })?;
        let ids = Tensor::zeros(&device, DType::U32, &shape)?;
        let targets = Tensor::zeros(&device, DType::U32, &shape)?;
        let done = CheckpointState::default();
        let part = match config.accumulate {
            1 => None,
            _ => Some([
                Tensor::zeros(&device, DType::F32, &[])?,
                Tensor::zeros(&device, DType::F32, &[])?,
            ]),
        };
        Ok(Trainer {
            model,
            config,
            optimizer,
            state,
            ids,
            targets,
            part,
            recording: None,
            eager: 0,
            done,
            text: None,
        })
    }

    /// A trainer that goes on where a checkpoint stopped: on one device, to the same bits as if it
    /// had never stopped.
    ///
    /// # Errors
    /// A checkpoint without a trainer's state, or a damaged one.
    pub fn resume(folder: &Path, device: &Device) -> Result<(Self, Tokenizer, TrainerFile)> {
        let (loaded, moments) = checkpoint::open_run(folder, device)?;
        let Some(file) = loaded.state else {
            return Err(Error::checkpoint(folder, "its trainer.json is gone"));
        };
        let mut trainer = Trainer::new(loaded.model, file.config.clone())?;
        trainer.done = file.state;
        trainer.text = file.data_sha256.clone();
        let path = folder.join("optimizer.safetensors");
        let (m, v) = trainer.optimizer.moments();
        checkpoint::read_moments(&trainer.model, &path, &moments, "m.", m)?;
        checkpoint::read_moments(&trainer.model, &path, &moments, "v.", v)?;
        Ok((trainer, loaded.tokenizer, file))
    }

    /// The model.
    pub fn model(&self) -> &Gpt {
        &self.model
    }

    /// The optimizer: moments and gradient norm.
    pub fn optimizer(&self) -> &AdamW {
        &self.optimizer
    }

    /// How the run is set up.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Gives the run a new length: a resumed run may go on for longer than was planned.
    ///
    /// # Errors
    /// A length out of its range.
    pub fn set_length(&mut self, length: Length) -> Result<()> {
        let config = TrainConfig { length, ..self.config.clone() };
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// How far it has come.
    pub fn done(&self) -> CheckpointState {
        self.done
    }

    /// Is this another text than the one that the run was trained on so far? Then it does not go on to
    /// the same bits. False where that is not known: for stories, and before the first
    /// [`fit`](super::fit).
    pub fn text_changed(&self, data: &Dataset) -> bool {
        self.text.is_some() && self.text.as_deref() != data.digest()
    }

    pub(super) fn set_text(&mut self, data: &Dataset) {
        self.text = data.digest().map(String::from);
    }

    /// The batches of the step after `step` steps, as [`fit`](super::fit) gives them to
    /// [`step_of`](Self::step_of): batches are counted from the run's beginning, so a step of several
    /// takes the next ones.
    pub fn batches(&self, data: &Dataset, step: u64) -> Vec<Batch> {
        let several = self.config.accumulate as u64;
        let first = step.wrapping_mul(several);
        (0..several).map(|i| data.train(first.wrapping_add(i), self.config.batch)).collect()
    }

    /// The learning rate that [`fit`](super::fit) gives the step after `step` steps, for a driver
    /// that makes the steps itself.
    ///
    /// # Errors
    /// The run's length is in minutes: then the clock decides, which only `fit` reads.
    pub fn scheduled_lr(&self, step: u64) -> Result<f32> {
        match self.config.length {
            Length::Steps(_) => self.config.lr_after(step, 0.0),
            Length::Minutes(_) => Err(Error::Value(
                "the learning rate of a run in minutes follows the clock: give the run a number \
                 of steps, or train with fit"
                    .into(),
            )),
        }
    }

    pub(crate) fn note_time(&mut self, seconds: f64, validation: Option<f64>) {
        self.done.seconds += seconds;
        self.done.validation = validation.or(self.done.validation);
    }

    /// The whole model in inference: no dropout.
    pub fn pass(&self) -> Pass<'_> {
        Pass { state: &self.state, dropout: 0.0 }
    }

    /// Mean loss over batches, without dropout, without a tape, and without smoothing: the plain
    /// cross-entropy, whatever the run is trained on.
    ///
    /// # Errors
    /// As [`step_async`](Self::step_async); [`Error::NotFinite`].
    pub async fn evaluate_async(
        &self,
        batches: impl IntoIterator<Item = Batch>,
    ) -> Result<Evaluation> {
        let mut sum = Evaluation::default();
        // A batch of padding has no mean.
        for batch in batches.into_iter().filter(|batch| batch.scored > 0) {
            self.check_and_upload(&batch)?;
            let loss = no_grad(|| self.model.loss(&self.ids, &self.targets, self.pass()))?;
            let scored = batch.scored as u64;
            let mean = loss.value().item_async::<f32>().await?;
            sum.nats += f64::from(mean) * scored as f64;
            sum.tokens = sum.tokens.saturating_add(scored);
        }
        match sum.nats.is_finite() {
            true => Ok(sum),
            false => Err(self.model.not_finite_async("the loss of the text").await),
        }
    }

    /// Saves a checkpoint; the one that was there survives until the new one is whole. `data` says
    /// what it is trained on: `stories`, `book`, or a path, from the folder on.
    ///
    /// # Errors
    /// The folder cannot be written, has no room, or is in use by another run; nothing half-written
    /// is left.
    pub async fn save_async(&self, folder: &Path, words: &Tokenizer, data: &str) -> Result<()> {
        self.save_in_async(&RunFolder::open(folder)?, words, data).await
    }

    /// [`save_async`](Self::save_async) into a folder that this run has already.
    ///
    /// # Errors
    /// As [`save_async`](Self::save_async).
    pub async fn save_in_async(
        &self,
        folder: &RunFolder,
        tokenizer: &Tokenizer,
        data: &str,
    ) -> Result<()> {
        let (m, v) = self.optimizer.moments();
        let mut moments = checkpoint::arena_tensors(&self.model, m, "m.").await?;
        moments.extend(checkpoint::arena_tensors(&self.model, v, "v.").await?);
        let moments = checkpoint::write_tensors(&moments)?;
        let weights = checkpoint::write_tensors(&checkpoint::weights_async(&self.model).await?)?;
        let mut staged = folder.stage()?;
        let [config, model, words] =
            checkpoint::stage_model(&mut staged, &self.model, &weights, tokenizer, DType::F32)?;
        staged.add("optimizer.safetensors", &moments)?;
        let file = TrainerFile {
            config: self.config.clone(),
            precision: self.model.device().precision(),
            state: self.done,
            data: data.into(),
            data_sha256: self.text.clone(),
            model_sha256: model,
            optimizer_sha256: checkpoint::digest(&moments),
            config_sha256: Some(config),
            tokenizer_sha256: Some(words),
        };
        staged.add("trainer.json", file.to_json()?.as_bytes())?;
        Ok(staged.commit()?)
    }
}
