use super::{StepReport, Trainer, diagnose};
use crate::{Error, Pass, Result};
use std::slice;
use strata_autograd::Var;
use strata_data::{Batch, IGNORE};
use strata_device::StepState;
use strata_loss::CrossEntropy;
use strata_tensor::{Tensor, ops};

impl Trainer {
    /// One step of a run whose steps have one batch: loss, gradients, update.
    ///
    /// # Errors
    /// As [`step_of_async`](Self::step_of_async).
    pub async fn step_async(&mut self, batch: &Batch, lr: f32) -> Result<StepReport> {
        self.step_of_async(slice::from_ref(batch), lr).await
    }

    /// One step over as many batches as [`accumulate`](super::TrainConfig::accumulate) says: the loss
    /// and the gradient are those of all their scored tokens, as if they were one batch, while the
    /// device holds one at a time. Gradients add up in the arena, each batch's by its part of the
    /// scored tokens; then they are clipped, and the weights change, once. Dropout differs from batch
    /// to batch.
    ///
    /// # Errors
    /// Another number of batches, a batch of another shape, [`Error::NonFinite`] (weights and moments
    /// are then those before the step), more steps than 32 bits count, a device error.
    pub async fn step_of_async(&mut self, batches: &[Batch], lr: f32) -> Result<StepReport> {
        let (have, want) = (batches.len(), self.config.accumulate);
        if have != want {
            let said = format!("{have}; a step of this run takes {want} (accumulate)");
            return Err(Error::Value(format!("batches given: {said}")));
        }
        batches.iter().try_for_each(|batch| self.check(batch))?;
        let step = self.done.step + 1;
        let Ok(count) = u32::try_from(step) else {
            let reason =
                format!("step {step} is one too many: at most {} can be counted", u32::MAX);
            return Err(Error::Value(reason));
        };
        let scored: u64 = batches.iter().map(scored).sum();
        let loss = match self.part.clone() {
            Some(parts) => self.gather(batches, &parts, scored, count, lr)?,
            None => {
                // There is one.
                batches.iter().try_for_each(|batch| self.upload(batch))?;
                self.set_state(count, lr)?;
                self.run()?
            }
        };
        let loss = loss.item_async::<f32>().await?;
        let norm = self.optimizer.norm().item_async::<f32>().await?;
        if !loss.is_finite() || !norm.is_finite() {
            let tensor = self.blamed(batches, count, lr).await?;
            return Err(Error::NonFinite { step, loss, tensor });
        }
        self.done.step = step;
        self.done.tokens = self.done.tokens.saturating_add(scored);
        Ok(StepReport { step, loss, norm, lr, tokens: self.done.tokens })
    }

    // region: gather
    /// Loss and gradient of several batches, then the update.
    fn gather(
        &mut self,
        batches: &[Batch],
        [part, total]: &[Tensor; 2],
        all: u64,
        count: u32,
        lr: f32,
    ) -> Result<Tensor> {
        self.model.parameters().zero_grad()?;
        ops::fill_bits(total, 0)?;
        for (i, batch) in (0..).zip(batches) {
            self.upload(batch)?;
            part.write(&[share(scored(batch), all)])?;
            self.set_state(self.dropout_step(count, i), lr)?;
            self.run()?;
        }
        self.set_state(count, lr)?;
        self.optimizer.step(&self.state)?;
        Ok(total.clone())
    }
    // end: gather

    /// The number that dropout knows a batch by: batches counted from the run's beginning. After four
    /// billion it begins anew, with other weights.
    fn dropout_step(&self, count: u32, batch: u32) -> u32 {
        let several = u32::try_from(self.config.accumulate).unwrap_or(u32::MAX);
        (count - 1).wrapping_mul(several).wrapping_add(batch).wrapping_add(1)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "dropout's key is the low half of the seed"
    )]
    fn set_state(&self, count: u32, lr: f32) -> Result<()> {
        // region: state
        let state = StepState {
            step: count,
            seed: self.config.seed as u32,
            lr,
            loss_scale: 1.0,
            ..StepState::default()
        };
        self.state.write(0, bytemuck::bytes_of(&state))?;
        // end: state
        Ok(())
    }

    /// Runs the step, or a batch of one: op by op at first, then, once every kernel is compiled and
    /// every buffer is in the cache, as a recording where the machine gains by it.
    fn run(&mut self) -> Result<Tensor> {
        let device = self.model.device().clone();
        if let Some((recording, loss)) = &self.recording {
            device.replay(recording)?;
            return Ok(loss.clone());
        }
        // The first step compiles every kernel, which a recording must not.
        self.eager += 1;
        if self.eager <= 1 || !device.gains_by_recording() {
            return self.body();
        }
        // What the first steps cached is of no use to a recording, which owns its buffers.
        device.trim();
        let (loss, recording) = device.record(|| self.body())?;
        device.replay(&recording)?;
        self.recording = Some((recording, loss.clone()));
        Ok(loss)
    }

    pub(super) fn loss_on_tape(&self) -> Result<Var> {
        let pass = Pass { state: &self.state, dropout: self.config.dropout };
        let smoothing = self.config.label_smoothing;
        let how = CrossEntropy { label_smoothing: smoothing, ..CrossEntropy::default() };
        self.model.loss_with(&self.ids, &self.targets, pass, &how)
    }

    /// What is recorded.
    fn body(&self) -> Result<Tensor> {
        match &self.part {
            Some([part, total]) => self.part_body(part, total),
            None => self.step_body(),
        }
    }

    /// One of several batches, without the update: its part of the gradient and of the loss.
    fn part_body(&self, part: &Tensor, total: &Tensor) -> Result<Tensor> {
        let loss = self.loss_on_tape()?;
        let value = loss.value().clone();
        loss.into_backward_with(part.clone())?;
        ops::accumulate(total, &value.mul(part)?, 1.0)?;
        Ok(total.clone())
    }

    fn step_body(&self) -> Result<Tensor> {
        self.model.parameters().zero_grad()?;
        let loss = self.loss_on_tape()?;
        let value = loss.value().clone();
        loss.into_backward()?;
        self.optimizer.step(&self.state)?;
        Ok(value)
    }

    /// The first tensor of the step that is not finite.
    async fn blamed(&self, batches: &[Batch], count: u32, lr: f32) -> Result<String> {
        for (i, batch) in (0..).zip(batches) {
            self.upload(batch)?;
            self.set_state(self.dropout_step(count, i), lr)?;
            if let Some(tensor) = diagnose::first_non_finite(self).await? {
                return Ok(tensor);
            }
        }
        Ok("no tensor of a second run (the first one's fault did not repeat)".into())
    }

    fn check(&self, batch: &Batch) -> Result<()> {
        if [batch.batch, batch.context] != self.ids.shape() {
            let (have, want) = ([batch.batch, batch.context], self.ids.shape());
            let reason = format!("a batch of {have:?} for a trainer of {want:?}");
            return Err(Error::Value(reason));
        }
        let vocab = self.model.config().vocab_size;
        let outside = |&id: &u32| id as usize >= vocab && id != IGNORE;
        match batch.inputs.iter().chain(&batch.targets).find(|id| outside(id)) {
            Some(id) => Err(Error::Value(format!(
                "token {id} is outside the model's table of {vocab} rows"
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn check_and_upload(&self, batch: &Batch) -> Result<()> {
        self.check(batch)?;
        self.upload(batch)
    }

    fn upload(&self, batch: &Batch) -> Result<()> {
        self.ids.write(&batch.inputs)?;
        self.targets.write(&batch.targets)?;
        Ok(())
    }
}

/// Targets that count, which is what the device's mean divides by.
fn scored(batch: &Batch) -> u64 {
    batch.targets.iter().filter(|&&t| t != IGNORE).count() as u64
}

/// A batch's part of a step's scored tokens.
#[expect(clippy::cast_possible_truncation, reason = "a part of a whole fits an f32")]
fn share(of: u64, all: u64) -> f32 {
    (of as f64 / all.max(1) as f64) as f32
}
