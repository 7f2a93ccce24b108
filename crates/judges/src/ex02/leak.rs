//! A training loop, watched from its loss: what are the weights, and which tapes are still there?

use super::near::{Near, near};
use crate::rust::{expect, require, suspect};
use crate::{Failure, Outcome};
use std::cell::Cell;
use std::sync::Arc;
use strata_check::sample;
use strata_ml::autograd::Var;
use strata_ml::device::{Device, Settings};
use strata_ml::tensor::{Result, Tensor};

/// What a step's loss is.
type Loss<'a> = &'a dyn Fn(&Var, usize) -> Result<Var>;

/// The reader's loop.
pub struct Leak {
    /// Start, steps, rate, momentum, loss; weights and mean loss come back.
    pub train: fn(&Tensor, usize, f32, f32, Loss<'_>) -> Result<(Tensor, f32)>,
}

/// A run: where it starts, and what the weights are drawn to in each step.
struct Case {
    start: Vec<f32>,
    targets: Vec<Vec<f32>>,
    rate: f32,
    momentum: f32,
}

/// Judges the loop.
///
/// # Errors
/// The weights or the mean are not what gradient descent gives, or tapes pile up.
pub fn judge(mine: &Leak) -> Outcome {
    let device = Device::open("cpu", Settings::default())?;
    run(mine, &device, &still(1, 0.0))?;
    run(mine, &device, &still(3, 0.0))?;
    run(mine, &device, &still(4, 0.5))?;
    let targets = (0..200).map(|step| sample::normal(step, 5)).collect();
    run(mine, &device, &Case { start: vec![0.0; 5], targets, rate: 0.05, momentum: 0.9 })
}

/// One weight, which a loss of (w - 8)^2 / 2 draws from 0 to 8; small enough to follow by hand.
fn still(steps: usize, momentum: f32) -> Case {
    Case { start: vec![0.0], targets: vec![vec![8.0]; steps], rate: 0.5, momentum }
}

fn run(mine: &Leak, device: &Device, case: &Case) -> Outcome {
    let (steps, n) = (case.targets.len(), case.start.len());
    let start = Tensor::from_slice(device, &case.start, &[n])?;
    // Whoever holds a step's tape holds its share of this.
    let alive = Arc::new(());
    let most = Cell::new(0);
    let loss = |weights: &Var, step: usize| -> Result<Var> {
        most.set(most.get().max(Arc::strong_count(&alive) - 1));
        #[expect(clippy::indexing_slicing, reason = "there are `steps` targets, one at least")]
        let target = &case.targets[step % steps];
        distance(weights, target, &alive)
    };
    let call = match n {
        1 => format!(
            "train(&[0], {steps} steps, rate {}, momentum {}), where the loss is (w - 8)^2 / 2",
            case.rate, case.momentum
        ),
        _ => format!(
            "train(&{:?}, {steps} steps, rate {}, momentum {})",
            case.start, case.rate, case.momentum
        ),
    };
    let (weights, mean) =
        (mine.train)(&start, steps, case.rate, case.momentum, &loss).map_err(|e| {
            Failure::Named { name: "refused", text: format!("{call}\n  got        {e}\n") }
        })?;
    let weights: Vec<f64> = sample::widen(&weights.to_vec::<f32>()?);
    descent(case, &format!("{call}: the weights"), &weights)?;
    let losses = simulate(case, Mistake::None).1;
    let sum: f64 = losses.iter().sum();
    let last = losses.last().copied().unwrap_or_default();
    let means = [
        suspect("last-loss-only", "that is the last step's loss, not the mean.", Near(last)),
        suspect("a-share-of-the-last", "only the last loss is in it.", Near(last / steps as f64)),
        suspect("sum-for-mean", "that is the sum of the losses, not the mean.", Near(sum)),
        suspect("losses-lost", "the losses are no longer added up.", Near(0.0)),
    ];
    expect(
        &format!("{call}: the mean loss"),
        Near(f64::from(mean)),
        Near(sum / steps as f64),
        &means,
    )?;
    let text = format!(
        "{call}\n  got        {} tapes alive at once\n  want       1, however many steps there are\n  \
         diagnosis  something that outlives a step holds on to its tape, and through it to every tensor \
         that was kept for the way back. A number does not need a past: which Var here should be a \
         Tensor?\n",
        most.get() + 1
    );
    require(most.get() <= 1, "tapes-pile-up", text)
}

/// Half the squared distance to a target; its backward holds a share of `alive`.
fn distance(weights: &Var, target: &[f32], alive: &Arc<()>) -> Result<Var> {
    let target = Tensor::from_slice(weights.value().device(), target, weights.shape())?;
    let away = weights.value().sub(&target)?;
    let value = away.square()?.sum_all()?.affine(0.5, 0.0)?;
    let held = alive.clone();
    Ok(Var::from_op("distance", value, &[weights], move |upstream, grads| {
        let _held = &held;
        grads.add(0, away.mul(upstream)?)
    }))
}

#[derive(Clone, Copy, PartialEq)]
enum Mistake {
    None,
    /// Gradients of all steps add up.
    Kept,
    /// The velocity starts anew in each step.
    NoMomentum,
    /// The weights never move.
    Still,
    /// The gradient is counted twice in each step.
    Twice,
}

/// Weights, and the loss of each step, in float64.
#[expect(clippy::indexing_slicing, reason = "all four lists are as long as the weights")]
fn simulate(case: &Case, mistake: Mistake) -> (Vec<f64>, Vec<f64>) {
    let mut weights = sample::widen(&case.start);
    let mut velocity = vec![0.0; weights.len()];
    let mut gradient = vec![0.0; weights.len()];
    let mut losses = Vec::new();
    for target in &case.targets {
        let away: Vec<f64> = weights.iter().zip(target).map(|(w, t)| w - f64::from(*t)).collect();
        losses.push(away.iter().map(|d| d * d / 2.0).sum());
        for i in 0..weights.len() {
            let kept = if mistake == Mistake::Kept { gradient[i] } else { 0.0 };
            gradient[i] = kept + away[i] * if mistake == Mistake::Twice { 2.0 } else { 1.0 };
            let momentum =
                if mistake == Mistake::NoMomentum { 0.0 } else { f64::from(case.momentum) };
            velocity[i] = momentum * velocity[i] + gradient[i];
            if mistake != Mistake::Still {
                weights[i] -= f64::from(case.rate) * velocity[i];
            }
        }
    }
    (weights, losses)
}

fn descent(case: &Case, call: &str, weights: &[f64]) -> Outcome {
    let of = |mistake| near(&simulate(case, mistake).0);
    let suspects = [
        suspect(
            "gradients-leak",
            "each step's gradient still has those of all steps before in it: backward() adds to what a \
             leaf holds. Who takes it away?",
            of(Mistake::Kept),
        ),
        suspect(
            "momentum-lost",
            "the velocity starts anew with every step. It may remember; the gradient may not.",
            of(Mistake::NoMomentum),
        ),
        suspect(
            "weights-stand-still",
            "the weights have not moved. Was the gradient gone before it was used?",
            of(Mistake::Still),
        ),
        suspect(
            "backward-twice",
            "every gradient counts twice. How often does backward run in a step?",
            of(Mistake::Twice),
        ),
    ];
    expect(call, near(weights), of(Mistake::None), &suspects)
}
