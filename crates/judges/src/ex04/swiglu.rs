//! The gated activation of one row's two halves, in one pass.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "rows of 2 * width made here, and indexes that count their elements"
)]

use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use strata_check::oracle::map::silu;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::Tensor;

kernel! {
    "ex04-gelu"
    mod gate {
        bindings { x: read f32, out: write f32 }
        params { rows: usize, width: usize }
    }
    static KERNEL = "swiglu/1_fused"(swiglu)
}

const WG: usize = 256;

fn launch(x: &Tensor, out: &Tensor, [rows, width]: [usize; 2]) -> Launch {
    let n = (rows * width) as f64;
    KERNEL
        .launch(gate::Bindings { x: x.binding(), out: out.binding() }, gate::Params { rows, width })
        .cover(rows * width, WG as u32)
        .cost(16.0 * n, 12.0 * n)
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Two rows of a gate and an up of two each; silu(0) is 0, so one result needs no calculator.
    ask(trial, [2, 2], &[0.0, 2.0, 5.0, 3.0, -1.0, 1.0, 4.0, 10.0], None).await?;
    for [rows, width] in [[1, 1], [3, 5], [4, 200], [1, 300], [7, 37], [5, 257]] {
        let x: Vec<f32> = sample::normal(1, 2 * rows * width).iter().map(|x| 3.0 * x).collect();
        ask(trial, [rows, width], &x, None).await?;
    }
    far_out(trial).await?;
    // More results than lanes: 1899 for two workgroups.
    ask(trial, [9, 211], &sample::normal(2, 2 * 9 * 211), Some(2)).await
}

/// Gates of every size, each with the same up.
async fn far_out(trial: &mut Trial) -> Outcome {
    let gates = [20.0, 80.0, 100.0, 1e3, 1e4];
    let mut x: Vec<f32> = gates.iter().flat_map(|&g| [g, -g]).collect();
    let width = x.len();
    x.extend(vec![2.0; width]);
    ask(trial, [1, width], &x, None).await
}

/// One question, on a grid of so many workgroups (`None`: as many as cover the results).
async fn ask(trial: &mut Trial, shape: [usize; 2], x: &[f32], groups: Option<usize>) -> Outcome {
    let [rows, width] = shape;
    let input = trial.tensor(x, &[rows, 2 * width])?;
    let out = trial.poison(&shape)?;
    let mut launch = launch(&input, &out, shape);
    if let Some(groups) = groups {
        launch = launch.grid(groups, 1, 1);
    }
    let groups = launch.grid[0] as usize;
    trial.launch(&launch)?;
    let x = sample::widen(x);
    let half = |at: usize, side: usize| x[(at / width * 2 + side) * width + at % width];
    let with = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..rows * width).map(f).collect() };
    let want = with(&|at| silu(half(at, 0)) * half(at, 1));
    let mut question = Question::new("out", &out)
        .input("x", &[rows, 2 * width])
        .owner(|i| Owner::linear(i % (groups * WG), WG))
        .suspect(
            "halves-exchanged",
            "gate and up are exchanged: the first half of a row is the gate, and it is the one \
             that goes through silu.",
            with(&|at| half(at, 0) * silu(half(at, 1))),
        )
        .suspect(
            "sigmoid-for-silu",
            "this is sigmoid(gate) * up. silu(x) is x * sigmoid(x): the x is missing.",
            with(&|at| half(at, 1) / (1.0 + (-half(at, 0)).exp())),
        )
        .suspect(
            "gate-not-bent",
            "this is gate * up: silu is missing.",
            with(&|at| half(at, 0) * half(at, 1)),
        )
        .suspect(
            "pairs-for-halves",
            "gate and up are read as neighbours. They do not alternate: a row holds all its gates \
             first and then all its ups.",
            with(&|at| {
                let from = at / width * 2 * width + at % width * 2;
                silu(x[from]) * x[from + 1]
            }),
        )
        .suspect(
            "rows-overlap",
            "every row but the first is read from half as far as it lies: a row of x has twice \
             the length of a row of out.",
            with(&|at| {
                let from = at / width * width + at % width;
                silu(x[from]) * x[from + width]
            }),
        );
    if rows == 1 {
        let lost = |above: bool| {
            with(&|at| {
                let gate = half(at, 0);
                let lost = if above { gate > 88.5 } else { gate < -88.5 };
                if lost { f64::NAN } else { want[at] }
            })
        };
        let sentence = "an exponential overflows for a large gate, and infinity over infinity is \
                        NaN. e^-|x| never overflows.";
        for above in [true, false] {
            question = question.suspect("exponential-overflows", sentence, lost(above));
        }
    }
    trial.check(question, &want, &Tolerance::close(2e-6, 4e-6)).await
}

pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let shape = if device.info().caps.software { [256, 1024] } else { [16_384, 1024] };
    let x = noise(device, &[shape[0], 2 * shape[1]])?;
    let out = Tensor::full(device, &shape, 0.0)?;
    let device = device.clone();
    let text = format!("{} rows of 2 x {}", shape[0], shape[1]);
    Ok(Problem::new(text, move || device.launch(&launch(&x, &out, shape))))
}
