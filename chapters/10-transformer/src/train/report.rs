/// What a step says of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps done, this one included.
    pub step: u64,
    /// Mean cross-entropy of all the step's scored tokens before the update, nats per token; of
    /// smoothed labels where the run has them.
    pub loss: f32,
    /// Global gradient norm before clipping.
    pub norm: f32,
    /// The step's learning rate.
    pub lr: f32,
    /// Tokens scored so far, in this step and all before it.
    pub tokens: u64,
}

/// The outcome of an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Summed cross-entropy in nats.
    pub nats: f64,
    /// Scored tokens.
    pub tokens: u64,
}

impl Evaluation {
    /// Mean cross-entropy in nats.
    pub fn nats_per_token(&self) -> f64 {
        self.nats / self.tokens.max(1) as f64
    }
}
