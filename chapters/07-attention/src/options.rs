use strata_device::Buffer;
use strata_tensor::{Error, Result, Tensor};

/// What kind of attention.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A query sees only keys up to its own place. With fewer queries than keys (the earlier keys
    /// come from a cache) the queries are the last of the keys.
    pub causal: bool,
    /// Factor on the scores; `None` is `1 / sqrt(head_dim)`.
    pub scale: Option<f32>,
    /// Dropout of probabilities.
    pub dropout: Option<Dropout>,
    /// The buffer of a [`StepState`](strata_device::StepState): of the keys, only the first
    /// `position + queries` are valid. The number is read on the device, so that decoding a token
    /// can be recorded once and replayed for every token.
    pub cached: Option<Buffer>,
    /// A padding mask, `[batch, keys]` of any dtype: not 0 where a key may be seen. A masked key
    /// is seen by no query of its sequence, so whatever stands there, NaN too, has no influence, and
    /// its own gradients are 0. A query that sees no key at all has the output 0 and the log-sum-exp
    /// minus infinity; it gets no gradient and gives none.
    pub key_mask: Option<Tensor>,
}

/// Dropout of probabilities: each is set to 0 with probability `p`, the others grow by `1 / (1 - p)`.
#[derive(Clone, Debug)]
pub struct Dropout {
    /// Probability of being dropped, in [0, 1).
    pub p: f32,
    /// Tells this op's random numbers from those of others: give each layer its own.
    pub op: u32,
    /// The buffer of a [`StepState`](strata_device::StepState): its seed and step are the key, so
    /// backward draws forward's mask again, and the next step another one.
    pub state: Buffer,
}

impl Options {
    /// Every query sees every key.
    pub fn full() -> Self {
        Self::default()
    }

    /// A query sees only keys up to its own place.
    pub fn causal() -> Self {
        Options { causal: true, ..Self::default() }
    }

    /// With another factor on the scores.
    pub fn scaled(mut self, scale: f32) -> Self {
        self.scale = Some(scale);
        self
    }

    /// With dropout of probabilities; see [`Dropout`].
    pub fn dropout(mut self, p: f32, op: u32, state: &Buffer) -> Self {
        self.dropout = Some(Dropout { p, op, state: state.clone() });
        self
    }

    /// With keys and values in a cache of which the first `position + queries` rows are valid.
    pub fn cached(mut self, state: &Buffer) -> Self {
        self.cached = Some(state.clone());
        self
    }

    /// With a padding mask `[batch, keys]`, not 0 where a key may be seen; see
    /// [`Options::key_mask`]. Both passes read it, so it must not change between them.
    pub fn masked(mut self, mask: &Tensor) -> Self {
        self.key_mask = Some(mask.clone());
        self
    }

    /// Dropout, unless it would drop nothing.
    pub(crate) fn drops(&self) -> Option<&Dropout> {
        self.dropout.as_ref().filter(|dropout| dropout.p > 0.0)
    }

    pub(crate) fn check(&self, op: &'static str, q: &Tensor, keys: usize) -> Result<()> {
        if let Some(scale) = self.scale.filter(|scale| !scale.is_finite()) {
            return Err(Error::value(op, format!("the scale must be a number, not {scale}")));
        }
        if let Some(Dropout { p, .. }) = self.dropout
            && !(0.0..1.0).contains(&p)
        {
            let reason = format!("the dropout probability must be at least 0 and below 1, not {p}");
            return Err(Error::value(op, reason));
        }
        if let Some(mask) = &self.key_mask {
            if mask.shape() != [q.shape()[0], keys] {
                let reason = format!(
                    "a mask of keys has the shape [batch, keys], here {:?}",
                    [q.shape()[0], keys]
                );
                return Err(Error::shape(op, &[mask.shape()], reason));
            }
            q.same_device(op, mask)?;
        }
        let state = |buffer: &Buffer| {
            if !buffer.device().same(q.device()) {
                let (a, b) = (q.device().info().label(), buffer.device().info().label());
                return Err(Error::Devices { op, a, b });
            }
            match buffer.bytes() >= size_of::<strata_device::StepState>() {
                true => Ok(()),
                false => Err(Error::value(op, "the step state's buffer has fewer than 32 bytes")),
            }
        };
        self.cached.iter().try_for_each(state)?;
        let states = self.dropout.iter().map(|dropout| &dropout.state);
        states.clone().try_for_each(state)?;
        match states.zip(&self.cached).all(|(a, b)| a.same(b)) {
            true => Ok(()),
            false => {
                Err(Error::value(op, "dropout and cache must read one and the same step state"))
            }
        }
    }
}
