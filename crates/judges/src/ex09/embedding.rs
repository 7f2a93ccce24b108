//! The gather: rows of a table, plus the rows of their places.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "tables and ids made here, all ids below 2^31 but the padding, which `ask` never sees"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::embedding as oracle;
use strata_check::{Owner, Tolerance, guard, sample};
use strata_ml::data::embedding_forward;
use strata_ml::device::StepState;
use strata_ml::tensor::Tensor;

/// Rows of memory behind a table that are not its own.
const BEYOND: usize = 8;

/// Tables, tokens, and where their sequences start.
struct Case {
    shape: [usize; 2],
    width: usize,
    ids: Vec<u32>,
    tokens: Vec<f32>,
    positions: Option<Vec<f32>>,
    start: Option<u32>,
}

/// Row r of a table holds 10 r + 1, 10 r + 2, ...
fn numbered(rows: usize, width: usize, by: usize) -> Vec<f32> {
    (0..rows * width).map(|e| (by * (10 * (e / width) + e % width + 1)) as f32).collect()
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    let table = numbered(5, 2, 1);
    let plain = |shape, ids: &[u32]| Case {
        shape,
        width: 2,
        ids: ids.to_vec(),
        tokens: table.clone(),
        positions: None,
        start: None,
    };
    plain([1, 3], &[2, 0, 3]).ask(trial).await?;
    let two = || plain([2, 3], &[1, 1, 4, 0, 2, 1]);
    two().ask(trial).await?;
    let places = Some(numbered(8, 2, 1000));
    Case { positions: places.clone(), ..two() }.ask(trial).await?;
    Case { positions: places.clone(), start: Some(2), ..two() }.ask(trial).await?;
    // Rows beyond the tables: the first past the end, a later one, and the padding of targets.
    Case { width: 2, ..plain([1, 6], &[4, 5, 0, 9, 1, u32::MAX]) }.ask_outside(trial).await?;
    let few = Some(numbered(4, 2, 1000));
    Case { positions: few, start: Some(2), ..two() }.ask_outside(trial).await?;
    for (seed, shape, width, vocab) in
        [(1, [1, 1], 1, 1), (2, [3, 5], 33, 7), (3, [2, 40], 130, 50), (4, [5, 1], 257, 300)]
    {
        let [batch, rows] = shape;
        let ids = sample::tokens(seed, batch * rows, vocab as u32);
        Case {
            shape,
            width,
            ids: ids.iter().map(|&id| id as u32).collect(),
            tokens: sample::normal(seed + 10, vocab * width),
            positions: Some(sample::normal(seed + 20, (batch * rows + 3) * width)),
            start: (seed % 2 == 0).then_some(3),
        }
        .ask(trial)
        .await?;
    }
    trial.contract().await
}

impl Case {
    fn vocab(&self) -> usize {
        self.tokens.len() / self.width
    }

    fn run(&self, trial: &Trial) -> Outcome<Tensor> {
        // Both tables lie in larger ones: who reads beyond their end finds numbers there.
        let table = |rows: &[f32]| -> Outcome<Tensor> {
            let n = rows.len() / self.width;
            let padded = [rows, &vec![0.5; BEYOND * self.width]].concat();
            Ok(trial.tensor(&padded, &[n + BEYOND, self.width])?.narrow(0, 0, n)?)
        };
        let positions = self.positions.as_deref().map(table).transpose()?;
        let state = self.start.map(|position| {
            trial.device().step_state(StepState { position, ..StepState::default() })
        });
        let state = state.transpose()?;
        let tokens = table(&self.tokens)?;
        let ids = trial.tensor(&self.ids, &self.shape)?;
        Ok(embedding_forward(&ids, &tokens, positions.as_ref(), state.as_ref())?)
    }

    /// The result if token i takes row `row(i)` of the table and row `place(i)` of the places; NaN
    /// outside.
    fn with(&self, row: impl Fn(usize) -> usize, place: impl Fn(usize) -> usize) -> Vec<f64> {
        let read = |table: &[f32], at: usize| table.get(at).map_or(f64::NAN, |&x| x.into());
        let element = |e: usize| {
            let (i, c) = (e / self.width, e % self.width);
            let place = self.positions.as_ref().map(|p| read(p, place(i) * self.width + c));
            read(&self.tokens, row(i) * self.width + c) + place.unwrap_or(0.0)
        };
        (0..self.ids.len() * self.width).map(element).collect()
    }

    fn question<'a>(&'a self, got: &'a Tensor) -> Question<'a> {
        let question = Question::new("out", got)
            .input("ids", &self.shape)
            .input("tokens", &[self.vocab(), self.width])
            .owner(|e| Owner::linear(e, 256));
        match &self.positions {
            Some(p) => question.input("positions", &[p.len() / self.width, self.width]),
            None => question,
        }
    }

    async fn ask(&self, trial: &mut Trial) -> Outcome {
        let out = self.run(trial)?;
        let (rows, start) = (self.shape[1], self.start.unwrap_or(0) as usize);
        let id = |i: usize| self.ids[i] as usize;
        let turned = |e: usize| {
            let (i, c) = (e / self.width, e % self.width);
            let place = self.positions.as_ref().map(|p| p[(start + i % rows) * self.width + c]);
            f64::from(self.tokens[c * self.vocab() + id(i)]) + f64::from(place.unwrap_or(0.0))
        };
        let question = self
            .question(&out)
            .suspect(
                "takes-no-id",
                "each token takes the row of its own number. The row is that of its id: ids[i].",
                self.with(|i| i, |i| start + i % rows),
            )
            .suspect(
                "table-transposed",
                "the table is read by columns. Row r holds its elements side by side, from r * width on.",
                (0..self.ids.len() * self.width).map(turned).collect(),
            )
            .suspect(
                "no-positions",
                "the rows of the places are missing.",
                Case { positions: None, ..self.copy() }.with(id, |_| 0),
            )
            .suspect(
                "places-run-on",
                "the places are counted through the whole batch. Every sequence starts anew: a token's \
                 place is its number modulo the rows of a sequence.",
                self.with(id, |i| start + i),
            )
            .suspect(
                "place-is-the-sequence",
                "every token takes the place that is its sequence's number. Division tells the \
                 sequence, the remainder tells the place in it.",
                self.with(id, |i| start + i / rows),
            )
            .suspect(
                "ignores-the-start",
                "the places start at 0. While decoding they start at the position that the step state \
                 shows.",
                self.with(id, |i| i % rows),
            );
        let list: Vec<i32> = self.ids.iter().map(|&id| id as i32).collect();
        let places = self.positions.as_deref().map(sample::widen);
        let table = sample::widen(&self.tokens);
        let want = oracle::forward(&list, rows, self.width, &table, places.as_deref(), start);
        trial.check(question, &want, &Tolerance::close(0.0, 1.2e-7)).await
    }

    /// Asks which elements are NaN: 1 where one is, 0 where a number is, poison where nothing was
    /// written.
    async fn ask_outside(&self, trial: &mut Trial) -> Outcome {
        let out = self.run(trial)?;
        let start = self.start.unwrap_or(0) as usize;
        let right = self.with(|i| self.ids[i] as usize, |i| start + i % self.shape[1]);
        let flag = |x: f32| match x.to_bits() {
            bits if guard::is_poison(bits) => x,
            _ => f32::from(u8::from(x.is_nan())),
        };
        let flags: Vec<f32> = out.read::<f32>().await?.into_iter().map(flag).collect();
        let flags = trial.tensor(&flags, out.shape())?;
        let want: Vec<f64> = right.iter().map(|x| f64::from(u8::from(x.is_nan()))).collect();
        let first = |i: usize| self.ids[i] as usize != self.vocab();
        let generous = |e: usize| want[e] * f64::from(u8::from(first(e / self.width)));
        let mut question = self
            .question(&flags)
            .suspect(
                "no-nan-outside",
                "(1 stands for NaN here, 0 for a number.) An id or a place that its table does not \
                 have must leave NaN, and read nothing.",
                vec![0.0; want.len()],
            )
            .suspect(
                "one-row-too-many",
                "(1 stands for NaN here, 0 for a number.) The id `vocab` was taken for a row of the \
                 table. Its rows are 0 to vocab - 1.",
                (0..want.len()).map(generous).collect(),
            );
        question.name = "is NaN";
        trial.check(question, &want, &Tolerance::Exact).await
    }

    fn copy(&self) -> Case {
        Case {
            ids: self.ids.clone(),
            tokens: self.tokens.clone(),
            positions: self.positions.clone(),
            ..*self
        }
    }
}
