use crate::args::{TWO_SUMS, WIDEST, eps_in_range, like, per, row_blocks, rows, wide_blocks};
use crate::cpu;
use strata_device::{Kernel, Ladder, Launch, Rung, Stored, kernel};
use strata_tensor::{DType, Result, Tensor, bytes_of};

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
        let new = |dtype, shape: &[usize]| Tensor::empty_for(op, x.device(), dtype, shape);
        // Statistics are f32, whatever they are of.
        let [mean, rstd] = [(); 2].map(|()| new(DType::F32, rows));
        Ok(Normalized { out: new(x.dtype(), x.shape())?, mean: mean?, rstd: rstd? })
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

kernel! {
    /// What every rung takes.
    pub mod normalize {
        bindings {
            x: read Stored,
            gamma: read f32,
            beta: read f32,
            out: write Stored,
            mean_out: write f32,
            rstd_out: write f32,
        }
        params { rows: usize, width: usize, eps: f32 }
    }
    static NAIVE = "layernorm/1_naive"(layernorm) {
        cuda, wgsl, cpu: cpu::layernorm_naive in "src/cpu/forward.rs"
    }
    /// A workgroup for each row.
    pub static BLOCK = "layernorm/2_block"(layernorm) {
        cuda, wgsl, cpu: cpu::layernorm_block in "src/cpu/forward.rs"
    }
    static WIDE = "layernorm/3_wide"(layernorm) {
        cuda, wgsl, cpu: cpu::layernorm_block in "src/cpu/forward.rs"
    }
}

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings = normalize::Bindings {
        x: a.x.binding(),
        gamma: a.gamma.binding(),
        beta: a.beta.binding(),
        out: a.to.out.binding(),
        mean_out: a.to.mean.binding(),
        rstd_out: a.to.rstd.binding(),
    };
    kernel
        .launch(bindings, normalize::Params { rows: a.rows, width: a.width, eps: a.eps })
        .cost(9.0 * n, bytes_of([&a.x, &a.gamma, &a.beta, &a.to.out, &a.to.mean, &a.to.rstd]))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "layernorm",
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

/// Normalizes the last dimension of `x`. `gamma` and `beta` have its length; `eps` (1e-5 in GPT-2)
/// keeps rows of equal numbers from dividing by 0.
///
/// # Errors
/// A last dimension of 0 or none at all; `gamma` or `beta` of another length; a dtype that has no
/// rung; different devices; an eps below 0 or not finite.
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
