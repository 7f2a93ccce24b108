//! Which pairs of a query and a key count, from the params, the constants and the step state.
use crate::params::{Masked, Params};
use std::ops::Deref;
use strata_device::Constants;
use strata_device::random::{philox, uniform};

/// The params, with what the constants and the step state add.
pub(super) struct Pairs<'a> {
    params: Params,
    /// Keys that are valid: all, or with a cache as many as there are tokens so far.
    pub valid: usize,
    /// Place of the first query among the keys.
    pub first: usize,
    pub causal: bool,
    pub dropout: Option<Dropout>,
    mask: Option<Mask<'a>>,
}

impl Deref for Pairs<'_> {
    type Target = Params;

    fn deref(&self) -> &Params {
        &self.params
    }
}

impl<'a> Pairs<'a> {
    pub fn new(params: Params, constants: Constants, behind: Masked<'a>) -> Self {
        let state = behind.state;
        let valid = match constants.get("USE_POSITION", 0) == 1 {
            true => params.keys.min((state.position as usize).saturating_add(params.rows)),
            false => params.keys,
        };
        let drops = constants.get("DROPOUT", 0) == 1;
        let dropout = Dropout { p: params.p, op: params.op, key: [state.seed, state.step] };
        let bits = constants.get("MASK", 0);
        Pairs {
            params,
            valid,
            first: valid.saturating_sub(params.rows),
            causal: constants.get("CAUSAL", 0) == 1,
            dropout: drops.then_some(dropout),
            mask: (bits != 0).then_some(Mask { words: behind.mask, bits }),
        }
    }

    /// How many keys, from the first, a query may see.
    #[inline(always)]
    pub fn visible(&self, row: usize) -> usize {
        if self.causal { self.valid.min(self.first + row + 1) } else { self.valid }
    }

    /// Whether the padding mask leaves a key of the sequence that a head belongs to.
    #[inline(always)]
    pub fn unmasked(&self, head: usize, key: usize) -> bool {
        let at = head / self.heads * self.keys + key;
        self.mask.as_ref().is_none_or(|mask| mask.words[at] & mask.bits != 0)
    }

    /// Whether a query sees a key.
    #[inline(always)]
    pub fn sees(&self, head: usize, row: usize, key: usize) -> bool {
        key < self.visible(row) && self.unmasked(head, key)
    }

    /// Whether a query sees no key at all.
    pub fn blank(&self, head: usize, row: usize) -> bool {
        self.mask.is_some() && (0..self.visible(row)).all(|key| !self.unmasked(head, key))
    }

    /// Puts `x` in the place of masked keys, in a row of them from `first` on.
    #[inline(always)]
    pub fn cover(&self, head: usize, first: usize, row: &mut [f32], x: f32) {
        if let Some(mask) = &self.mask {
            let words = &mask.words[head / self.heads * self.keys + first..];
            let masked = row.iter_mut().zip(words).filter(|(_, word)| *word & mask.bits == 0);
            masked.for_each(|(y, _)| *y = x);
        }
    }

    /// Whether dropout takes this key from this query.
    pub fn drops(&self, head: usize, row: usize, key: usize) -> bool {
        self.dropout.as_ref().is_some_and(|dropout| !dropout.keeps(head, row, key))
    }
}

/// A padding mask: a word for each key of each sequence, and which of its bits count.
struct Mask<'a> {
    words: &'a [u32],
    bits: u32,
}

/// Dropout of probabilities.
pub(super) struct Dropout {
    p: f32,
    op: u32,
    key: [u32; 2],
}

impl Dropout {
    /// Whether one key of a row is kept.
    pub fn keeps(&self, head: usize, row: usize, key: usize) -> bool {
        let counter = [(key / 64 * 16 + key % 16) as u32, row as u32, head as u32, self.op];
        uniform(philox(counter, self.key)[key / 16 % 4]) >= self.p
    }

    /// What the probabilities of a row are multiplied with, for the keys from `first` on, a
    /// multiple of 64: 0 or 1 / (1 - p).
    ///
    /// One draw gives four words. They go to keys 16 apart, for that is how GPU threads share a row.
    pub fn mask(&self, head: usize, row: usize, first: usize, mask: &mut [f32]) {
        let kept = 1.0 / (1.0 - self.p);
        for (block, mask) in mask.chunks_mut(64).enumerate() {
            for lane in 0..mask.len().min(16) {
                let draw = (first / 64 + block) * 16 + lane;
                let counter = [draw as u32, row as u32, head as u32, self.op];
                let words = philox(counter, self.key);
                for (m, &word) in mask[lane..].iter_mut().step_by(16).zip(&words) {
                    *m = if uniform(word) >= self.p { kept } else { 0.0 };
                }
            }
        }
    }
}
