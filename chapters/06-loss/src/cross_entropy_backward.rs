use crate::args::row_blocks;
use crate::cpu;
use crate::cross_entropy::{Loss, check};
use strata_device::{Kernel, Ladder, Launch, Rung, Stored, kernel};
use strata_tensor::{Error, Result, Tensor, bytes_of};

#[derive(Debug)]
pub(crate) struct Args {
    logits: Tensor,
    targets: Tensor,
    lse: Tensor,
    weight: Tensor,
    dloss: Tensor,
    dlogits: Tensor,
    scale: f32,
    rows: usize,
    width: usize,
}

kernel! {
    pub(crate) mod logits_gradient {
        bindings {
            logits: read Stored,
            targets: read u32,
            lse: read f32,
            weight: read f32,
            dloss: read f32,
            dlogits: write Stored,
        }
        params {
            rows: usize,
            width: usize,
            scale: f32,
            /// NaN: the gradient of a row whose target lies beyond the vocabulary.
            invalid: f32,
        }
    }
    static NAIVE = "cross_entropy_backward/1_naive"(cross_entropy_backward) {
        cuda, wgsl, cpu: cpu::backward_naive in "src/cpu/cross_entropy.rs"
    }
    static BLOCK = "cross_entropy_backward/2_block"(cross_entropy_backward) {
        cuda, wgsl, cpu: cpu::backward_block in "src/cpu/cross_entropy.rs"
    }
}

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings = logits_gradient::Bindings {
        logits: a.logits.binding(),
        targets: a.targets.binding(),
        lse: a.lse.binding(),
        weight: a.weight.binding(),
        dloss: a.dloss.binding(),
        dlogits: a.dlogits.binding(),
    };
    let &Args { rows, width, scale, .. } = a;
    kernel
        .launch(bindings, logits_gradient::Params { rows, width, scale, invalid: f32::NAN })
        .cost(12.0 * n, bytes_of([&a.logits, &a.targets, &a.lse, &a.dlogits]))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "cross_entropy_backward",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| {
            Ok(vec![launch(&NAIVE, a).cover(a.rows * a.width, 256).rounds(0)])
        }),
        Rung::new("2_block", &[&BLOCK], |a, _| {
            Ok(vec![row_blocks(launch(&BLOCK, a), [a.rows, a.width], 1)])
        }),
    ],
};

/// The gradient of the logits, from the logits themselves and what the forward kept: with `g` the
/// gradient of the mean loss (`dloss`, one number on the device),
///
/// ```text
/// dlogits = (softmax(logits) - onehot(target)) * g * scale / scored rows
/// ```
///
/// and 0 in rows that are not scored. The probabilities exist only in registers, from the one number
/// a row that the forward kept: at scores of a million `lse` has a sixteenth left, and they are off by
/// percents. Smoothed or weighted
/// ([`cross_entropy_backward_with`](crate::cross_entropy_backward_with)) they are not. `scale` is 1
/// unless a step is split in parts whose gradients are added up; a loss scale belongs into `dloss`,
/// which a replayed step reads anew.
///
/// # Errors
/// As [`cross_entropy_forward`](crate::cross_entropy_forward); a loss of other logits; a `dloss`
/// that is not one number.
pub fn cross_entropy_backward(
    logits: &Tensor,
    targets: &Tensor,
    loss: &Loss,
    dloss: &Tensor,
    scale: f32,
) -> Result<Tensor> {
    let op = "cross_entropy_backward";
    let (rows, width) = check(op, logits, targets)?;
    dloss.expect_float(op)?;
    logits.same_device(op, dloss)?;
    logits.same_device(op, &loss.lse)?;
    if loss.lse.shape() != targets.shape() || dloss.numel() != 1 {
        let shapes = [logits.shape(), loss.lse.shape(), dloss.shape()];
        let reason = "the loss must be that of these logits, and its gradient one number";
        return Err(Error::shape(op, &shapes, reason));
    }
    let dlogits = Tensor::empty_for(op, logits.device(), logits.dtype(), logits.shape())?;
    if rows > 0 {
        let args = Args {
            logits: logits.contiguous()?,
            targets: targets.contiguous()?,
            lse: loss.lse.contiguous()?,
            weight: loss.weight.contiguous()?,
            dloss: dloss.contiguous()?,
            dlogits: dlogits.clone(),
            scale,
            rows,
            width,
        };
        LADDER.run_rows(&args, logits.device(), [rows, width])?;
    }
    Ok(dlogits)
}
