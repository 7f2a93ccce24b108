//! The sum that attention's backward pass begins with: first kernel of the engine's rung `3_flash1`.

#![expect(
    clippy::indexing_slicing,
    reason = "all lists have batch * heads * rows * dim elements, or one a row, and indexes count those"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::attention::Attention;
use strata_check::{Tolerance, sample};
use strata_ml::attention::{Options, backward, forward};

#[derive(Clone, Copy)]
struct Shape {
    batch: usize,
    heads: usize,
    rows: usize,
    dim: usize,
    causal: bool,
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // One key: its probability is 1 whatever happens, so the query's gradient is 0. With a key of (1, 0)
    // and a scale of 1, what stands in dq[0] is by how much delta is too small.
    let one = Shape { batch: 1, heads: 1, rows: 1, dim: 2, causal: false };
    ask(trial, one, 1.0, [&[0., 0.], &[1., 0.], &[2., 3.], &[10., 100.]]).await?;
    for (batch, heads, rows, dim, causal) in [
        (1, 1, 3, 4, true),
        (1, 2, 3, 4, true),
        (2, 3, 5, 40, true),
        (2, 2, 33, 20, false),
        (1, 1, 70, 1, true),
        (1, 4, 130, 8, true),
        (1, 1, 9, 128, true),
    ] {
        let shape = Shape { batch, heads, rows, dim, causal };
        let n = batch * heads * rows * dim;
        let data = [1, 2, 3, 4].map(|seed| sample::normal(seed, n));
        ask(trial, shape, 1.0 / (dim as f32).sqrt(), data.each_ref().map(Vec::as_slice)).await?;
    }
    trial.contract().await
}

async fn ask(trial: &mut Trial, shape: Shape, scale: f32, data: [&[f32]; 4]) -> Outcome {
    let Shape { batch, heads, rows, dim, causal } = shape;
    let sizes = [batch, heads, rows, dim];
    let options = if causal { Options::causal() } else { Options::full() }.scaled(scale);
    let [q, k, v, d_out] = data.map(|x| trial.tensor(x, &sizes));
    let (q, k, v, d_out) = (q?, k?, v?, d_out?);
    let attended = forward(&q, &k, &v, &options)?;
    // The cache is emptied, so that a delta that nobody writes is poison and not an older one.
    trial.device().trim();
    let got = backward(&q, &k, &v, &attended, &d_out, &options)?;

    let [q, k, v, d] = data.map(sample::widen);
    let oracle = Attention {
        batch,
        heads,
        rows,
        keys: rows,
        head_dim: dim,
        causal,
        scale: scale.into(),
        dropout: None,
        key_mask: None,
    };
    let want = oracle.backward(&q, &k, &v, &d);
    let out = oracle.forward(&q, &k, &v).out;
    let sum = |at: usize, term: &dyn Fn(usize) -> f64| -> f64 {
        (0..dim).map(|c| term(at * dim + c)).sum()
    };
    // The output lies in memory as [batch, rows, heads, dim], its gradient here as [batch, heads, ..].
    let there = |i: usize| {
        let (c, row, head, b) =
            (i % dim, i / dim % rows, i / dim / rows % heads, i / dim / rows / heads);
        ((b * rows + row) * heads + head) * dim + c
    };
    type Delta<'a> = &'a dyn Fn(usize) -> f64;
    let slips: [(&str, &str, Delta); 7] = [
        (
            "delta-not-written",
            "delta was not written for these rows: what was in memory before went into dq",
            &|at| if heads == 1 || at >= rows { f64::NAN } else { sum(at, &|i| out[i] * d[i]) },
        ),
        (
            "output-forgotten",
            "delta is the sum of the gradient alone. Each number is multiplied with the output's first",
            &|at| sum(at, &|i| d[i]),
        ),
        (
            "gradient-forgotten",
            "delta is the sum of the output alone. Each number is multiplied with its gradient first",
            &|at| sum(at, &|i| out[i]),
        ),
        (
            "mean-for-sum",
            "delta is the mean over head_dim. It stands for a sum over keys: the sum is wanted",
            &|at| sum(at, &|i| out[i] * d[i]) / dim as f64,
        ),
        (
            "first-numbers-only",
            "delta has every 32nd term of its sum only: what one lane has. Who adds up the lanes?",
            &|at| (0..dim).step_by(32).map(|c| out[at * dim + c] * d[at * dim + c]).sum(),
        ),
        (
            "last-number-only",
            "delta is the last product of its sum. Are the others added, or replaced?",
            &|at| out[at * dim + dim - 1] * d[at * dim + dim - 1],
        ),
        (
            "steps-of-the-output",
            "the output's gradient was read with the output's view. They are two tensors, and each has \
             its own: p.q is the output's, p.out that of its gradient",
            &|at| sum(at, &|i| out[i] * d[there(i)]),
        ),
    ];
    let mut of_q = Question::new("dq", &got.dq).input("out", &sizes).input("d_out", &sizes);
    let mut of_k = Question::new("dk", &got.dk).input("out", &sizes).input("d_out", &sizes);
    for (name, says, delta) in slips {
        let (dq, dk) = gradients(&oracle, [&q, &k, &v, &d], delta);
        of_q = of_q.suspect(name, says, dq);
        of_k = of_k.suspect(name, says, dk);
    }
    // The values' gradient has no delta in it. Where the right answer is 0, so is its largest number.
    let rule = match rows {
        1 => Tolerance::close(1e-3, 0.0),
        _ => Tolerance::whole(4e-5),
    };
    trial.check(of_q, &want.dq, &rule).await?;
    trial.check(of_k, &want.dk, &rule).await
}

/// The gradients of queries and keys that such a delta leads to.
fn gradients(
    of: &Attention,
    [q, k, v, d]: [&[f64]; 4],
    delta: impl Fn(usize) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let (rows, dim) = (of.rows, of.head_dim);
    let dot = |a: &[f64], i: usize, b: &[f64], j: usize| -> f64 {
        (0..dim).map(|c| a[i * dim + c] * b[j * dim + c]).sum()
    };
    let lse = of.forward(q, k, v).lse;
    let (mut dq, mut dk) = (vec![0.0; q.len()], vec![0.0; k.len()]);
    for at in 0..of.batch * of.heads * rows {
        let head = at / rows * rows;
        let seen = if of.causal { at + 1 - head } else { rows };
        let delta = delta(at);
        for key in head..head + seen {
            let probability = (of.scale * dot(q, at, k, key) - lse[at]).exp();
            let ds = of.scale * probability * (dot(d, at, v, key) - delta);
            for c in 0..dim {
                dq[at * dim + c] += ds * k[key * dim + c];
                dk[key * dim + c] += ds * q[at * dim + c];
            }
        }
    }
    (dq, dk)
}
