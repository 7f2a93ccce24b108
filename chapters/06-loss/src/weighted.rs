use crate::cpu;
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};
use strata_tensor::{DType, Result, Tensor};

#[derive(Debug)]
pub(crate) struct Args {
    losses: Tensor,
    /// `[rows, 4]`: what the forward kept, the row's weight in third place.
    kept: Tensor,
    /// `[parts, 2]`: sums of losses and weights of each part of the rows.
    partial: Tensor,
    mean: Tensor,
    weight: Tensor,
    rows: usize,
    parts: usize,
}

const R: Access = Access::Read;
const W: Access = Access::Write;

static PARTS: Kernel = Kernel::new("weighted_mean/1_two_stages", "parts", &[R, R, W])
    .cuda(strata_kernels::source("weighted_mean/1_two_stages"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("weighted_mean/1_two_stages"), strata_shaders::INCLUDES)
    .cpu(cpu::weighted_parts)
    .rust(cpu_text!("chapters/06-loss" / "src/cpu/smoothed.rs", weighted_parts));

static TOTAL: Kernel = Kernel::new("weighted_mean/1_two_stages", "total", &[R, W, W])
    .cuda(strata_kernels::source("weighted_mean/1_two_stages"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("weighted_mean/1_two_stages"), strata_shaders::INCLUDES)
    .cpu(cpu::weighted_total)
    .rust(cpu_text!("chapters/06-loss" / "src/cpu/smoothed.rs", weighted_total));

/// Workgroups of the first stage, at most: the second reads their results with one workgroup.
const MOST_PARTS: usize = 256;

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "weighted_mean",
    rungs: &[Rung {
        name: "1_two_stages",
        kernels: &[&PARTS, &TOTAL],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            Ok(vec![
                Launch::new(&PARTS)
                    .bind(&a.losses.flat())
                    .bind(&a.kept.flat())
                    .bind(&a.partial.flat())
                    .size(a.rows)
                    .grid(a.parts, 1, 1)
                    .block(256, 1, 1)
                    .constant("WG", 256)
                    .rounds(a.rows.div_ceil(256 * a.parts) + 16)
                    .cost(2.0 * a.rows as f64, 20.0 * a.rows as f64 + 8.0 * a.parts as f64),
                Launch::new(&TOTAL)
                    .bind(&a.partial.flat())
                    .bind(&a.mean.flat())
                    .bind(&a.weight.flat())
                    .size(a.parts)
                    .block(256, 1, 1)
                    .constant("WG", 256)
                    .rounds(a.parts.div_ceil(256) + 16)
                    .cost(2.0 * a.parts as f64, 8.0 * (a.parts + 1) as f64),
            ])
        },
    }],
};

/// The sum of the rows' losses over that of their weights, `[]`, and one over the latter, `[1]`; 0
/// and 0 where the weights sum to 0. Two stages, the order of each fixed by the number of rows.
pub(crate) fn weighted_mean(losses: &Tensor, kept: &Tensor) -> Result<(Tensor, Tensor)> {
    let device = losses.device();
    let rows = losses.numel();
    if rows == 0 {
        return Ok((Tensor::full(device, &[], 0.0)?, Tensor::full(device, &[1], 0.0)?));
    }
    let parts = rows.div_ceil(256).min(MOST_PARTS);
    let mean = Tensor::empty(device, DType::F32, &[])?;
    let weight = Tensor::empty(device, DType::F32, &[1])?;
    let args = Args {
        losses: losses.clone(),
        kept: kept.clone(),
        partial: Tensor::empty(device, DType::F32, &[parts, 2])?,
        mean: mean.clone(),
        weight: weight.clone(),
        rows,
        parts,
    };
    LADDER.run(&args, device)?;
    Ok((mean, weight))
}
