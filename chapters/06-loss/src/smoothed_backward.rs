use crate::cross_entropy::check;
use crate::smoothed::classes_or;
use crate::{CrossEntropy, cpu};
use strata_device::{Ladder, Launch, Rung, Stored, kernel};
use strata_tensor::{Error, Result, Tensor, bytes_of};

#[derive(Debug)]
pub(crate) struct Args {
    logits: Tensor,
    targets: Tensor,
    classes: Option<Tensor>,
    kept: Tensor,
    weight: Tensor,
    dloss: Tensor,
    dlogits: Tensor,
    smoothing: f32,
    scale: f32,
    rows: usize,
    width: usize,
}

kernel! {
    /// The constant WEIGHTED says whether there are class weights.
    pub(crate) mod smoothed_gradient {
        bindings {
            logits: read Stored,
            targets: read u32,
            classes: read f32,
            kept: read [f32; 4],
            weight: read f32,
            dloss: read f32,
            dlogits: write Stored,
        }
        params {
            rows: usize,
            width: usize,
            smoothing: f32,
            scale: f32,
            /// NaN: the gradient of a row whose target lies beyond the vocabulary.
            invalid: f32,
        }
    }
    static ELEMENT = "smoothed_cross_entropy_backward/1_element"(smoothed_cross_entropy_backward) {
        cuda, wgsl, cpu: cpu::smoothed_backward in "src/cpu/smoothed.rs"
    }
}

fn launch(a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings = smoothed_gradient::Bindings {
        logits: a.logits.binding(),
        targets: a.targets.binding(),
        classes: classes_or(&a.targets, a.classes.as_ref()),
        kept: a.kept.binding(),
        weight: a.weight.binding(),
        dloss: a.dloss.binding(),
        dlogits: a.dlogits.binding(),
    };
    let &Args { rows, width, smoothing, scale, .. } = a;
    let params = smoothed_gradient::Params { rows, width, smoothing, scale, invalid: f32::NAN };
    ELEMENT
        .launch(bindings, params)
        .constant("WEIGHTED", u32::from(a.classes.is_some()))
        .cover(rows * width, 256)
        .rounds(0)
        .cost(17.0 * n, bytes_of([&a.logits, &a.targets, &a.kept, &a.dlogits]))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "smoothed_cross_entropy_backward",
    rungs: &[Rung::new("1_element", &[&ELEMENT], |a, _| Ok(vec![launch(a)]))],
};

/// The gradient of the logits from what the forward kept: four numbers a row, and the mean's weight.
pub(crate) fn gradient(
    logits: &Tensor,
    targets: &Tensor,
    kept: &Tensor,
    weight: &Tensor,
    options: &CrossEntropy,
    dloss: &Tensor,
    scale: f32,
) -> Result<Tensor> {
    let op = "cross_entropy_backward";
    let (rows, width) = check(op, logits, targets)?;
    dloss.expect_float(op)?;
    logits.same_device(op, dloss)?;
    logits.same_device(op, kept)?;
    let fits = kept.shape().split_last().is_some_and(|(_, of)| of == targets.shape())
        && options.class_weights.as_ref().is_none_or(|weights| weights.numel() == width);
    if !fits || dloss.numel() != 1 {
        let shapes = [logits.shape(), kept.shape(), dloss.shape()];
        let reason = "the loss must be that of these logits, and its gradient one number";
        return Err(Error::shape(op, &shapes, reason));
    }
    let dlogits = Tensor::empty_for(op, logits.device(), logits.dtype(), logits.shape())?;
    if rows > 0 {
        let args = Args {
            logits: logits.contiguous()?,
            targets: targets.contiguous()?,
            classes: options.class_weights.clone(),
            kept: kept.clone(),
            weight: weight.clone(),
            dloss: dloss.contiguous()?,
            dlogits: dlogits.clone(),
            smoothing: options.label_smoothing,
            scale,
            rows,
            width,
        };
        LADDER.run(&args, logits.device()).map_err(|error| error.named(op))?;
    }
    Ok(dlogits)
}
