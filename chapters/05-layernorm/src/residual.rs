use crate::args::{TWO_SUMS, WIDEST, eps_in_range, like, per, row_blocks, rows, wide_blocks};
use crate::{Normalized, cpu};
use strata_device::{Kernel, Ladder, Launch, Rung, kernel};
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

kernel! {
    /// What every rung takes.
    pub(crate) mod add_norm {
        bindings {
            x: read f32,
            residual: read f32,
            gamma: read f32,
            beta: read f32,
            sum: write f32,
            out: write f32,
            mean_out: write f32,
            rstd_out: write f32,
        }
        params { rows: usize, width: usize, eps: f32 }
    }
    static NAIVE = "residual_layernorm/1_naive"(residual_layernorm) {
        cuda, wgsl, cpu: cpu::residual_naive in "src/cpu/forward.rs"
    }
    static BLOCK = "residual_layernorm/2_block"(residual_layernorm) {
        cuda, wgsl, cpu: cpu::residual_block in "src/cpu/forward.rs"
    }
    static WIDE = "residual_layernorm/3_wide"(residual_layernorm) {
        cuda, wgsl, cpu: cpu::residual_block in "src/cpu/forward.rs"
    }
}

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings = add_norm::Bindings {
        x: a.x.flat(),
        residual: a.residual.flat(),
        gamma: a.gamma.flat(),
        beta: a.beta.flat(),
        sum: a.sum.flat(),
        out: a.to.out.flat(),
        mean_out: a.to.mean.flat(),
        rstd_out: a.to.rstd.flat(),
    };
    kernel
        .launch(bindings, add_norm::Params { rows: a.rows, width: a.width, eps: a.eps })
        .cost(10.0 * n, 16.0 * n + 8.0 * (a.rows + a.width) as f64)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "residual_layernorm",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| {
            Ok(vec![launch(&NAIVE, a).cover(a.rows, 256).rounds(3 * a.width)])
        }),
        Rung::new("2_block", &[&BLOCK], |a, _| {
            let launch = row_blocks(launch(&BLOCK, a), a.rows, a.width);
            Ok(vec![launch.rounds(3 * per(a.width) + TWO_SUMS)])
        })
        .accepts(|a| a.width <= WIDEST),
        Rung::new("3_wide", &[&WIDE], |a, _| {
            let launch = wide_blocks(launch(&WIDE, a), a.rows);
            Ok(vec![launch.rounds(3 * per(a.width) + TWO_SUMS)])
        })
        .accepts(|a| a.width > WIDEST),
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
