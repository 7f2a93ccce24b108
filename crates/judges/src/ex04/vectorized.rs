//! GELU, four elements a lane: the engine's rung `2_vectorized`.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "lists made here, and indexes below their lengths; WG is 256"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::gelu::forward;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::Launch;
use strata_ml::gelu::gelu_forward;
use strata_ml::gelu::kernels::{VECTORIZED, activate};
use strata_ml::tensor::Tensor;

const WG: usize = 256;
const RULE: (f64, f64) = (1e-6, 2e-6);

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    ask(trial, &[-1.0, 0.0, 1.0, 2.0]).await?;
    for n in [4 * WG, 5, 1, 3, 2050, 4099] {
        ask(trial, &sample::uniform(n as u64, n, -6.0, 6.0)).await?;
    }
    neighbours(trial).await?;
    small_grid(trial).await?;
    trial.contract().await
}

/// The lane of each element, on a grid of so many workgroups.
fn owner(groups: usize) -> impl Fn(usize) -> Owner {
    move |i| Owner::linear(i / 4 % (groups * WG), WG)
}

async fn ask(trial: &mut Trial, data: &[f32]) -> Outcome {
    let shape = [data.len()];
    let out = gelu_forward(&trial.tensor(data, &shape)?)?;
    let x = sample::widen(data);
    let want = forward(&x);
    let firsts = (0..x.len()).map(|i| want[i / 4 * 4]).collect();
    let question = Question::new("out", &out)
        .input("x", &shape)
        .owner(owner(data.len().div_ceil(4 * WG)))
        .suspect("copied", "this is x itself: gelu_of was never applied.", x.clone())
        .suspect(
            "first-of-each-four",
            "each four holds four times the gelu of its first element. What became of y, z and w?",
            firsts,
        );
    trial.check(question, &want, &Tolerance::close(RULE.0, RULE.1)).await
}

/// The engine's kernel, on grids and buffers that the engine does not choose.
fn launch(x: &Tensor, out: &Tensor, n: usize) -> Launch {
    let bindings = activate::Bindings { x: x.binding(), out: out.binding() };
    VECTORIZED.launch(bindings, activate::Params { n })
}

/// Five elements in a buffer of eight: the last three belong to somebody else.
async fn neighbours(trial: &mut Trial) -> Outcome {
    let data = [1.0, 2.0, 3.0, -1.0, -2.0, 4.0, 5.0, 6.0];
    let n = 5;
    let x = trial.tensor(&data, &[8])?;
    let out = trial.tensor(&[-7.0f32; 8], &[8])?;
    trial.launch(&launch(&x, &out, n).cover(2, WG as u32))?;
    let all = forward(&sample::widen(&data));
    let want: Vec<f64> = (0..8).map(|i| if i < n { all[i] } else { -7.0 }).collect();
    let sentence = "n is 5, and elements 5 to 7 were written all the same: whatever lies there is \
                    not yours. Only whole fours may be stored whole.";
    let question = Question::new("out", &out).input("x (n = 5)", &[8]).owner(owner(1)).suspect(
        "writes-behind-the-end",
        sentence,
        all,
    );
    trial.check(question, &want, &Tolerance::close(RULE.0, RULE.1)).await
}

/// More fours than lanes: the engine's grid ends at 65,535 workgroups, this one at two.
async fn small_grid(trial: &mut Trial) -> Outcome {
    let (groups, n) = (2, 3 * 2 * 4 * WG);
    let (data, x) = trial.normal(5, &[n])?;
    let out = trial.poison(&[n])?;
    trial.launch(&launch(&x, &out, n).cover(groups * WG, WG as u32))?;
    let question = Question::new("out", &out).input("x", &[n]).owner(owner(groups));
    trial.check(question, &forward(&sample::widen(&data)), &Tolerance::close(RULE.0, RULE.1)).await
}
