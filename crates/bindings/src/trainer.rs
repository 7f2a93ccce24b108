//! Rust's own training step.
use crate::engine::autograd::ParamInfo;
use crate::engine::data::{Batch, IGNORE};
use crate::engine::tensor::Tensor;
use crate::engine::transformer::checkpoint::CheckpointState;
use crate::engine::transformer::train::{self, Length, TrainConfig};
use crate::error::{parse, show};
use crate::job::can_wait;
use crate::numbers::rate;
use crate::table::put_tensor;
use crate::{Dataset, Elements, Gpt, Job, Result, Tokenizer};
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

exports! { ($) trainer_class
    class Trainer as NativeTrainer
    now {
        config: () -> String;
        done: () -> String;
        set_length: (length: String) -> Unit;
        text_changed: (data: &Dataset) -> bool;
        scheduled_lr: () -> f64;
        step_now: (inputs: LentIds, targets: LentIds, lr: f64) -> String;
        moments: (name: String) -> Handles;
        fit: (data: &Dataset, folder: MaybeText, save_every: MaybeText, about: String, on: Listener) -> Run;
    }
    later {
        step: (inputs: LentIds, targets: LentIds, lr: f64) -> String;
        evaluate: (data: &Dataset, batches: f64) -> String;
        save: (folder: String, tokenizer: &Tokenizer, about: String) -> Unit;
    }
}

/// A model being trained.
#[derive(Clone)]
pub struct Trainer {
    trainer: Arc<Mutex<train::Trainer>>,
    status: Arc<Mutex<Status>>,
    moments: [Tensor; 2],
    infos: Arc<[ParamInfo]>,
}

/// What can be looked at while a run holds the trainer.
pub(crate) struct Status {
    pub config: TrainConfig,
    pub done: CheckpointState,
}

/// What a mutex guards, unless a job has it. Nobody waits for one, so it may be held across awaits.
pub(crate) fn take<'a, T>(mutex: &'a Mutex<T>, op: &str, why: &str) -> Result<MutexGuard<'a, T>> {
    match mutex.try_lock() {
        Ok(guard) => Ok(guard),
        // What it guards is whole between any two statements.
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(error!("busy", op, "{why}")),
    }
}

impl Trainer {
    pub(crate) fn new(trainer: train::Trainer) -> Self {
        let status = Status { config: trainer.config().clone(), done: trainer.done() };
        let (m, v) = trainer.optimizer().moments();
        Trainer {
            moments: [m.clone(), v.clone()],
            infos: trainer.model().parameters().infos().into(),
            status: Arc::new(Mutex::new(status)),
            trainer: Arc::new(Mutex::new(trainer)),
        }
    }

    /// The trainer, unless a run or a step has it.
    pub(crate) fn take(&self, op: &str) -> Result<MutexGuard<'_, train::Trainer>> {
        take(&self.trainer, op, "this model is being trained already; await that run first")
    }

    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A trainer for a model.
pub fn create_trainer(gpt: &Gpt, config: String) -> Result<Trainer> {
    Ok(Trainer::new(train::Trainer::new(gpt.gpt.clone(), parse("fit", &config)?)?))
}

/// A step's batches, which come one after the other.
fn batches(trainer: &train::Trainer, inputs: &[u32], targets: &[u32]) -> Result<Vec<Batch>> {
    let config = trainer.config();
    let (rows, context, several) = (config.batch, config.context, config.accumulate);
    let each = rows.saturating_mul(context);
    let all = each.saturating_mul(several);
    if inputs.len() != all || targets.len() != all || each == 0 {
        let (i, t) = (inputs.len(), targets.len());
        return Err(error!(
            "shape",
            "step", "{i} inputs and {t} targets for {several} batches of shape [{rows}, {context}]"
        ));
    }
    let parts = inputs.chunks(each).zip(targets.chunks(each));
    let batch = |(inputs, targets): (&[u32], &[u32])| Batch {
        scored: targets.iter().filter(|&&t| t != IGNORE).count(),
        inputs: inputs.to_vec(),
        targets: targets.to_vec(),
        batch: rows,
        context,
        bytes: 0,
        floor_nats: None,
    };
    Ok(parts.map(batch).collect())
}

impl Trainer {
    /// How the run is set up.
    pub fn config(&self) -> Result<String> {
        show("fit", &self.status().config)
    }

    /// How far it has come.
    pub fn done(&self) -> Result<String> {
        show("fit", &self.status().done)
    }

    /// Gives the run another length.
    pub fn set_length(&self, length: String) -> Result<()> {
        let length: Length = parse("fit", &length)?;
        let mut trainer = self.take("fit")?;
        trainer.set_length(length)?;
        self.status().config = trainer.config().clone();
        Ok(())
    }

    /// Is this another text than the run has had so far?
    pub fn text_changed(&self, data: &Dataset) -> Result<bool> {
        Ok(self.take("fit")?.text_changed(&data.0))
    }

    /// The learning rate that a run gives the next step.
    pub fn scheduled_lr(&self) -> Result<f64> {
        let trainer = self.take("step")?;
        Ok(f64::from(trainer.scheduled_lr(trainer.done().step)?))
    }

    /// One step; what the trainer says of itself follows.
    pub fn step(
        &self,
        inputs: impl Elements<u32>,
        targets: impl Elements<u32>,
        lr: f64,
    ) -> Result<Job<String>> {
        let this = self.clone();
        let (inputs, targets) = (inputs.get()?.into_owned(), targets.get()?.into_owned());
        Ok(Job::of(async move || {
            let mut trainer = this.take("step")?;
            let batches = batches(&trainer, &inputs, &targets)?;
            let r = trainer.step_of_async(&batches, rate("step", lr)?).await?;
            this.status().done = trainer.done();
            let report = json!({
                "step": r.step, "loss": r.loss, "norm": r.norm, "lr": r.lr, "tokens": r.tokens,
            });
            Ok(report.to_string())
        }))
    }

    /// One step, now.
    pub fn step_now(
        &self,
        inputs: impl Elements<u32>,
        targets: impl Elements<u32>,
        lr: f64,
    ) -> Result<String> {
        can_wait("step", self.moments[0].device())?;
        self.step(inputs, targets, lr)?.wait("step")
    }

    /// The moments m and v of a parameter.
    pub fn moments(&self, name: String) -> Result<Vec<u32>> {
        let none = || error!("argument", "moments", "the model has no parameter {name:?}");
        let info = self.infos.iter().find(|info| info.name == name).ok_or_else(none)?;
        let place = |arena: &Tensor| Ok(put_tensor(info.place(arena)?));
        self.moments.iter().map(place).collect()
    }

    /// Held-out loss.
    pub fn evaluate(&self, data: &Dataset, batches: f64) -> Result<Job<String>> {
        let (this, data) = (self.clone(), data.0.clone());
        Ok(Job::of(async move || {
            let trainer = this.take("evaluate")?;
            let rows = trainer.config().batch;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at least 1, and more than there are counts as many as there are"
            )]
            let count = data.validation_batches(rows).min(batches.max(1.0) as usize);
            let held_out = (0..count).map(|i| data.validation(i, rows));
            let score = trainer.evaluate_async(held_out).await?;
            Ok(json!({"nats": score.nats, "tokens": score.tokens}).to_string())
        }))
    }

    /// Saves a checkpoint.
    pub fn save(&self, folder: String, tokenizer: &Tokenizer, about: String) -> Result<Job<()>> {
        let (this, tokenizer) = (self.clone(), tokenizer.0.clone());
        Ok(Job::of(async move || {
            let trainer = this.take("save")?;
            Ok(trainer.save_async(&PathBuf::from(folder), &tokenizer, &about).await?)
        }))
    }
}
