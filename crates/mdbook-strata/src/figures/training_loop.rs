//! One training step, and what happens between steps.

use super::svg::{Anchor, Svg};

const WIDE: f64 = 156.0;
const HIGH: f64 = 54.0;
const UPPER: f64 = 34.0;
const LOWER: f64 = 158.0;

fn column(i: usize) -> f64 {
    242.0 * i as f64
}

pub(super) fn draw() -> Svg {
    let text = "A training step as a loop. A batch of token ids, with the ids one place further on as targets, goes through \
                the model forward, which gives logits; cross-entropy makes one number of them, the loss. Backward puts a \
                gradient beside every parameter. Clip measures their norm and, where it is too large, scales all of them \
                down. AdamW moves the moments and the parameters. Then comes the next batch. Every so often, between two \
                steps: the held-out stories are scored, a sample is written, a checkpoint saved.";
    let mut svg = Svg::new("training-loop", 640.0, 300.0, "One training step", text);
    let upper = [["batch", "ids and targets"], ["forward", "logits"], ["loss", "one number"]];
    let lower =
        [["AdamW", "moves the values"], ["clip", "norm at most 1"], ["backward", "gradients"]];
    for (i, text) in upper.into_iter().enumerate() {
        svg.boxed2(column(i), UPPER, WIDE, HIGH, if i == 0 { "fill-1" } else { "fill-3" }, text);
    }
    for (i, text) in lower.into_iter().enumerate() {
        svg.boxed2(column(i), LOWER, WIDE, HIGH, if i == 0 { "fill-3" } else { "fill-4" }, text);
    }
    for i in 0..2 {
        let (left, right) = (column(i) + WIDE + 3.0, column(i + 1) - 3.0);
        svg.arrow((left, UPPER + HIGH / 2.0), (right, UPPER + HIGH / 2.0), 0.0);
        svg.arrow((right, LOWER + HIGH / 2.0), (left, LOWER + HIGH / 2.0), 0.0);
    }
    let (down, up) = (column(2) + WIDE / 2.0, WIDE / 2.0);
    svg.arrow((down, UPPER + HIGH + 3.0), (down, LOWER - 3.0), 0.0);
    svg.arrow((up, LOWER - 3.0), (up, UPPER + HIGH + 3.0), 0.0);
    svg.text(up + 14.0, 112.0, Anchor::Start, "small strong", "the next step");
    let between = ["every so often, first: held-out loss,", "a sample, a checkpoint"];
    svg.notes(up + 14.0, 130.0, Anchor::Start, &between);
    let notes = ["Green: values. Violet: gradients, which live in an arena beside the parameters."];
    svg.notes(0.0, 252.0, Anchor::Start, &notes);
    svg
}
