use crate::cpu;
use strata_device::{Kernel, Ladder, Launch, Rung, kernel};
use strata_tensor::{DType, Result, Tensor, bytes_of};

#[derive(Debug)]
pub(crate) struct Args {
    losses: Tensor,
    /// What tells how much a row counts: its target, or what the forward kept of it.
    counts: Tensor,
    /// `[parts, 2]`: of each part of the rows, the sum of losses and of what they count.
    sums: Tensor,
    mean: Tensor,
    weight: Tensor,
    rows: usize,
    parts: usize,
}

kernel! {
    /// The first stage: the scored rows of each part, and their losses.
    pub(crate) mod sum_scored {
        bindings { losses: read f32, targets: read u32, sums: write [f32; 2] }
        params {
            /// Rows.
            count: usize,
        }
    }
    static SCORED_PARTS = "mean_of_scored/1_two_stages"(parts) {
        cuda, wgsl, cpu: cpu::mean_parts in "src/cpu/mean.rs"
    }
}

kernel! {
    /// The first stage: the weights of each part's rows, third of what is kept, and their losses.
    pub(crate) mod sum_weighted {
        bindings { losses: read f32, kept: read [f32; 4], sums: write [f32; 2] }
        params {
            /// Rows.
            count: usize,
        }
    }
    static WEIGHTED_PARTS = "weighted_mean/1_two_stages"(parts) {
        cuda, wgsl, cpu: cpu::weighted_parts in "src/cpu/mean.rs"
    }
}

kernel! {
    /// The second stage.
    pub(crate) mod join_parts {
        bindings { partial_sums: read [f32; 2], mean: write f32, weight: write f32 }
        params {
            /// Parts.
            count: usize,
        }
    }
    static SCORED_TOTAL = "mean_of_scored/1_two_stages"(total) {
        cuda, wgsl, cpu: cpu::mean_total in "src/cpu/mean.rs"
    }
    static WEIGHTED_TOTAL = "weighted_mean/1_two_stages"(total) {
        cuda, wgsl, cpu: cpu::weighted_total in "src/cpu/mean.rs"
    }
}

/// Workgroups of the first stage, at most: the second reads their results with one workgroup.
const MOST_PARTS: usize = 256;

/// Both stages: the first, and the second, which this kernel does.
fn stages(a: &Args, first: Launch, second: &'static Kernel) -> Vec<Launch> {
    let (rows, parts) = (a.rows as f64, a.parts as f64);
    let first = first
        .grid(a.parts, 1, 1)
        .rounds(a.rows.div_ceil(256 * a.parts) + 16)
        .cost(2.0 * rows, bytes_of([&a.losses, &a.counts, &a.sums]));
    let bindings = join_parts::Bindings {
        partial_sums: a.sums.binding(),
        mean: a.mean.binding(),
        weight: a.weight.binding(),
    };
    let second = second
        .launch(bindings, join_parts::Params { count: a.parts })
        .rounds(a.parts.div_ceil(256) + 16)
        .cost(2.0 * parts, bytes_of([&a.sums, &a.mean, &a.weight]));
    [first, second].map(|launch| launch.block(256, 1, 1).constant("WG", 256)).into()
}

pub(crate) static SCORED: Ladder<Args> = Ladder {
    op: "mean_of_scored",
    rungs: &[Rung::new("1_two_stages", &[&SCORED_PARTS, &SCORED_TOTAL], |a, _| {
        let (losses, targets, sums) = (a.losses.binding(), a.counts.binding(), a.sums.binding());
        let bindings = sum_scored::Bindings { losses, targets, sums };
        let first = SCORED_PARTS.launch(bindings, sum_scored::Params { count: a.rows });
        Ok(stages(a, first, &SCORED_TOTAL))
    })],
};

pub(crate) static WEIGHTED: Ladder<Args> = Ladder {
    op: "weighted_mean",
    rungs: &[Rung::new("1_two_stages", &[&WEIGHTED_PARTS, &WEIGHTED_TOTAL], |a, _| {
        let (losses, kept, sums) = (a.losses.binding(), a.counts.binding(), a.sums.binding());
        let bindings = sum_weighted::Bindings { losses, kept, sums };
        let first = WEIGHTED_PARTS.launch(bindings, sum_weighted::Params { count: a.rows });
        Ok(stages(a, first, &WEIGHTED_TOTAL))
    })],
};

/// The mean of the scored rows' losses, `[]`, and one over their number, `[1]`; 0 and 1 if none is
/// scored. Two stages, the order of each fixed by the number of rows.
pub(crate) fn mean_of_scored(losses: &Tensor, targets: &Tensor) -> Result<(Tensor, Tensor)> {
    mean(&SCORED, losses, targets, 1.0)
}

/// The sum of the rows' losses over that of their weights, `[]`, and one over the latter, `[1]`; 0
/// and 0 where the weights sum to 0. `kept` is `[rows, 4]`, a row's weight in third place. Stages as
/// in [`mean_of_scored`].
pub(crate) fn weighted_mean(losses: &Tensor, kept: &Tensor) -> Result<(Tensor, Tensor)> {
    mean(&WEIGHTED, losses, kept, 0.0)
}

/// `none` is the weight where there are no rows.
fn mean(
    ladder: &Ladder<Args>,
    losses: &Tensor,
    counts: &Tensor,
    none: f32,
) -> Result<(Tensor, Tensor)> {
    let device = losses.device();
    let rows = losses.numel();
    if rows == 0 {
        return Ok((Tensor::full(device, &[], 0.0)?, Tensor::full(device, &[1], none)?));
    }
    let parts = rows.div_ceil(256).min(MOST_PARTS);
    let mean = Tensor::empty(device, DType::F32, &[])?;
    let weight = Tensor::empty(device, DType::F32, &[1])?;
    let args = Args {
        losses: losses.clone(),
        counts: counts.clone(),
        sums: Tensor::empty(device, DType::F32, &[parts, 2])?,
        mean: mean.clone(),
        weight: weight.clone(),
        rows,
        parts,
    };
    ladder.run(&args, device)?;
    Ok((mean, weight))
}
