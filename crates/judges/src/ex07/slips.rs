//! A row of online attention in float64, with the slips that people make.

#![expect(
    clippy::indexing_slicing,
    reason = "rows and keys count pieces of `dim` numbers; `seen` is a range of the keys"
)]

use std::ops::Range;

pub(super) const OUTPUT: &str = "output-not-rescaled";
pub(super) const OUTPUT_SAYS: &str = "a larger score came, and the weighted sum of the values stayed \
     under the old maximum. It wants the same correction as the sum of the weights";
pub(super) const SUM: &str = "sum-not-rescaled";
pub(super) const SUM_SAYS: &str = "a larger score came, and the sum of the weights stayed under the old \
     maximum. What is in it is too large by e^(old - new)";
pub(super) const NEITHER: &str = "nothing-rescaled";
pub(super) const NEITHER_SAYS: &str = "a larger score came, and neither the weights' sum nor the values' \
     was brought under it: both were taken under smaller maxima, and count too much";
pub(super) const FUTURE: &str = "sees-the-future";
pub(super) const FUTURE_SAYS: &str = "keys after the query's own place are in it. A model that may look \
     ahead learns to copy, and nothing else";
pub(super) const UNSCALED: &str = "no-scale";
pub(super) const UNSCALED_SAYS: &str = "the scores are not multiplied by 1 / sqrt(head_dim): the softmax \
     is too sharp";

pub(super) const NOTHING: &str = "no-key-at-all";
pub(super) const NOTHING_SAYS: &str = "every output is NaN, zero over zero: no weight was ever added to \
     the sum. Is the walk along the keys entered?";

/// Queries, keys and values of one head, each `[.., dim]`.
pub(super) struct Head<'a> {
    pub q: &'a [f64],
    pub k: &'a [f64],
    pub v: &'a [f64],
    pub dim: usize,
    pub scale: f64,
}

/// How a row is walked: so many keys at a time, and what stays as it was when the maximum moves.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub tile: usize,
    pub sum_stays: bool,
    pub output_stays: bool,
}

impl How {
    pub fn right(tile: usize) -> Self {
        How { tile, sum_stays: false, output_stays: false }
    }

    /// The three ways of not rescaling: name, sentence, walk.
    pub fn slips(tile: usize) -> [(&'static str, &'static str, How); 3] {
        let how = |sum_stays, output_stays| How { tile, sum_stays, output_stays };
        [
            (OUTPUT, OUTPUT_SAYS, how(false, true)),
            (SUM, SUM_SAYS, how(true, false)),
            (NEITHER, NEITHER_SAYS, how(true, true)),
        ]
    }
}

impl Head<'_> {
    /// The output of a row that sees these keys; NaN if there are none.
    pub fn row(&self, row: usize, seen: Range<usize>, how: How) -> Vec<f64> {
        self.weighted(row, seen, how, |_| (1.0, 1.0))
    }

    /// The same with factors for each key: of its weight in the sum, and of its value.
    pub fn weighted(
        &self,
        row: usize,
        seen: Range<usize>,
        how: How,
        factors: impl Fn(usize) -> (f64, f64),
    ) -> Vec<f64> {
        let query = &self.q[row * self.dim..][..self.dim];
        let one = |j: usize| {
            let key = &self.k[j * self.dim..][..self.dim];
            self.scale * query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>()
        };
        let scores: Vec<f64> = seen.clone().map(one).collect();
        let score = |j: usize| scores[j - seen.start];
        let (mut m, mut l, mut o) = (f64::NEG_INFINITY, 0.0, vec![0.0; self.dim]);
        for start in seen.clone().step_by(how.tile) {
            let tile = start..seen.end.min(start + how.tile);
            let largest = tile.clone().map(score).fold(m, f64::max);
            let correction = if m.is_finite() { (m - largest).exp() } else { 0.0 };
            m = largest;
            l *= if how.sum_stays { 1.0 } else { correction };
            o.iter_mut().for_each(|o| *o *= if how.output_stays { 1.0 } else { correction });
            for j in tile {
                let weight = (score(j) - m).exp();
                let (of_sum, of_value) = factors(j);
                l += weight * of_sum;
                let value = &self.v[j * self.dim..][..self.dim];
                o.iter_mut().zip(value).for_each(|(o, v)| *o += weight * of_value * v);
            }
        }
        o.iter().map(|o| o / l).collect()
    }
}
