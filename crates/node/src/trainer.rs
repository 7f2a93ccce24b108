//! Rust's own training step.
use crate::data::NativeDataset;
use crate::failure::{Failure, Outcome, json};
use crate::gpt::NativeGpt;
use crate::guard::guard;
use crate::job::{Job, errand, job};
use crate::lent::Lent;
use crate::numbers::rate;
use crate::table::put_tensor;
use crate::tokenizer::NativeTokenizer;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use strata_ml::autograd::ParamInfo;
use strata_ml::data::{Batch, IGNORE};
use strata_ml::tensor::Tensor;
use strata_ml::transformer::checkpoint::CheckpointState;
use strata_ml::transformer::train::{Length, StepReport, TrainConfig, Trainer};

/// A model being trained.
#[napi]
pub struct NativeTrainer {
    pub(crate) trainer: Arc<Mutex<Trainer>>,
    pub(crate) shown: Arc<Mutex<Shown>>,
    moments: [Tensor; 2],
    infos: Vec<ParamInfo>,
}

/// What can be looked at while a run holds the trainer.
pub(crate) struct Shown {
    pub config: TrainConfig,
    pub done: CheckpointState,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The trainer, unless a run or a step has it.
pub(crate) fn take<'a>(trainer: &'a Mutex<Trainer>, op: &str) -> Outcome<MutexGuard<'a, Trainer>> {
    match trainer.try_lock() {
        Ok(trainer) => Ok(trainer),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            let message =
                format!("{op}: this model is being trained already; await that run first");
            Err(Failure::new("busy", op, message))
        }
    }
}

impl NativeTrainer {
    pub(crate) fn new(trainer: Trainer) -> Self {
        let shown = Shown { config: trainer.config().clone(), done: trainer.done() };
        let (m, v) = trainer.optimizer().moments();
        NativeTrainer {
            moments: [m.clone(), v.clone()],
            infos: trainer.model().parameters().infos().to_vec(),
            shown: Arc::new(Mutex::new(shown)),
            trainer: Arc::new(Mutex::new(trainer)),
        }
    }
}

/// A trainer for a model.
#[napi]
pub fn create_trainer(gpt: &NativeGpt, config: String) -> napi::Result<NativeTrainer> {
    guard(|| {
        let config: TrainConfig = serde_json::from_str(&config).map_err(json("fit"))?;
        Ok(NativeTrainer::new(Trainer::new(gpt.gpt.clone(), config)?))
    })
}

/// A step's batches, which come one after the other.
fn batches(trainer: &Trainer, inputs: &[u32], targets: &[u32]) -> Outcome<Vec<Batch>> {
    let config = trainer.config();
    let (rows, context, several) = (config.batch, config.context, config.accumulate);
    let each = rows.saturating_mul(context);
    let all = each.saturating_mul(several);
    if inputs.len() != all || targets.len() != all || each == 0 {
        let (i, t) = (inputs.len(), targets.len());
        let message = format!(
            "step: {i} inputs and {t} targets for {several} batches of shape [{rows}, {context}]"
        );
        return Err(Failure::new("shape", "step", message));
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

fn report(report: &StepReport) -> Value {
    json!({"step": report.step, "loss": report.loss, "norm": report.norm, "lr": report.lr, "tokens": report.tokens})
}

/// One step; what the run shows of itself follows.
fn step(
    trainer: &Mutex<Trainer>,
    shown: &Mutex<Shown>,
    inputs: &[u32],
    targets: &[u32],
    lr: f64,
) -> Outcome<String> {
    let mut trainer = take(trainer, "step")?;
    let batches = batches(&trainer, inputs, targets)?;
    let done = trainer.step_of(&batches, rate("step", lr)?)?;
    lock(shown).done = trainer.done();
    Ok(report(&done).to_string())
}

#[napi]
impl NativeTrainer {
    /// How the run is set up.
    #[napi]
    pub fn config(&self) -> napi::Result<String> {
        guard(|| serde_json::to_string(&lock(&self.shown).config).map_err(json("fit")))
    }

    /// How far it has come.
    #[napi]
    pub fn done(&self) -> napi::Result<String> {
        guard(|| serde_json::to_string(&lock(&self.shown).done).map_err(json("fit")))
    }

    /// Gives the run another length.
    #[napi]
    pub fn set_length(&self, length: String) -> napi::Result<()> {
        guard(|| {
            let length: Length = serde_json::from_str(&length).map_err(json("fit"))?;
            let mut trainer = take(&self.trainer, "fit")?;
            trainer.set_length(length)?;
            lock(&self.shown).config = trainer.config().clone();
            Ok(())
        })
    }

    /// Is this another text than the run has had so far?
    #[napi]
    pub fn text_changed(&self, data: &NativeDataset) -> napi::Result<bool> {
        guard(|| Ok(take(&self.trainer, "fit")?.text_changed(&data.dataset)))
    }

    /// The learning rate that a run gives the next step.
    #[napi]
    pub fn scheduled_lr(&self) -> napi::Result<f64> {
        guard(|| {
            let trainer = take(&self.trainer, "step")?;
            Ok(f64::from(trainer.scheduled_lr(trainer.done().step)?))
        })
    }

    /// One step, off this thread.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn step(
        &self,
        inputs: Lent<u32>,
        targets: Lent<u32>,
        lr: f64,
    ) -> napi::Result<AsyncTask<Job<String, String>>> {
        guard(|| {
            let (trainer, shown) = (self.trainer.clone(), self.shown.clone());
            let (inputs, targets) = (inputs.owned()?, targets.owned()?);
            Ok(job(move || step(&trainer, &shown, &inputs, &targets, lr), Ok))
        })
    }

    /// One step, now.
    #[napi]
    pub fn step_now(&self, inputs: Lent<u32>, targets: Lent<u32>, lr: f64) -> napi::Result<String> {
        guard(|| step(&self.trainer, &self.shown, &inputs.get()?, &targets.get()?, lr))
    }

    /// The moments m and v of a parameter.
    #[napi]
    pub fn moments(&self, name: String) -> napi::Result<Vec<u32>> {
        guard(|| {
            let info = self.infos.iter().find(|info| info.name == name).ok_or_else(|| {
                Failure::argument("moments", format!("the model has no parameter {name:?}"))
            })?;
            let place = |arena: &Tensor| Ok(put_tensor(info.place(arena)?));
            self.moments.iter().map(place).collect()
        })
    }

    /// Held-out loss.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn evaluate(&self, data: &NativeDataset, batches: f64) -> AsyncTask<Job<String, String>> {
        let (trainer, data) = (self.trainer.clone(), data.dataset.clone());
        job(
            move || {
                let trainer = take(&trainer, "evaluate")?;
                let rows = trainer.config().batch;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at least 1, and more than there are counts as many as there are"
                )]
                let count = data.validation_batches(rows).min(batches.max(1.0) as usize);
                let score = trainer.evaluate((0..count).map(|i| data.validation(i, rows)))?;
                Ok(json!({"nats": score.nats, "tokens": score.tokens}).to_string())
            },
            Ok,
        )
    }

    /// Saves a checkpoint.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn save(
        &self,
        folder: String,
        tokenizer: &NativeTokenizer,
        about: String,
    ) -> AsyncTask<Job<(), ()>> {
        let (trainer, tokenizer) = (self.trainer.clone(), tokenizer.tokenizer.clone());
        errand(move || {
            let trainer = take(&trainer, "save")?;
            Ok(trainer.save(&PathBuf::from(folder), &tokenizer, &about)?)
        })
    }
}
