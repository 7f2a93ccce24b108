//! The gradient of the token table: many tokens, one row; the engine's rung `2_scan`.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "tables and ids made here, of hundreds of rows; ids beyond the table are sorted out first"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::embedding as oracle;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::data::embedding_backward;

/// Ids that are read side by side; also the columns of a workgroup.
const WG: usize = 128;

struct Case {
    ids: Vec<u32>,
    vocab: usize,
    width: usize,
    dy: Vec<f32>,
    /// What the table holds, if it is added to.
    held: Option<Vec<f32>>,
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Token 3 is of no row of this table: nobody may take it.
    let dy = [1, 2, 10, 20, 100, 200, 1000, 2000].map(|x| x as f32).to_vec();
    let small = || Case { ids: vec![1, 0, 1, 7], vocab: 3, width: 2, dy: dy.clone(), held: None };
    small().ask(trial).await?;
    Case { held: Some(vec![5.0, 6.0, 7.0, 8.0, 9.0, 4.0]), ..small() }.ask(trial).await?;
    // More than one word of ids; several words of columns; more than one round, and a short last one.
    for (n, vocab, width) in [
        (100, 3, 2),
        (4, 3, 128),
        (300, 3, 5),
        (1000, 3, 32),
        (128, 2, 128),
        (7, 5, 130),
        (400, 11, 300),
        (1, 1, 1),
        (33, 40, 129),
    ] {
        let case = || Case::drawn(n, vocab, width);
        case().ask(trial).await?;
        Case { held: Some(sample::normal(9, vocab * width)), ..case() }.ask(trial).await?;
    }
    // One row is named by everybody.
    Case { ids: vec![2; 500], ..Case::drawn(500, 4, 40) }.ask(trial).await?;
    trial.contract().await
}

impl Case {
    /// Rows that are named often, some that are never, and ids that no row has; the last is one.
    fn drawn(n: usize, vocab: usize, width: usize) -> Self {
        let mut ids: Vec<u32> =
            sample::tokens(3, n, vocab as u32 + 1).iter().map(|&id| id as u32).collect();
        if let Some(last) = ids.last_mut().filter(|_| n > 1) {
            *last = vocab as u32 + 2;
        }
        Case { ids, vocab, width, dy: sample::normal(4, n * width), held: None }
    }

    /// The table if row r sums the rows `token(i)` of dy over those i that name r and count.
    fn with(&self, token: impl Fn(usize) -> usize, counts: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut table = match &self.held {
            Some(held) => sample::widen(held),
            None => vec![0.0; self.vocab * self.width],
        };
        for (i, &id) in self.ids.iter().enumerate() {
            let row = self.dy.get(token(i) * self.width..).unwrap_or(&[]);
            if (id as usize) < self.vocab && counts(i) {
                let at = id as usize * self.width;
                table[at..at + self.width]
                    .iter_mut()
                    .zip(row)
                    .for_each(|(t, &x)| *t += f64::from(x));
            }
        }
        table
    }

    async fn ask(&self, trial: &mut Trial) -> Outcome {
        let (n, shape) = (self.ids.len(), [self.vocab, self.width]);
        let ids = trial.tensor(&self.ids, &[1, n])?;
        let dy = trial.tensor(&self.dy, &[1, n, self.width])?;
        let table = match &self.held {
            Some(held) => trial.tensor(held, &shape)?,
            None => trial.poison(&shape)?,
        };
        embedding_backward(&ids, &dy, &table, self.held.is_some())?;

        let names = |i: usize, j: usize| self.ids[i] == self.ids[j];
        let mut question = Question::new("dtokens", &table)
            .input("ids", &[1, n])
            .input("dy", &[1, n, self.width])
            .owner(|e| {
                let (row, c) = (e / self.width, e % self.width);
                Owner { workgroup: [row as u32, (c / WG) as u32, 0], lane: (c % WG) as u32 }
            });
        for (name, sentence, values) in [
            (
                "last-token-only",
                "a row holds the gradient of its last token only. All tokens that name it add up.",
                self.with(|i| i, |i| !(i + 1..n).any(|j| names(i, j))),
            ),
            (
                "bit-numbers-from-one",
                "the row after the right one of dy is added. Bits are numbered from 0, and __ffs counts \
                 from 1.",
                self.with(|i| i + 1, |_| true),
            ),
            (
                "forgets-the-word",
                "bit b of every word is taken for token base + b. Each word stands for 32 tokens more: \
                 base + 32 w + b.",
                self.with(|i| i / WG * WG + i % 32, |_| true),
            ),
            (
                "forgets-the-round",
                "the tokens of later rounds are looked up among the first 128 rows of dy. The round's \
                 first token is base.",
                self.with(|i| i % WG, |_| true),
            ),
            (
                "one-bit-a-word",
                "of every word only the lowest bit was looked at. Go on until the word is 0.",
                self.with(|i| i, |i| !(i / 32 * 32..i).any(|j| names(i, j))),
            ),
            (
                "first-word-only",
                "only the first word of a round was looked at: 32 ids of 128.",
                self.with(|i| i, |i| i % WG < 32),
            ),
            (
                "first-round-only",
                "only the first 128 ids were looked at.",
                self.with(|i| i, |i| i < WG),
            ),
            (
                "last-round-only",
                "only the last round of ids is in the sum. Does it start anew with every round?",
                self.with(|i| i, |i| i >= (n - 1) / WG * WG),
            ),
            (
                "does-not-accumulate",
                "the sum has replaced what the table held. With accumulate it is added.",
                Case { held: None, ..self.copy() }.with(|i| i, |_| true),
            ),
        ] {
            question = question.suspect(name, sentence, values);
        }
        let (want, sizes) = self.want();
        trial.check(question, &want, &Tolerance::sum(n + 1, sizes)).await
    }

    /// The oracle's sums, and the sums of absolute values. Ids that no row has are left to a row
    /// beyond the table, which is cut off.
    fn want(&self) -> (Vec<f64>, Vec<f64>) {
        let ids: Vec<i32> = self.ids.iter().map(|&id| id.min(self.vocab as u32) as i32).collect();
        let sum = |dy: &[f64], held: Option<Vec<f64>>| {
            let mut sums =
                oracle::backward(&ids, ids.len(), self.width, self.vocab + 1, ids.len(), dy)
                    .dtokens;
            sums.truncate(self.vocab * self.width);
            let held = held.unwrap_or_default();
            sums.iter_mut().zip(held).for_each(|(sum, x)| *sum += x);
            sums
        };
        let absolute = |x: Vec<f64>| x.into_iter().map(f64::abs).collect::<Vec<f64>>();
        let (dy, held) = (sample::widen(&self.dy), self.held.as_deref().map(sample::widen));
        (sum(&dy, held.clone()), sum(&absolute(dy), held.map(absolute)))
    }

    fn copy(&self) -> Case {
        Case { ids: self.ids.clone(), dy: self.dy.clone(), held: self.held.clone(), ..*self }
    }
}
