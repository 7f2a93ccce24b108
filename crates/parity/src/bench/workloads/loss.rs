//! Chapter 6, whose cases fill a file of their own.

use crate::Outcome;
use crate::bench::workload::{Inputs, Run, Shapes, label};
use crate::bench::{Scale, elementwise, of_1024};
use crate::cases::Work;
use strata_ml::loss::{
    CrossEntropy, cross_entropy_backward, cross_entropy_backward_with, cross_entropy_forward,
    cross_entropy_forward_with, log_softmax_backward, log_softmax_forward, softmax_backward,
    softmax_forward,
};
use strata_ml::tensor::Tensor;

pub(super) const LIST: &[Work] = &[
    ("softmax", |s, d| {
        let x = d.noise(&[s.rows(), s.vocab])?;
        Run::new(label(&x), move || Ok(softmax_forward(&x).map(drop)?))
    }),
    ("log_softmax", |s, d| {
        let x = d.noise(&[s.rows(), s.vocab])?;
        Run::new(label(&x), move || Ok(log_softmax_forward(&x).map(drop)?))
    }),
    ("softmax_backward", |s, d| {
        let (y, dy) = (d.noise(&[s.rows(), s.vocab])?, d.noise(&[s.rows(), s.vocab])?);
        Run::new(label(&y), move || Ok(softmax_backward(&y, &dy).map(drop)?))
    }),
    ("log_softmax_backward", |s, d| {
        let (y, dy) = (d.noise(&[s.rows(), s.vocab])?, d.noise(&[s.rows(), s.vocab])?);
        Run::new(label(&y), move || Ok(log_softmax_backward(&y, &dy).map(drop)?))
    }),
    ("cross_entropy", loss),
    ("mean_of_scored", loss),
    ("cross_entropy_backward", |s, d| {
        let (logits, targets) = scored(s, d)?;
        let loss = cross_entropy_forward(&logits, &targets)?;
        let one = Tensor::ones(d, &[])?;
        Run::new(label(&logits), move || {
            Ok(cross_entropy_backward(&logits, &targets, &loss, &one, 1.0).map(drop)?)
        })
    }),
    ("smoothed_cross_entropy", smoothed),
    ("weighted_mean", smoothed),
    ("smoothed_cross_entropy_backward", |s, d| {
        let (logits, targets) = scored(s, d)?;
        let loss = cross_entropy_forward_with(&logits, &targets, &weighted(s, d)?)?;
        let one = Tensor::ones(d, &[])?;
        Run::new(label(&logits), move || {
            Ok(cross_entropy_backward_with(&logits, &targets, &loss, &one, 1.0).map(drop)?)
        })
    }),
];

pub(super) const SCALES: &[Scale] = &[
    elementwise("softmax", of_1024),
    elementwise("cross_entropy", of_1024),
    elementwise("cross_entropy_backward", of_1024),
];

fn scored(s: &Shapes, d: &Inputs) -> Outcome<(Tensor, Tensor)> {
    Ok((d.noise(&[s.rows(), s.vocab])?, d.indices(&[s.rows()], s.vocab)?))
}

fn smoothed(s: &Shapes, d: &Inputs) -> Outcome<Run> {
    let ((logits, targets), how) = (scored(s, d)?, weighted(s, d)?);
    Run::new(label(&logits), move || {
        Ok(cross_entropy_forward_with(&logits, &targets, &how).map(drop)?)
    })
}

fn weighted(s: &Shapes, d: &Inputs) -> Outcome<CrossEntropy> {
    let weights = Tensor::full(d, &[s.vocab], 0.5)?;
    Ok(CrossEntropy { label_smoothing: 0.1, class_weights: Some(weights) })
}

fn loss(s: &Shapes, d: &Inputs) -> Outcome<Run> {
    let (logits, targets) = scored(s, d)?;
    Run::new(label(&logits), move || Ok(cross_entropy_forward(&logits, &targets).map(drop)?))
}
