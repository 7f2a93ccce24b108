use crate::args::row_trees;
use crate::cross_entropy::{Loss, check, cross_entropy_forward};
use crate::smoothed_backward::gradient;
use crate::{cpu, cross_entropy_backward, mean};
use strata_device::{Kernel, Ladder, Launch, Rung, Slice, Stored, kernel};
use strata_tensor::{DType, Error, Result, Tensor, bytes_of};

/// What cross-entropy may be told beside scores and targets, as PyTorch's `CrossEntropyLoss`. The
/// default is the plain loss.
///
/// With s the smoothing, w the weights (1 where none are given), t a row's target and p its
/// probabilities,
///
/// ```text
/// row  = -(1 - s) w[t] log p[t] - s / vocab * sum_j w[j] log p[j]
/// mean = sum of the scored rows / sum of their w[t]
/// ```
///
/// Where the sum of weights is 0, loss and gradient are 0. A score of -inf is a probability of 0:
/// smoothed, its class makes the row's loss infinite (NaN where its weight is 0) and leaves the
/// gradient finite, as in PyTorch.
#[derive(Clone, Debug, Default)]
pub struct CrossEntropy {
    /// How much of each target is spread over all classes evenly, 0 to 1: 0.1 is customary.
    pub label_smoothing: f32,
    /// What an error in each class counts, `[vocab]` in f32: finite numbers from 0 on, which is not
    /// checked, since they lie on the device. They get no gradient.
    pub class_weights: Option<Tensor>,
}

impl CrossEntropy {
    fn is_plain(&self) -> bool {
        self.label_smoothing == 0.0 && self.class_weights.is_none()
    }

    fn check(&self, op: &'static str, logits: &Tensor, width: usize) -> Result<()> {
        let smoothing = self.label_smoothing;
        if !(0.0..=1.0).contains(&smoothing) {
            let reason = format!("the label smoothing is {smoothing}; it must lie between 0 and 1");
            return Err(Error::value(op, reason));
        }
        let Some(weights) = &self.class_weights else { return Ok(()) };
        weights.expect_float(op)?;
        logits.same_device(op, weights)?;
        match weights.shape() == [width] {
            true => Ok(()),
            false => {
                let reason = "class weights are one number for each score of a row";
                Err(Error::shape(op, &[logits.shape(), weights.shape()], reason))
            }
        }
    }
}

/// What [`cross_entropy_forward_with`] returns: the mean, and what the backward needs.
#[derive(Clone, Debug)]
pub struct WeightedLoss {
    /// Weighted mean over the scored rows, of shape `[]`; 0 if there are none.
    pub mean: Tensor,
    /// Each row's loss in nats, weighted, of the targets' shape; 0 where it is not scored.
    pub rows: Tensor,
    /// One over the sum of the scored rows' weights, `[1]`; summed on the device, so that a recorded
    /// step can be replayed with other targets.
    pub weight: Tensor,
    kept: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    Plain(Loss),
    /// Four numbers a row, and what it was computed with.
    Smoothed {
        rows: Tensor,
        options: CrossEntropy,
    },
}

#[derive(Debug)]
pub(crate) struct Args {
    logits: Tensor,
    targets: Tensor,
    classes: Option<Tensor>,
    kept: Tensor,
    losses: Tensor,
    smoothing: f32,
    rows: usize,
    width: usize,
}

kernel! {
    /// The constant WEIGHTED says whether there are class weights.
    pub(crate) mod smooth_rows {
        bindings {
            logits: read Stored,
            targets: read u32,
            classes: read f32,
            kept: write [f32; 4],
            losses: write f32,
        }
        params {
            rows: usize,
            width: usize,
            smoothing: f32,
            /// NaN: the loss of a target beyond the vocabulary.
            invalid: f32,
        }
    }
    static NAIVE = "smoothed_cross_entropy/1_naive"(smoothed_cross_entropy) {
        cuda, wgsl, cpu: cpu::smoothed_naive in "src/cpu/smoothed.rs"
    }
    static BLOCK = "smoothed_cross_entropy/2_block"(smoothed_cross_entropy) {
        cuda, wgsl, cpu: cpu::smoothed_block in "src/cpu/smoothed.rs"
    }
}

/// The class weights, as a binding: without any it is something that is read too, and never touched.
pub(crate) fn classes_or(other: &Tensor, classes: Option<&Tensor>) -> Slice {
    classes.map_or_else(|| other.binding().of(DType::F32), Tensor::binding)
}

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings = smooth_rows::Bindings {
        logits: a.logits.binding(),
        targets: a.targets.binding(),
        classes: classes_or(&a.targets, a.classes.as_ref()),
        kept: a.kept.binding(),
        losses: a.losses.binding(),
    };
    let &Args { rows, width, smoothing, .. } = a;
    kernel
        .launch(bindings, smooth_rows::Params { rows, width, smoothing, invalid: f32::NAN })
        .constant("WEIGHTED", u32::from(a.classes.is_some()))
        .cost(17.0 * n, bytes_of([&a.logits, &a.targets, &a.kept, &a.losses]))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "smoothed_cross_entropy",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| {
            Ok(vec![launch(&NAIVE, a).cover(a.rows, 256).rounds(2 * a.width)])
        }),
        Rung::new("2_block", &[&BLOCK], |a, _| {
            Ok(vec![row_trees(launch(&BLOCK, a), [a.rows, a.width], 2, 4)])
        }),
    ],
};

/// [`cross_entropy_forward`] with smoothed labels, class weights or both; without either it is that
/// function, bit for bit.
///
/// # Errors
/// As [`cross_entropy_forward`]; a smoothing outside 0 to 1; class weights of a dtype that has no
/// rung, not one for each score of a row, or on another device.
pub fn cross_entropy_forward_with(
    logits: &Tensor,
    targets: &Tensor,
    options: &CrossEntropy,
) -> Result<WeightedLoss> {
    let op = "cross_entropy";
    let (rows, width) = check(op, logits, targets)?;
    options.check(op, logits, width)?;
    if options.is_plain() {
        let loss = cross_entropy_forward(logits, targets)?;
        let Loss { mean, rows, weight, .. } = loss.clone();
        return Ok(WeightedLoss { mean, rows, weight, kept: Kept::Plain(loss) });
    }
    let mut shape = targets.shape().to_vec();
    let losses = Tensor::empty_for(op, logits.device(), DType::F32, &shape)?;
    shape.push(4);
    let kept = Tensor::empty_for(op, logits.device(), DType::F32, &shape)?;
    let classes = options.class_weights.as_ref().map(Tensor::contiguous).transpose()?;
    if rows > 0 {
        let args = Args {
            logits: logits.contiguous()?,
            targets: targets.contiguous()?,
            classes: classes.clone(),
            kept: kept.clone(),
            losses: losses.clone(),
            smoothing: options.label_smoothing,
            rows,
            width,
        };
        let ran = LADDER.run_rows(&args, logits.device(), [rows, width]);
        ran.map_err(|error| error.named(op))?;
    }
    let (mean, weight) = mean::weighted_mean(&losses, &kept)?;
    let options = CrossEntropy { class_weights: classes, ..options.clone() };
    let kept = Kept::Smoothed { rows: kept, options };
    Ok(WeightedLoss { mean, rows: losses, weight, kept })
}

/// The gradient of the logits, as [`cross_entropy_backward`] gives it: with W the sum of all weights,
/// `g` the gradient of the mean (`dloss`, one number on the device) and the letters of
/// [`CrossEntropy`],
///
/// ```text
/// dlogits[j] = ((1 - s) w[t] (p[j] - [j = t]) + s / vocab * (W p[j] - w[j])) * g * scale / sum of w[t]
/// ```
///
/// The options are those of the loss.
///
/// # Errors
/// As [`cross_entropy_backward`].
pub fn cross_entropy_backward_with(
    logits: &Tensor,
    targets: &Tensor,
    loss: &WeightedLoss,
    dloss: &Tensor,
    scale: f32,
) -> Result<Tensor> {
    match &loss.kept {
        Kept::Plain(plain) => cross_entropy_backward(logits, targets, plain, dloss, scale),
        Kept::Smoothed { rows, options } => {
            gradient(logits, targets, rows, &loss.weight, options, dloss, scale)
        }
    }
}
