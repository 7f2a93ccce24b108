use crate::catalog::Task;
use crate::{Failure, Language, Outcome, Question};
use std::pin::Pin;
use strata_check::report::{Check, Element as Value};
use strata_check::{Tolerance, Watch, What, guard, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::{Element, Tensor};

/// An answer that may have to wait for the device.
pub type Wait<'a, T = ()> = Pin<Box<dyn Future<Output = Outcome<T>> + 'a>>;

/// A kernel in the place of one of the engine's.
#[derive(Clone, Copy, Debug)]
pub struct StandIn<'a> {
    /// The op.
    pub op: &'a str,
    /// Its rung.
    pub rung: &'a str,
    /// Where it is launched.
    pub device: &'a Device,
    /// What is caught there.
    pub watch: &'a Watch,
    /// Whether results are compared, or launches only noted.
    pub judging: bool,
}

/// Holds a stand-in to all that the engine may ask of that rung; counts the comparisons.
pub type Contract = for<'a> fn(StandIn<'a>) -> Wait<'a, usize>;

/// A kernel on trial: a device that trusts nothing, with the reader's file in front of the built-in
/// one, and the judge's questions so far.
pub struct Trial {
    task: &'static Task,
    language: Language,
    device: Device,
    watch: Watch,
    contract: Contract,
    judging: bool,
    checks: usize,
    stop_after: Option<usize>,
}

impl Trial {
    /// A trial on this device. `watch` has what the device catches, and `contract` the whole of what the
    /// engine asks.
    pub fn new(
        task: &'static Task,
        language: Language,
        device: Device,
        watch: Watch,
        contract: Contract,
    ) -> Self {
        let device = match &task.contract {
            Some((op, rung)) => device.with_rung(op, rung),
            None => device,
        };
        let (checks, stop_after) = (0, None);
        Trial { task, language, device, watch, contract, judging: true, checks, stop_after }
    }

    /// Notes what would be launched and judges nothing.
    pub fn unjudged(mut self) -> Self {
        self.judging = false;
        self
    }

    /// Ends with [`Failure::Stopped`] once this many questions were answered well.
    pub fn stop_after(mut self, checks: usize) -> Self {
        self.stop_after = Some(checks);
        self
    }

    /// Questions answered well so far.
    pub fn checks(&self) -> usize {
        self.checks
    }

    /// The device: put every tensor on it.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What the kernel on trial is written in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A tensor of these elements. The cache is emptied first, so that what is allocated next (the
    /// output) is fresh and holds poison.
    ///
    /// # Errors
    /// The device refuses.
    pub fn tensor<T: Element>(&self, data: &[T], shape: &[usize]) -> Outcome<Tensor> {
        self.device.trim();
        Ok(Tensor::from_slice(&self.device, data, shape)?)
    }

    /// Standard normals: the numbers, and the tensor of them.
    ///
    /// # Errors
    /// The device refuses.
    pub fn normal(&self, seed: u64, shape: &[usize]) -> Outcome<(Vec<f32>, Tensor)> {
        let data = sample::normal(seed, shape.iter().product());
        let tensor = self.tensor(&data, shape)?;
        Ok((data, tensor))
    }

    /// Uniform numbers in `low..high`, and the tensor of them.
    ///
    /// # Errors
    /// The device refuses.
    pub fn uniform(
        &self,
        seed: u64,
        shape: &[usize],
        low: f32,
        high: f32,
    ) -> Outcome<(Vec<f32>, Tensor)> {
        let data = sample::uniform(seed, shape.iter().product(), low, high);
        let tensor = self.tensor(&data, shape)?;
        Ok((data, tensor))
    }

    /// A tensor that holds poison.
    ///
    /// # Errors
    /// The device refuses.
    pub fn poison(&self, shape: &[usize]) -> Outcome<Tensor> {
        self.tensor(&vec![guard::poison_f32(); shape.iter().product()], shape)
    }

    /// Launches the task's own kernel.
    ///
    /// # Errors
    /// It does not compile, or the device fails.
    pub fn launch(&self, launch: &Launch) -> Outcome {
        Ok(self.device.launch(launch)?)
    }

    /// Asks: is this result the oracle's?
    ///
    /// # Errors
    /// It is not, or it is by luck: the report says what is wrong.
    pub async fn check(
        &mut self,
        question: Question<'_>,
        want: &[f64],
        rule: &Tolerance,
    ) -> Outcome {
        self.compare::<f32>(question, want, rule).await
    }

    /// [`check`](Self::check) of a tensor of another dtype.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn compare<T: Element + Value>(
        &mut self,
        question: Question<'_>,
        want: &[f64],
        rule: &Tolerance,
    ) -> Outcome {
        let data = question.got.read::<T>().await?;
        let faults = self.watch.take();
        if !self.judging {
            return Ok(());
        }
        let mut check = Check::new(&self.task.exercise, &self.task.name)
            .device(self.device.info().label())
            .output(question.name, question.got.shape())
            .page(&self.task.page);
        for (name, shape) in question.inputs {
            check = check.input(name, &shape);
        }
        if let Some(owner) = question.owner {
            check = check.owner(owner);
        }
        for (name, sentence, values) in question.suspects {
            check = check.suspect(name, sentence, values);
        }
        for fault in faults {
            if let What::Differs { words, .. } = &fault.what
                && words.iter().all(|&w| w >= data.len())
            {
                // Not in the result, but in something else that the kernel writes.
                let text =
                    format!("{} {}\n  diagnosis  {fault}", self.task.exercise, self.task.name);
                return Err(Failure::Named { name: "differs-between-runs", text });
            }
            check = match fault.what {
                What::Outside { binding, breach } => {
                    check.guard(format!("binding {binding}"), Err(breach))
                }
                What::Differs { words, .. } => {
                    check.unstable(words.into_iter().filter(|&w| w < data.len()).collect())
                }
            };
        }
        check.compare(&data, want, rule)?;
        self.checks += 1;
        match self.stop_after {
            Some(enough) if self.checks >= enough => Err(Failure::Stopped),
            _ => Ok(()),
        }
    }

    /// The whole contract of the rung that the task writes: every shape and epilogue the engine may ask
    /// for.
    ///
    /// # Errors
    /// A shape on which the kernel is not what the engine needs.
    pub async fn contract(&mut self) -> Outcome {
        let Some((op, rung)) = &self.task.contract else { return Ok(()) };
        let (device, watch, judging) = (&self.device, &self.watch, self.judging);
        self.checks += (self.contract)(StandIn { op, rung, device, watch, judging }).await?;
        Ok(())
    }
}
