use crate::args::{TWO_SUMS, WIDEST, eps_in_range, like, per, row_blocks, rows, wide_blocks};
use crate::cpu;
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};
use strata_tensor::{DType, Result, Tensor};

/// A normalized tensor and what its backward needs.
#[derive(Clone, Debug)]
pub struct Normalized {
    /// The input's shape.
    pub out: Tensor,
    /// Each row's mean: the input's shape without its last dimension.
    pub mean: Tensor,
    /// One over each row's standard deviation: shape as `mean`.
    pub rstd: Tensor,
}

impl Normalized {
    pub(crate) fn empty(op: &'static str, x: &Tensor) -> Result<Self> {
        let rows = &x.shape()[..x.rank() - 1];
        let new = |shape: &[usize]| Tensor::empty_for(op, x.device(), DType::F32, shape);
        Ok(Normalized { out: new(x.shape())?, mean: new(rows)?, rstd: new(rows)? })
    }
}

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    eps: f32,
    to: Normalized,
    rows: usize,
    width: usize,
}

const BINDINGS: &[Access] =
    &[Access::Read, Access::Read, Access::Read, Access::Write, Access::Write, Access::Write];

static NAIVE: Kernel = Kernel::new("layernorm/1_naive", "layernorm", BINDINGS)
    .cuda(strata_kernels::source("layernorm/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("layernorm/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::layernorm_naive)
    .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/forward.rs", layernorm_naive));

static BLOCK: Kernel = Kernel::new("layernorm/2_block", "layernorm", BINDINGS)
    .cuda(strata_kernels::source("layernorm/2_block"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("layernorm/2_block"), strata_shaders::INCLUDES)
    .cpu(cpu::layernorm_block)
    .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/forward.rs", layernorm_block));

static WIDE: Kernel = Kernel::new("layernorm/3_wide", "layernorm", BINDINGS)
    .cuda(strata_kernels::source("layernorm/3_wide"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("layernorm/3_wide"), strata_shaders::INCLUDES)
    .cpu(cpu::layernorm_block)
    .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/forward.rs", layernorm_block));

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    Launch::new(kernel)
        .bind(&a.x.flat())
        .bind(&a.gamma.flat())
        .bind(&a.beta.flat())
        .bind(&a.to.out.flat())
        .bind(&a.to.mean.flat())
        .bind(&a.to.rstd.flat())
        .size(a.rows)
        .size(a.width)
        .float(a.eps)
        .cost(9.0 * n, 8.0 * n + 8.0 * (a.rows + a.width) as f64)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "layernorm",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, _| Ok(vec![launch(&NAIVE, a).cover(a.rows, 256).rounds(3 * a.width)]),
        },
        Rung {
            name: "2_block",
            kernels: &[&BLOCK],
            needs: Needs::NONE,
            accepts: |a| a.width <= WIDEST,
            plan: |a, _| {
                let launch = row_blocks(launch(&BLOCK, a), a.rows, a.width);
                Ok(vec![launch.rounds(3 * per(a.width) + TWO_SUMS)])
            },
        },
        Rung {
            name: "3_wide",
            kernels: &[&WIDE],
            needs: Needs::NONE,
            accepts: |a| a.width > WIDEST,
            plan: |a, _| {
                let launch = wide_blocks(launch(&WIDE, a), a.rows);
                Ok(vec![launch.rounds(3 * per(a.width) + TWO_SUMS)])
            },
        },
    ],
};

/// Normalizes the last dimension of `x`. `gamma` and `beta` have its length; `eps` (1e-5 in GPT-2)
/// keeps rows of equal numbers from dividing by 0.
///
/// # Errors
/// A last dimension of 0 or none at all; `gamma` or `beta` of another length; not f32; different
/// devices; an eps below 0 or not finite.
pub fn layernorm_forward(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f32,
) -> Result<Normalized> {
    let op = "layernorm";
    let (rows, width) = rows(op, x)?;
    like(op, x, gamma, &[width])?;
    like(op, x, beta, &[width])?;
    eps_in_range(op, eps)?;
    let to = Normalized::empty(op, x)?;
    if rows > 0 {
        let (x, gamma, beta) = (x.contiguous()?, gamma.contiguous()?, beta.contiguous()?);
        let args = Args { x, gamma, beta, eps, to: to.clone(), rows, width };
        LADDER.run_rows(&args, to.out.device(), [rows, width])?;
    }
    Ok(to)
}
