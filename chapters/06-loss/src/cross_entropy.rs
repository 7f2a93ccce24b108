use crate::args::{row_blocks, rows};
use crate::{cpu, mean};
use strata_device::{Kernel, Ladder, Launch, Rung, Stored, kernel};
use strata_tensor::{DType, Error, Result, Tensor, bytes_of};

/// The target of a row that is not scored: padding, a prompt.
pub const IGNORE: u32 = u32::MAX;

/// What [`cross_entropy_forward`] returns: the mean, and what the backward needs.
#[derive(Clone, Debug)]
pub struct Loss {
    /// Mean over the scored rows, of shape `[]`; 0 if there are none.
    pub mean: Tensor,
    /// Each row's loss in nats, `[rows]`; 0 where it is not scored.
    pub rows: Tensor,
    /// Each row's log-sum-exp, `[rows]`.
    pub lse: Tensor,
    /// One over the number of scored rows, `[1]`; counted on the device, so that a recorded step
    /// can be replayed with other targets.
    pub weight: Tensor,
}

#[derive(Debug)]
pub(crate) struct Args {
    logits: Tensor,
    targets: Tensor,
    lse: Tensor,
    losses: Tensor,
    rows: usize,
    width: usize,
}

kernel! {
    pub(crate) mod score_rows {
        bindings { logits: read Stored, targets: read u32, lse: write f32, losses: write f32 }
        params {
            rows: usize,
            width: usize,
            /// NaN: the loss of a target beyond the vocabulary.
            invalid: f32,
        }
    }
    static NAIVE = "cross_entropy/1_naive"(cross_entropy) {
        cuda, wgsl, cpu: cpu::cross_entropy_naive in "src/cpu/cross_entropy.rs"
    }
    static ONLINE = "cross_entropy/2_online"(cross_entropy) {
        cuda, wgsl, cpu: cpu::cross_entropy_online in "src/cpu/cross_entropy.rs"
    }
}

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings = score_rows::Bindings {
        logits: a.logits.binding(),
        targets: a.targets.binding(),
        lse: a.lse.binding(),
        losses: a.losses.binding(),
    };
    kernel
        .launch(bindings, score_rows::Params { rows: a.rows, width: a.width, invalid: f32::NAN })
        .cost(13.0 * n, bytes_of([&a.logits, &a.targets, &a.lse, &a.losses]))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "cross_entropy",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| {
            Ok(vec![launch(&NAIVE, a).cover(a.rows, 256).rounds(2 * a.width)])
        }),
        Rung::new("2_online", &[&ONLINE], |a, _| {
            Ok(vec![row_blocks(launch(&ONLINE, a), [a.rows, a.width], 1)])
        }),
    ],
};

/// Checks logits `[..., vocab]` against targets `[...]`: rows and vocabulary.
pub(crate) fn check(op: &'static str, logits: &Tensor, targets: &Tensor) -> Result<(usize, usize)> {
    let (rows, width) = rows(op, logits)?;
    targets.expect_dtype(op, DType::U32)?;
    logits.same_device(op, targets)?;
    if targets.shape() != &logits.shape()[..logits.rank() - 1] {
        let reason = "targets must have the logits' shape without its last dimension";
        return Err(Error::shape(op, &[logits.shape(), targets.shape()], reason));
    }
    Ok((rows, width))
}

/// Cross-entropy of logits `[..., vocab]` against targets `[...]` (u32; [`IGNORE`] leaves a row
/// out): the mean over the scored rows, in nats. The logits are read once.
///
/// A target beyond the vocabulary makes its row's loss, and so the mean, NaN: the device has no
/// other way to say it, and NaN does not pass unseen.
///
/// # Errors
/// Logits of a dtype that has no rung, targets that are not u32; shapes that do not belong
/// together; different devices.
pub fn cross_entropy_forward(logits: &Tensor, targets: &Tensor) -> Result<Loss> {
    let op = "cross_entropy";
    let (rows, width) = check(op, logits, targets)?;
    // What is known of a row is f32, whatever its scores are.
    let new =
        |shape: &[usize]| Tensor::empty_for("cross_entropy", logits.device(), DType::F32, shape);
    let lse = new(targets.shape())?;
    let losses = new(targets.shape())?;
    let targets = targets.contiguous()?;
    if rows > 0 {
        let args = Args {
            logits: logits.contiguous()?,
            targets: targets.clone(),
            lse: lse.clone(),
            losses: losses.clone(),
            rows,
            width,
        };
        LADDER.run_rows(&args, logits.device(), [rows, width])?;
    }
    let (mean, weight) = mean::mean_of_scored(&losses, &targets)?;
    Ok(Loss { mean, rows: losses, lse, weight })
}
