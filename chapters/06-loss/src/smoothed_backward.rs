use crate::cross_entropy::check;
use crate::{CrossEntropy, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};
use strata_tensor::{DType, Error, Result, Tensor};

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

const R: Access = Access::Read;
const BINDINGS: &[Access] = &[R, R, R, R, R, R, Access::Write];
const PATH: &str = "smoothed_cross_entropy_backward/1_element";

static ELEMENT: Kernel = Kernel::new(PATH, "smoothed_cross_entropy_backward", BINDINGS)
    .cuda(strata_kernels::source(PATH), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source(PATH), strata_shaders::INCLUDES)
    .cpu(cpu::smoothed_backward)
    .rust(cpu_text!("chapters/06-loss" / "src/cpu/smoothed.rs", smoothed_backward));

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "smoothed_cross_entropy_backward",
    rungs: &[Rung {
        name: "1_element",
        kernels: &[&ELEMENT],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let n = (a.rows * a.width) as f64;
            Ok(vec![
                Launch::new(&ELEMENT)
                    .bind(&a.logits.flat())
                    .bind(&a.targets.flat())
                    // Without weights the binding is never touched.
                    .bind(&a.classes.as_ref().unwrap_or(&a.logits).flat())
                    .bind(&a.kept.flat())
                    .bind(&a.weight.flat())
                    .bind(&a.dloss.flat())
                    .bind(&a.dlogits.flat())
                    .size(a.rows)
                    .size(a.width)
                    .float(a.smoothing)
                    .float(a.scale)
                    .float(f32::NAN)
                    .constant("WEIGHTED", u32::from(a.classes.is_some()))
                    .cover(a.rows * a.width, 256)
                    .rounds(0)
                    .cost(17.0 * n, 8.0 * n + 20.0 * a.rows as f64),
            ])
        },
    }],
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
    dloss.expect_dtype(op, DType::F32)?;
    logits.same_device(op, dloss)?;
    logits.same_device(op, kept)?;
    let fits = kept.shape().split_last().is_some_and(|(_, of)| of == targets.shape())
        && options.class_weights.as_ref().is_none_or(|weights| weights.numel() == width);
    if !fits || dloss.numel() != 1 {
        let shapes = [logits.shape(), kept.shape(), dloss.shape()];
        let reason = "the loss must be that of these logits, and its gradient one number";
        return Err(Error::shape(op, &shapes, reason));
    }
    let dlogits = Tensor::empty_for(op, logits.device(), DType::F32, logits.shape())?;
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
        LADDER.run(&args, logits.device())?;
    }
    Ok(dlogits)
}
