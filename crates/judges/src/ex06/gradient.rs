//! The gradient of cross-entropy, a block for each row: the engine's rung `2_block`.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "logits and targets made here, and indexes that count rows and columns, thousands"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::cross_entropy::cross_entropy;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::loss::{IGNORE, Loss, cross_entropy_backward};
use strata_ml::tensor::Tensor;

const WG: usize = 256;

/// Logits, and targets of which those below 0 are not scored.
struct Case {
    logits: Vec<f32>,
    targets: Vec<i32>,
    dloss: f32,
    scale: f32,
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Four equal chances: 1/4 everywhere, 1/4 - 1 at the target, over the number of rows.
    let equal = |targets: &[i32], dloss, scale| Case {
        logits: vec![0.0; 4 * targets.len()],
        targets: targets.to_vec(),
        dloss,
        scale,
    };
    ask(trial, &equal(&[2], 1.0, 1.0)).await?;
    ask(trial, &equal(&[2, 0], 1.0, 1.0)).await?;
    ask(trial, &equal(&[2, -1, 1], 1.0, 1.0)).await?;
    ask(trial, &equal(&[3, 1], 3.0, 1.0)).await?;
    ask(trial, &equal(&[3, 1], 1.0, 3.0)).await?;
    beyond(trial).await?;
    for (rows, vocab) in [(3, 5), (2, 300), (40, 7), (5, 1300), (4, 1), (300, 33)] {
        let logits = sample::normal(1, rows * vocab).iter().map(|x| 20.0 * x).collect();
        let mut targets = sample::tokens(3, rows, vocab as u32);
        targets[rows / 2] = -1;
        ask(trial, &Case { logits, targets, dloss: 0.5, scale: 3.0 }).await?;
    }
    ask(trial, &equal(&[-1, -1], 1.0, 1.0)).await?;
    trial.contract().await
}

/// What the forward pass leaves behind, as the oracle has it.
fn forward(trial: &Trial, lse: &[f64], scored: usize) -> Outcome<Loss> {
    let rows = [lse.len()];
    Ok(Loss {
        mean: trial.tensor(&[0f32], &[])?,
        rows: trial.tensor(&vec![0f32; lse.len()], &rows)?,
        lse: trial.tensor(&sample::narrow(lse), &rows)?,
        weight: trial.tensor(&[1.0 / scored.max(1) as f32], &[1])?,
    })
}

fn run(trial: &Trial, case: &Case, lse: &[f64], scored: usize) -> Outcome<Tensor> {
    let rows = case.targets.len();
    let targets: Vec<u32> =
        case.targets.iter().map(|&t| u32::try_from(t).unwrap_or(IGNORE)).collect();
    let loss = forward(trial, lse, scored)?;
    let dloss = trial.tensor(&[case.dloss], &[])?;
    let targets = trial.tensor(&targets, &[rows])?;
    let logits = trial.tensor(&case.logits, &[rows, case.logits.len() / rows])?;
    Ok(cross_entropy_backward(&logits, &targets, &loss, &dloss, case.scale)?)
}

async fn ask(trial: &mut Trial, case: &Case) -> Outcome {
    let rows = case.targets.len();
    let vocab = case.logits.len() / rows;
    let wide = sample::widen(&case.logits);
    let loss = cross_entropy(&wide, &case.targets, vocab, -1);
    let got = run(trial, case, &loss.lse, loss.scored)?;

    let (dloss, scale) = (f64::from(case.dloss), f64::from(case.scale));
    let weight = 1.0 / loss.scored.max(1) as f64;
    let factor = weight * dloss * scale;
    let want: Vec<f64> = loss.dlogits.iter().map(|d| d * dloss * scale).collect();
    let times = |by: f64| want.iter().map(|d| d * by).collect::<Vec<f64>>();
    // (probability - what(row, column)) factor, in scored rows or in all.
    let minus = |all: bool, what: &dyn Fn(usize, usize) -> bool| -> Vec<f64> {
        let one = |i: usize| {
            let (row, j) = (i / vocab, i % vocab);
            let probability = (wide[i] - loss.lse[row]).exp();
            let scored = all || case.targets[row] >= 0;
            if scored { (probability - f64::from(u8::from(what(row, j)))) * factor } else { 0.0 }
        };
        (0..rows * vocab).map(one).collect()
    };
    let hits = |row: usize, j: usize| case.targets[row] == j as i32;
    let question = Question::new("dlogits", &got)
        .input("logits", &[rows, vocab])
        .input("targets", &[rows])
        .owner(|i| Owner::row(i, vocab, WG))
        .suspect(
            "forgot-the-one-hot",
            "this is the softmax alone. At the target 1 is subtracted: that is what pulls it up",
            minus(false, &|_, _| false),
        )
        .suspect(
            "forgot-the-mean",
            "this is the gradient of the sum of the losses. Theirs is the mean over the scored rows: \
             weight[0] is one over their number",
            times(1.0 / weight),
        )
        .suspect(
            "mean-over-all-rows",
            "this is divided by the number of all rows. Rows that are not scored do not count",
            times(loss.scored as f64 / rows as f64),
        )
        .suspect(
            "ignored-rows-scored",
            "rows that are not scored pull at the logits too. Their target is IGNORE, and their \
             gradient 0",
            minus(true, &hits),
        )
        .suspect(
            "another-rows-target",
            "the 1 is subtracted at row 0's target in every row. Each row has a target of its own",
            minus(false, &|_, j| hits(0, j)),
        )
        .suspect(
            "forgot-dloss",
            "the gradient that comes from above, dloss[0], is not in it",
            times(1.0 / dloss),
        )
        .suspect("forgot-scale", "p.scale is not in it", times(1.0 / scale))
        .suspect(
            "sign-flipped",
            "the sign is flipped: the loss falls when the target's logit rises, so there the gradient \
             is below 0",
            times(-1.0),
        );
    trial.check(question, &want, &Tolerance::close(1e-6 * factor, 4e-5)).await
}

/// A target beyond the vocabulary: its row must become NaN, which no comparison takes for right. So
/// the question is put the other way round: which elements equal themselves?
async fn beyond(trial: &mut Trial) -> Outcome {
    let case = Case { logits: vec![0.0; 12], targets: vec![1, 9, 2], dloss: 1.0, scale: 1.0 };
    let dlogits = run(trial, &case, &[4f64.ln(); 3], 3)?;
    let number = dlogits.eq(&dlogits)?;
    let want = [1., 1., 1., 1., 0., 0., 0., 0., 1., 1., 1., 1.];
    let question = Question::new("dlogits == dlogits", &number)
        .input("logits", &[3, 4])
        .input("targets", &[3])
        .owner(|i| Owner::row(i, 4, WG))
        .suspect(
            "wrong-target-passes",
            "the target of row 1 is 9 and the vocabulary has 4: the row must become p.invalid, NaN, or \
             nobody will ever notice",
            vec![1.0; 12],
        );
    trial.check(question, &want, &Tolerance::Exact).await
}
