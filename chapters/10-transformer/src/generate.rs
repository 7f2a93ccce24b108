use crate::cache::KvCache;
use crate::{Error, Gpt, Pass, Result};
use std::cmp::Ordering;
use strata_autograd::no_grad;
use strata_device::random::Stream;
use strata_device::{Buffer, Recording, StepState};
use strata_tensor::{DType, Tensor};

/// How the next token is drawn from the logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it: below 1 plays safe, above 1 dares; 0 always takes the likeliest.
    pub temperature: f32,
    /// Only the k likeliest tokens may be drawn; 0 means all.
    pub top_k: usize,
    /// Only the likeliest tokens that together have this probability may be drawn; 1 means all
    /// (Holtzman et al., "The curious case of neural text degeneration", 2020).
    pub top_p: f32,
    /// Seed of the draw.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { temperature: 1.0, top_k: 0, top_p: 1.0, seed: 0 }
    }
}

impl Sampling {
    /// Checks the numbers.
    ///
    /// # Errors
    /// One that is out of its range; the message names it.
    pub fn validate(&self) -> Result<()> {
        let (t, p) = (self.temperature, self.top_p);
        if !(0.0..=100.0).contains(&t) {
            return Err(Error::setting("temperature", t, "it must lie between 0 and 100"));
        }
        if !(p > 0.0 && p <= 1.0) {
            return Err(Error::setting("top p", p, "it must be above 0 and at most 1"));
        }
        Ok(())
    }

    /// Draws a token, never one whose logit is NaN; token 0 where no logit is a number.
    pub fn draw(&self, logits: &[f32], random: &mut Stream) -> u32 {
        let key = |&i: &u32| logits.get(i as usize).copied().unwrap_or(f32::NAN);
        let tokens = (0..=u32::MAX).take(logits.len());
        let mut order: Vec<u32> = tokens.filter(|i| !key(i).is_nan()).collect();
        // Ties by token, so that a draw is the same everywhere.
        order.sort_by(|a, b| key(b).partial_cmp(&key(a)).unwrap_or(Ordering::Equal).then(a.cmp(b)));
        let Some(&likeliest) = order.first() else { return 0 };
        if self.temperature == 0.0 || order.len() == 1 {
            return likeliest;
        }
        if self.top_k > 0 {
            order.truncate(self.top_k);
        }
        let top = key(&likeliest);
        // Infinity less infinity is NaN, but the likeliest weighs 1 all the same.
        let weight = |i: &u32| match key(i) {
            x if x == top => 1.0,
            x => (f64::from(x - top) / f64::from(self.temperature)).exp(),
        };
        let weights: Vec<f64> = order.iter().map(weight).collect();
        let total: f64 = weights.iter().sum();
        let mut kept = 0.0;
        let mut count = 0;
        for w in &weights {
            kept += w;
            count += 1;
            if kept >= f64::from(self.top_p) * total {
                break;
            }
        }
        order.truncate(count);
        let mut left = f64::from(random.uniform()) * kept;
        for (token, w) in order.iter().zip(&weights) {
            left -= w;
            if left < 0.0 {
                return *token;
            }
        }
        order.last().copied().unwrap_or(likeliest)
    }
}

/// A model that writes: the tokens so far live in a KV cache on the device, and each further token
/// costs one row.
#[derive(Debug)]
pub struct Generator {
    model: Gpt,
    sampling: Sampling,
    random: Stream,
    cache: KvCache,
    state: Buffer,
    one: Tensor,
    recording: Option<(Recording, Tensor)>,
    tokens: Vec<u32>,
    position: usize,
    singles: usize,
}

impl Generator {
    /// A generator that has read nothing yet. It holds a clone of the model, so that it sees what
    /// further training makes of the weights.
    ///
    /// # Errors
    /// A sampling number out of its range; the device has no room.
    pub fn new(model: &Gpt, sampling: Sampling) -> Result<Self> {
        sampling.validate()?;
        let (device, stored) = (model.device(), model.parameters().working());
        Ok(Generator {
            model: model.clone(),
            sampling,
            random: Stream::new(sampling.seed, 0x9E4E),
            cache: KvCache::stored(model.config(), 1, device, stored)?,
            state: device.step_state(StepState::default())?,
            one: Tensor::zeros(device, DType::U32, &[1, 1])?,
            recording: None,
            tokens: Vec::new(),
            position: 0,
            singles: 0,
        })
    }

    /// The tokens read and written so far.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Reads tokens; returns the logits of the one after them.
    ///
    /// When the context is full, the second half of it is read again from the start: the model
    /// forgets the first half.
    ///
    /// # Errors
    /// No tokens, or one outside the vocabulary; logits that are no numbers; the device fails.
    pub async fn read_async(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
        let (vocab, most) = (self.model.config().vocab_size, self.model.config().n_positions);
        if tokens.is_empty() {
            return Err(Error::Value(
                "there is nothing to go on from: give at least one token".into(),
            ));
        }
        if let Some(token) = tokens.iter().find(|&&t| t as usize >= vocab) {
            return Err(Error::Value(format!(
                "token {token} is outside the table of {vocab} rows"
            )));
        }
        self.tokens.extend_from_slice(tokens);
        if self.position + tokens.len() <= most {
            return self.append(tokens).await;
        }
        self.position = 0;
        let keep = self.tokens.len().min((most / 2).max(1));
        let old = self.tokens.len() - keep;
        let recent: Vec<u32> = self.tokens.iter().skip(old).copied().collect();
        self.append(&recent).await
    }

    /// Draws the token after `logits` and reads it; returns it with the logits of the next.
    ///
    /// # Errors
    /// As [`read_async`](Self::read_async); no logit is a number, or there is none.
    pub async fn next_async(&mut self, logits: &[f32]) -> Result<(u32, Vec<f32>)> {
        if logits.iter().all(|x| x.is_nan()) {
            let why =
                "no token can be drawn: no logit is a number; give those that `read` returned";
            return Err(Error::Value(why.into()));
        }
        let token = self.sampling.draw(logits, &mut self.random);
        let logits = self.read_async(&[token]).await?;
        Ok((token, logits))
    }

    /// Draws a token without reading it: the last one of a text.
    pub fn draw(&mut self, logits: &[f32]) -> u32 {
        self.sampling.draw(logits, &mut self.random)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a model has at most 2^24 positions")]
    async fn append(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
        let device = self.model.device();
        let state = StepState { position: self.position as u32, ..StepState::default() };
        self.state.write(0, bytemuck::bytes_of(&state))?;
        let logits = if let [token] = tokens {
            self.one.write(&[*token])?;
            self.single()?
        } else {
            let ids = Tensor::from_slice(device, tokens, &[1, tokens.len()])?;
            self.forward(&ids)?
        };
        self.position += tokens.len();
        let logits: Vec<f32> = logits.read().await?;
        match logits.iter().all(|x| x.is_finite()) {
            true => Ok(logits),
            false => Err(self.model.not_finite_async("a logit of the model").await),
        }
    }

    fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let pass = Pass { state: &self.state, dropout: 0.0 };
        // Numbers to draw by are f32, whatever the model keeps its activations in.
        no_grad(|| {
            Ok(self.model.forward_cached(ids, pass, &self.cache)?.value().cast(DType::F32)?)
        })
    }

    /// One token; from the third on as a recording where the machine gains by it.
    fn single(&mut self) -> Result<Tensor> {
        let device = self.model.device();
        if let Some((recording, logits)) = &self.recording {
            device.replay(recording)?;
            return Ok(logits.clone());
        }
        self.singles += 1;
        if self.singles <= 2 || !device.gains_by_recording() {
            return self.forward(&self.one);
        }
        let (logits, recording) = device.record(|| self.forward(&self.one))?;
        device.replay(&recording)?;
        self.recording = Some((recording, logits.clone()));
        Ok(logits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(sampling: Sampling, logits: &[f32]) -> Vec<u32> {
        let mut random = Stream::new(1, 0);
        (0..200).map(|_| sampling.draw(logits, &mut random)).collect()
    }

    #[test]
    fn temperature_zero_takes_the_likeliest_and_nan_never() {
        let cold = Sampling { temperature: 0.0, ..Sampling::default() };
        assert!(draws(cold, &[-1.0, -0.0, 0.0]).iter().all(|&t| t == 1));
        assert!(draws(cold, &[0.0, f32::NAN, 2.0, 1.0]).iter().all(|&t| t == 2));
        assert!(draws(Sampling::default(), &[0.0, f32::NAN, 0.1]).iter().all(|&t| t != 1));
    }

    #[test]
    fn an_infinite_logit_is_always_taken() {
        let logits = [0.0, f32::INFINITY, f32::NAN, 1.0];
        assert!(draws(Sampling::default(), &logits).iter().all(|&t| t == 1));
        assert!(draws(Sampling { top_p: 0.9, ..Sampling::default() }, &logits) == vec![1; 200]);
    }

    #[test]
    fn top_k_and_top_p_cut_the_tail() {
        let logits = [3.0, 2.0, 1.0, 0.0, -1.0];
        let k = Sampling { top_k: 2, ..Sampling::default() };
        assert!(draws(k, &logits).iter().all(|&t| t < 2));
        // The first token alone has 0.64 of the probability.
        let p = Sampling { top_p: 0.5, ..Sampling::default() };
        assert!(draws(p, &logits).iter().all(|&t| t == 0));
        let all = draws(Sampling::default(), &logits);
        assert!((0..4).all(|t| all.contains(&t)), "{all:?}");
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        for (bad, name) in [
            (Sampling { temperature: -1.0, ..Sampling::default() }, "temperature is"),
            (Sampling { temperature: f32::NAN, ..Sampling::default() }, "temperature is"),
            (Sampling { top_p: 0.0, ..Sampling::default() }, "top p is"),
        ] {
            let message = bad.validate().unwrap_err().to_string();
            assert!(message.starts_with(name), "{message}");
        }
    }
}
