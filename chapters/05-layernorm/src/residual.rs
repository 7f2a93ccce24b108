use crate::args::{TWO_SUMS, WIDEST, eps_in_range, like, per, row_blocks, rows, wide_blocks};
use crate::cpu::{Rows, plain, rows_per_task};
use crate::var::node;
use crate::{LayerNorm, Normalized};
use rayon::prelude::*;
use strata_autograd::Var;
use strata_device::{Kernel, Ladder, Launch, Rung, Stored, kernel};
use strata_lanes::widest;
use strata_tensor::{Result, Tensor, bytes_of};

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
            x: read Stored,
            residual: read Stored,
            gamma: read f32,
            beta: read f32,
            sum: write Stored,
            out: write Stored,
            mean_out: write f32,
            rstd_out: write f32,
        }
        params { rows: usize, width: usize, eps: f32 }
    }
    static NAIVE = "residual_layernorm/1_naive"(residual_layernorm) {
        cuda, wgsl, cpu: on_cpu in "src/residual.rs"
    }
    static BLOCK = "residual_layernorm/2_block"(residual_layernorm) {
        cuda, wgsl, cpu: on_cpu_in_blocks in "src/residual.rs"
    }
    static WIDE = "residual_layernorm/3_wide"(residual_layernorm) {
        cuda, wgsl, cpu: on_cpu_in_blocks in "src/residual.rs"
    }
}

/// Plain loops.
fn on_cpu(args: add_norm::Cpu) {
    let add_norm::Cpu { x, residual, gamma, beta, sum, out, mean_out, rstd_out, params, .. } = args;
    let add_norm::Params { width, eps, .. } = params;
    let inputs = x.par_chunks_exact(width).zip(residual.par_chunks_exact(width));
    let outputs = out.par_chunks_exact_mut(width);
    let outputs = outputs.zip(sum.par_chunks_exact_mut(width));
    let stats = mean_out.par_iter_mut().zip(rstd_out);
    inputs.zip(outputs).zip(stats).for_each(|(((x, r), (out, sum)), (mean, rstd))| {
        for j in 0..width {
            sum[j] = x[j] + r[j];
        }
        (*mean, *rstd) = plain(sum, gamma, beta, eps, out);
    });
}

/// Vectors, several rows a task.
fn on_cpu_in_blocks(args: add_norm::Cpu) {
    let add_norm::Cpu { x, residual, gamma, beta, sum, out, mean_out, rstd_out, params, .. } = args;
    let add_norm::Params { width, eps, .. } = params;
    let task = rows_per_task(width);
    let chunk = task * width;
    let inputs = x.par_chunks(chunk).zip(residual.par_chunks(chunk));
    let outputs = out.par_chunks_mut(chunk).zip(sum.par_chunks_mut(chunk));
    let stats = mean_out.par_chunks_mut(task).zip(rstd_out.par_chunks_mut(task));
    inputs.zip(outputs).zip(stats).for_each(|(((x, r), (out, sum)), (mean, rstd))| {
        for ((sum, x), r) in sum.iter_mut().zip(x).zip(r) {
            *sum = x + r;
        }
        widest(Rows { x: sum, gamma, beta, eps, out, mean, rstd });
    });
}

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings = add_norm::Bindings {
        x: a.x.binding(),
        residual: a.residual.binding(),
        gamma: a.gamma.binding(),
        beta: a.beta.binding(),
        sum: a.sum.binding(),
        out: a.to.out.binding(),
        mean_out: a.to.mean.binding(),
        rstd_out: a.to.rstd.binding(),
    };
    let to = &a.to;
    let read = bytes_of([&a.x, &a.residual, &a.gamma, &a.beta]);
    kernel
        .launch(bindings, add_norm::Params { rows: a.rows, width: a.width, eps: a.eps })
        .cost(10.0 * n, read + bytes_of([&a.sum, &to.out, &to.mean, &to.rstd]))
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
    let sum = Tensor::empty_for(op, x.device(), x.dtype(), x.shape())?;
    if rows > 0 {
        let (x, residual) = (x.contiguous()?, residual.contiguous()?);
        let (gamma, beta) = (gamma.contiguous()?, beta.contiguous()?);
        let (sum, to) = (sum.clone(), to.clone());
        let args = Args { x, residual, gamma, beta, eps, sum, to, rows, width };
        LADDER.run_rows(&args, args.sum.device(), [rows, width])?;
    }
    Ok((sum, to))
}

/// `(x + residual, layernorm(x + residual))` in one pass; shapes as in
/// [`residual_layernorm_forward`].
///
/// # Errors
/// As [`residual_layernorm_forward`].
pub fn residual_layernorm(
    x: &Var,
    residual: &Var,
    gamma: &Var,
    beta: &Var,
    eps: f32,
) -> Result<(Var, Var)> {
    let (sum, done) =
        residual_layernorm_forward(x.value(), residual.value(), gamma.value(), beta.value(), eps)?;
    let sum = Var::from_op("residual", sum, &[x, residual], |grad, grads| {
        grads.add(0, grad.clone())?;
        grads.add(1, grad.clone())
    });
    let stats = [done.mean, done.rstd];
    let out = node("residual_layernorm", done.out, &sum, gamma, beta, stats);
    Ok((sum, out))
}

impl LayerNorm {
    /// Adds, then normalizes: `(x + residual, layernorm(x + residual))`.
    ///
    /// # Errors
    /// As [`residual_layernorm`]; parameters that were never built.
    pub fn forward_residual(&self, x: &Var, residual: &Var) -> Result<(Var, Var)> {
        residual_layernorm(x, residual, self.weight.var()?, self.bias.var()?, self.eps)
    }
}
