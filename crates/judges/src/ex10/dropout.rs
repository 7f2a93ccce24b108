//! Dropout with a mask that is never stored: the engine's rung `1_naive`.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a threshold is 2^24 at most, elements are thousands, and a scale is cut to the kernel's f32"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::dropout::{dropout, keep};
use strata_check::oracle::philox::{philox4x32_10, word};
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::StepState;
use strata_ml::transformer::dropout_forward;
use strata_ml::transformer::kernels::{DROPOUT, thin_out};

const WG: usize = 256;

/// What decides over the mask.
#[derive(Clone, Copy)]
struct Draw {
    p: f32,
    seed: u32,
    step: u32,
    op: u32,
}

impl Draw {
    fn threshold(self) -> u32 {
        (f64::from(self.p) * f64::from(1u32 << 24)).ceil() as u32
    }

    fn scale(self) -> f64 {
        1.0 / (1.0 - f64::from(self.p))
    }
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Two fours; with half of the elements gone, what stays is doubled.
    let draw = Draw { p: 0.5, seed: 9, step: 2, op: 3 };
    let numbers: Vec<f32> = (1..=8).map(|x| x as f32).collect();
    ask(trial, draw, &numbers, None, None).await?;
    ask(trial, draw, &numbers, Some(&[100.0; 8]), None).await?;
    for (n, p) in [(6, 0.5), (1, 0.25), (1027, 0.2), (2048, 0.9), (5, 0.0), (2050, 0.75)] {
        let draw = Draw { p, seed: 1000 + n as u32, step: 17, op: 5 };
        ask(trial, draw, &sample::uniform(1, n, 1.0, 2.0), None, None).await?;
        let residual = sample::normal(2, n);
        ask(trial, draw, &sample::normal(3, n), Some(&residual), None).await?;
    }
    // More fours than lanes: the engine's grid ends at 65,535 workgroups, this one at two.
    let draw = Draw { p: 0.3, seed: 77, step: 1, op: 4 };
    ask(trial, draw, &sample::uniform(4, 3 * 4 * 2 * WG - 3, 1.0, 2.0), None, Some(2)).await?;
    trial.contract().await
}

/// One question, on the engine's grid (`None`) or on one of so many workgroups.
async fn ask(
    trial: &mut Trial,
    draw: Draw,
    x: &[f32],
    residual: Option<&[f32]>,
    groups: Option<usize>,
) -> Outcome {
    let Draw { p, seed, step, op } = draw;
    let n = x.len();
    let state = trial.device().step_state(StepState { seed, step, ..StepState::default() })?;
    let other = residual.map(|residual| trial.tensor(residual, &[n])).transpose()?;
    let input = trial.tensor(x, &[n])?;
    let out = match groups {
        None => dropout_forward(&input, other.as_ref(), p, op, &state)?,
        Some(groups) => {
            let out = trial.poison(&[n])?;
            // The engine's kernel, on a grid that the engine does not choose.
            let bindings = thin_out::Bindings {
                x: input.binding(),
                residual: input.binding(),
                state: state.slice(0, size_of::<StepState>()),
                out: out.binding(),
            };
            let (threshold, scale) = (draw.threshold(), draw.scale() as f32);
            let launch = DROPOUT
                .launch(bindings, thin_out::Params { n, op, threshold, scale })
                .cover(groups * WG, WG as u32)
                .constant("RESIDUAL", 0);
            trial.launch(&launch)?;
            out
        }
    };
    let lanes = groups.unwrap_or(n.div_ceil(4).div_ceil(WG)) * WG;
    let (x, residual) = (sample::widen(x), residual.map(sample::widen));
    let add = |mut y: Vec<f64>| {
        let parts = y.iter_mut().zip(residual.iter().flatten());
        parts.for_each(|(y, r)| *y += r);
        y
    };
    let mask = keep(seed.into(), step, op, p.into(), n);
    let mut question =
        Question::new("out", &out).input("x", &[n]).owner(|i| Owner::linear(i / 4 % lanes, WG));
    if let Some(residual) = &residual {
        let dropped = dropout(&x, &mask, p.into());
        let whole = dropped.iter().zip(residual).zip(&mask);
        let under = whole.map(|((y, r), &keep)| if keep { y + r } else { 0.0 }).collect();
        let sentence = "the residual goes where its x goes. It must come through whole: only x is \
                        dropped.";
        question =
            question.input("residual", &[n]).suspect("residual-dropped-too", sentence, under);
        let sentence = "the residual is missing: where RESIDUAL is 1 it is added.";
        question = question.suspect("residual-missing", sentence, dropped);
    }
    let unscaled = x.iter().zip(&mask).map(|(&x, &keep)| if keep { x } else { 0.0 }).collect();
    let sentence = "what stays is not scaled. With a share p gone, the sums of the next layer are \
                    smaller by 1 - p while training, and not so afterwards: p.scale makes up for it.";
    question = question.suspect("forgotten-scale", sentence, add(unscaled));
    for (name, sentence, stays) in masks(draw) {
        let mask: Vec<bool> = (0..n).map(stays).collect();
        question = question.suspect(name, sentence, add(dropout(&x, &mask, p.into())));
    }
    let want = add(dropout(&x, &mask, p.into()));
    trial
        .check(
            question,
            &want,
            &Tolerance::close(if residual.is_some() { 1e-5 } else { 0.0 }, 3e-7),
        )
        .await
}

type Stays = Box<dyn Fn(usize) -> bool>;

/// The masks that mistakes give.
fn masks(draw: Draw) -> [(&'static str, &'static str, Stays); 7] {
    let Draw { seed, step, op, .. } = draw;
    let threshold = draw.threshold();
    let stays = move |word: u32| word >> 8 >= threshold;
    let of = move |step, op, i| word(seed.into(), step, op, i);
    let first = move |counter| philox4x32_10(counter, [seed, 0])[0];
    [
        (
            "mask-inverted",
            "the mask is inverted: what should stay is dropped, what should be dropped stays.",
            Box::new(move |i| !stays(of(step, op, i))),
        ),
        (
            "one-word-for-four",
            "the same word decides over four neighbours: they stay or go together. Element e has \
             word e % 4.",
            Box::new(move |i| stays(of(step, op, i / 4 * 4))),
        ),
        (
            "a-call-for-each",
            "every element has a counter of its own, and only the first word of each call is used. \
             Four elements share a call: that is four times as fast, and the mask that all other \
             devices draw.",
            Box::new(move |i| stays(first([i as u32, op, step, 0]))),
        ),
        (
            "step-forgotten",
            "the mask does not depend on the step: the same elements are missing all through the \
             training. The counter is (four, op, step, 0).",
            Box::new(move |i| stays(of(0, op, i))),
        ),
        (
            "op-forgotten",
            "the mask does not depend on op: all dropouts of the model drop the same elements. The \
             counter is (four, op, step, 0).",
            Box::new(move |i| stays(of(step, 0, i))),
        ),
        (
            "counter-out-of-order",
            "op and step are exchanged. The counter is (four, op, step, 0).",
            Box::new(move |i| stays(of(op, step, i))),
        ),
        (
            "word-not-cut",
            "the whole word is compared with the threshold, which counts in 2^-24: next to nothing is \
             dropped. Take its upper 24 bits, word >> 8.",
            Box::new(move |i| of(step, op, i) >= threshold),
        ),
    ]
}
