use crate::args::{TWO_SUMS, WIDEST, eps_in_range, like, per, row_blocks, rows, wide_blocks};
use crate::{Normalized, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};
use strata_tensor::{DType, Result, Tensor};

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    residual: Tensor,
    gamma: Tensor,
    beta: Tensor,
    eps: f32,
    sum: Tensor,
    to: Normalized,
    rows: usize,
    width: usize,
}

const BINDINGS: &[Access] = &[
    Access::Read,
    Access::Read,
    Access::Read,
    Access::Read,
    Access::Write,
    Access::Write,
    Access::Write,
    Access::Write,
];

static NAIVE: Kernel = Kernel::new("residual_layernorm/1_naive", "residual_layernorm", BINDINGS)
    .cuda(strata_kernels::source("residual_layernorm/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("residual_layernorm/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::residual_naive)
    .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/forward.rs", residual_naive));

static BLOCK: Kernel = Kernel::new("residual_layernorm/2_block", "residual_layernorm", BINDINGS)
    .cuda(strata_kernels::source("residual_layernorm/2_block"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("residual_layernorm/2_block"), strata_shaders::INCLUDES)
    .cpu(cpu::residual_block)
    .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/forward.rs", residual_block));

static WIDE: Kernel = Kernel::new("residual_layernorm/3_wide", "residual_layernorm", BINDINGS)
    .cuda(strata_kernels::source("residual_layernorm/3_wide"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("residual_layernorm/3_wide"), strata_shaders::INCLUDES)
    .cpu(cpu::residual_block)
    .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/forward.rs", residual_block));

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    Launch::new(kernel)
        .bind(&a.x.flat())
        .bind(&a.residual.flat())
        .bind(&a.gamma.flat())
        .bind(&a.beta.flat())
        .bind(&a.sum.flat())
        .bind(&a.to.out.flat())
        .bind(&a.to.mean.flat())
        .bind(&a.to.rstd.flat())
        .size(a.rows)
        .size(a.width)
        .float(a.eps)
        .cost(10.0 * n, 16.0 * n + 8.0 * (a.rows + a.width) as f64)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "residual_layernorm",
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

/// `sum = x + residual` and the normalization of `sum`, in one pass: what stands between the
/// layers of a transformer. Returns both; the sum is the next residual.
///
/// # Errors
/// As [`layernorm_forward`](crate::layernorm_forward); a residual of another shape than `x`.
pub fn residual_layernorm_forward(
    x: &Tensor,
    residual: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f32,
) -> Result<(Tensor, Normalized)> {
    let op = "residual_layernorm";
    let (rows, width) = rows(op, x)?;
    like(op, x, residual, x.shape())?;
    like(op, x, gamma, &[width])?;
    like(op, x, beta, &[width])?;
    eps_in_range(op, eps)?;
    let to = Normalized::empty(op, x)?;
    let sum = Tensor::empty_for(op, x.device(), DType::F32, x.shape())?;
    if rows > 0 {
        let (x, residual) = (x.contiguous()?, residual.contiguous()?);
        let (gamma, beta) = (gamma.contiguous()?, beta.contiguous()?);
        let (sum, to) = (sum.clone(), to.clone());
        let args = Args { x, residual, gamma, beta, eps, sum, to, rows, width };
        LADDER.run_rows(&args, args.sum.device(), [rows, width])?;
    }
    Ok((sum, to))
}
