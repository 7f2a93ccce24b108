//! y = a x + y, each thread taking as many elements as fall to it.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "x and y have `all` elements here, and indexes are below that; a width is 256 at most"
)]

use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::Tensor;

kernel! {
    "ex01-tensor"
    mod add_scaled {
        bindings { x: read f32, y: write f32 }
        params { n: usize, a: f32 }
    }
    static KERNEL = "saxpy/1_grid_stride"(saxpy)
}

/// Elements behind the vector that are bound too, and must stay as they are.
const BEHIND: usize = 2;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    let count = |n: usize| -> Vec<f32> { (1..=n + BEHIND).map(|i| i as f32).collect() };
    let hundred = |n: usize| vec![100.0; n + BEHIND];
    // One group of four: just enough, one too many, too few; then two groups that go round twice.
    for (n, groups) in [(4, 1), (3, 1), (6, 1), (8, 2), (19, 2), (1, 3)] {
        update(trial, 2.0, &count(n), &hundred(n), groups, 4).await?;
    }
    for (n, groups, width) in [(1000, 3, 64), (4097, 16, 256), (200_003, 65, 256)] {
        let (x, y) = (sample::normal(1, n + BEHIND), sample::normal(2, n + BEHIND));
        update(trial, -0.75, &x, &y, groups, width).await?;
    }
    // Nothing to add, and the largest that floats hold.
    update(trial, 0.0, &count(100), &hundred(100), 1, 32).await?;
    update(trial, 1e30, &[1e8, -1e8, 0.0, 1.0, 1.0], &[1e38, 1e38, -1e38, 1.0, 1.0], 1, 32).await
}

async fn update(
    trial: &mut Trial,
    a: f32,
    x: &[f32],
    y: &[f32],
    groups: usize,
    width: usize,
) -> Outcome {
    let (all, n) = (x.len(), x.len() - BEHIND);
    let threads = groups * width;
    let (left, right) = (trial.tensor(x, &[all])?, trial.tensor(y, &[all])?);
    trial.launch(&launch(&left, &right, n, a, groups, width))?;
    let (x, y, a) = (sample::widen(x), sample::widen(y), f64::from(a));
    let each = |f: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..all).map(|i| if i < n { f(i) } else { y[i] }).collect()
    };
    let times = |i: usize, often: usize| y[i] + often as f64 * a * x[i];
    let want = each(&|i| times(i, 1));
    let magnitudes = (0..all).map(|i| (a * x[i]).abs() + y[i].abs()).collect();
    let mut one_more = want.clone();
    one_more[n] += a * x[n];
    let first = |often: usize| each(&|i| times(i, if i % threads < width { often } else { 0 }));
    let alone =
        "every group does the elements of the first. Is the group's own number part of the index?";
    let steps = "elements are updated again and again: a group strides over its own width, into the \
                 elements of the others. How far is one step if all groups take it?";
    let question = Question::new("y", &right)
        .input("x", &[all])
        .input("y", &[all])
        .owner(|i| Owner::linear(i % threads, width))
        .suspect("untouched", "y is as it was: nothing was stored.", y.clone())
        .suspect(
            "one-round-only",
            "every thread updates one element, and the rest of y stays as it was. What is left when \
             the vector is longer than the grid?",
            each(&|i| times(i, usize::from(i < threads))),
        )
        .suspect(
            "one-too-many",
            format!(
                "n is {n} here, and element {n} was updated too: it lies behind the vector and belongs \
                 to somebody else. Is it `<` or `<=`?"
            ),
            one_more,
        )
        .suspect(
            "y-is-lost",
            "what stood in y is gone: saxpy adds to it.",
            each(&|i| a * x[i]),
        )
        .suspect("a-for-both", "a multiplies x alone, not the sum.", each(&|i| a * (x[i] + y[i])))
        .suspect("a-forgotten", "x is added as it is. What about a?", each(&|i| x[i] + y[i]))
        .suspect("first-group-only", alone, first(1))
        .suspect("first-group-only", alone, first(groups))
        .suspect("step-of-one-group", steps, each(&|i| times(i, groups.min(i / width + 1))))
        .suspect("step-of-one-group", steps, each(&|i| times(i, groups)));
    trial.check(question, &want, &Tolerance::sum(2, magnitudes)).await
}

fn launch(x: &Tensor, y: &Tensor, n: usize, a: f32, groups: usize, width: usize) -> Launch {
    KERNEL
        .launch(
            add_scaled::Bindings { x: x.binding(), y: y.binding() },
            add_scaled::Params { n, a },
        )
        .grid(groups, 1, 1)
        .block(width as u32, 1, 1)
        .constant("WG", width as u32)
        .cost(2.0 * n as f64, 12.0 * n as f64)
}

pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let n: usize = if device.info().caps.software { 1 << 20 } else { 1 << 26 };
    let (x, y) = (noise(device, &[n])?, noise(device, &[n])?);
    let device = device.clone();
    Ok(Problem::new(format!("{n} elements, 1024 groups of 256"), move || {
        device.launch(&launch(&x, &y, n, 1e-3, 1024, 256))
    }))
}
