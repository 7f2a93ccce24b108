use crate::args::{TWO_SUMS, WIDEST, like, per, row_blocks, rows, wide_blocks};
use crate::cpu;
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text, many_short};
use strata_tensor::{DType, Error, Result, Tensor};

/// Where the gradients of gain and bias go: tensors of shape `[width]`, both contiguous.
#[derive(Clone, Debug)]
pub struct ParameterGrads {
    /// Gradient of gamma.
    pub dgamma: Tensor,
    /// Gradient of beta.
    pub dbeta: Tensor,
    /// Whether to add to what they hold (their place in a model's arena) or to overwrite it.
    pub accumulate: bool,
}

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    gamma: Tensor,
    mean: Tensor,
    rstd: Tensor,
    dy: Tensor,
    dx: Tensor,
    parameters: Option<ParameterGrads>,
    /// `[chunks, 2, width]`: what each chunk of rows adds to dgamma and dbeta.
    partial: Tensor,
    rows: usize,
    width: usize,
    rows_per_chunk: usize,
}

const R: Access = Access::Read;
const W: Access = Access::Write;

static NAIVE: Kernel =
    Kernel::new("layernorm_backward/1_naive", "layernorm_backward", &[R, R, R, R, R, W])
        .cuda(strata_kernels::source("layernorm_backward/1_naive"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("layernorm_backward/1_naive"), strata_shaders::INCLUDES)
        .cpu(cpu::backward_naive)
        .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/backward.rs", backward_naive));

static NAIVE_PARAMETERS: Kernel =
    Kernel::new("layernorm_parameters/1_naive", "layernorm_parameters", &[R, R, R, R, W, W])
        .cuda(strata_kernels::source("layernorm_parameters/1_naive"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("layernorm_parameters/1_naive"), strata_shaders::INCLUDES)
        .cpu(cpu::parameters_naive)
        .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/backward.rs", parameters_naive));

static BLOCK: Kernel =
    Kernel::new("layernorm_backward/2_block", "layernorm_backward", &[R, R, R, R, R, W, W])
        .cuda(strata_kernels::source("layernorm_backward/2_block"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("layernorm_backward/2_block"), strata_shaders::INCLUDES)
        .cpu(cpu::backward_block)
        .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/backward.rs", backward_block));

static BLOCK_PARAMETERS: Kernel =
    Kernel::new("layernorm_parameters/2_block", "layernorm_parameters", &[R, W, W])
        .cuda(strata_kernels::source("layernorm_parameters/2_block"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("layernorm_parameters/2_block"), strata_shaders::INCLUDES)
        .cpu(cpu::parameters_block)
        .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/backward.rs", parameters_block));

/// Columns that one workgroup of `layernorm_parameters/2_block` sums.
const COLUMNS: usize = 32;

/// Rows whose share of dgamma and dbeta one workgroup gathers: few enough that there are workgroups
/// for every core of a large card, many enough that the shares are small beside the data. A grid
/// holds 65,535 of them.
fn rows_per_chunk(rows: usize) -> usize {
    rows.div_ceil(512).clamp(8, 1024).max(rows.div_ceil(65_535))
}

static WIDE: Kernel =
    Kernel::new("layernorm_backward/3_wide", "layernorm_backward", &[R, R, R, R, R, W])
        .cuda(strata_kernels::source("layernorm_backward/3_wide"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("layernorm_backward/3_wide"), strata_shaders::INCLUDES)
        .cpu(cpu::backward_wide)
        .rust(cpu_text!("chapters/05-layernorm" / "src/cpu/backward.rs", backward_wide));

/// The input's gradient and, by a kernel of its own, the parameters'.
fn apart(a: &Args, kernel: &'static Kernel, over: fn(Launch, &Args) -> Launch) -> Vec<Launch> {
    let n = (a.rows * a.width) as f64;
    let dx = Launch::new(kernel)
        .bind(&a.x.flat())
        .bind(&a.gamma.flat())
        .bind(&a.mean.flat())
        .bind(&a.rstd.flat())
        .bind(&a.dy.flat())
        .bind(&a.dx.flat())
        .size(a.rows)
        .size(a.width)
        .cost(14.0 * n, 12.0 * n + 8.0 * a.rows as f64);
    let parameters = a.parameters.as_ref().map(|to| {
        Launch::new(&NAIVE_PARAMETERS)
            .bind(&a.x.flat())
            .bind(&a.mean.flat())
            .bind(&a.rstd.flat())
            .bind(&a.dy.flat())
            .bind(&to.dgamma.flat())
            .bind(&to.dbeta.flat())
            .size(a.rows)
            .size(a.width)
            .size(usize::from(to.accumulate))
            .cover(a.width, 256)
            .rounds(a.rows)
            .cost(5.0 * n, 8.0 * n + 8.0 * (a.rows + a.width) as f64)
    });
    [over(dx, a)].into_iter().chain(parameters).collect()
}

fn block(a: &Args) -> Vec<Launch> {
    let n = (a.rows * a.width) as f64;
    let partial = a.partial.numel() as f64;
    let chunks = a.rows.div_ceil(a.rows_per_chunk);
    let dx = Launch::new(&BLOCK)
        .bind(&a.x.flat())
        .bind(&a.gamma.flat())
        .bind(&a.mean.flat())
        .bind(&a.rstd.flat())
        .bind(&a.dy.flat())
        .bind(&a.dx.flat())
        .bind(&a.partial.flat())
        .size(a.rows)
        .size(a.width)
        .size(a.rows_per_chunk)
        .cost(14.0 * n, 12.0 * n + 8.0 * a.rows as f64 + 4.0 * partial);
    let parameters = a.parameters.as_ref().map(|to| {
        Launch::new(&BLOCK_PARAMETERS)
            .bind(&a.partial.flat())
            .bind(&to.dgamma.flat())
            .bind(&to.dbeta.flat())
            .size(chunks)
            .size(a.width)
            .size(usize::from(to.accumulate))
            .grid((2 * a.width).div_ceil(COLUMNS), 1, 1)
            .rounds(chunks.div_ceil(8) + 8)
            .block(256, 1, 1)
            .cost(partial, 4.0 * partial + 8.0 * a.width as f64)
    });
    // A chunk to a workgroup: there are no more of them than a grid may have.
    let dx = match many_short([a.rows, a.width]) {
        true => dx.spread(chunks, 32).constant("WG", 32).constant("PER", 1),
        false => row_blocks(dx, chunks, a.width),
    };
    let row = 2 * per(a.width) + TWO_SUMS + 1;
    [dx.rounds(a.rows_per_chunk * row + 2 * per(a.width))].into_iter().chain(parameters).collect()
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "layernorm_backward",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE, &NAIVE_PARAMETERS],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, _| {
                let over = |dx: Launch, a: &Args| dx.cover(a.rows, 256).rounds(2 * a.width);
                Ok(apart(a, &NAIVE, over))
            },
        },
        Rung {
            name: "2_block",
            kernels: &[&BLOCK, &BLOCK_PARAMETERS],
            needs: Needs::NONE,
            accepts: |a| a.width <= WIDEST,
            plan: |a, _| Ok(block(a)),
        },
        Rung {
            name: "3_wide",
            kernels: &[&WIDE, &NAIVE_PARAMETERS],
            needs: Needs::NONE,
            accepts: |a| a.width > WIDEST,
            plan: |a, _| {
                let over = |dx: Launch, a: &Args| {
                    wide_blocks(dx, a.rows).rounds(2 * per(a.width) + TWO_SUMS)
                };
                Ok(apart(a, &WIDE, over))
            },
        },
    ],
};

/// The gradient of `x`, returned, and those of gamma and beta, written where `parameters` says
/// (`None` if nobody wants them). With `xhat = (x - mean) rstd` and `g = dy gamma`:
///
/// ```text
/// dx = rstd (g - mean(g) - xhat mean(g xhat)),   dgamma = sum_rows dy xhat,   dbeta = sum_rows dy
/// ```
///
/// `mean` and `rstd` are those of the forward. The sums over rows are taken in two stages, each in
/// an order fixed by the shape: the same inputs give the same bits.
///
/// # Errors
/// Shapes that do not belong together; not f32; different devices; destinations that are not
/// contiguous.
pub fn layernorm_backward(
    x: &Tensor,
    gamma: &Tensor,
    mean: &Tensor,
    rstd: &Tensor,
    dy: &Tensor,
    parameters: Option<&ParameterGrads>,
) -> Result<Tensor> {
    let op = "layernorm_backward";
    let (rows, width) = rows(op, x)?;
    like(op, x, gamma, &[width])?;
    like(op, x, dy, x.shape())?;
    like(op, x, mean, &x.shape()[..x.rank() - 1])?;
    like(op, x, rstd, mean.shape())?;
    if let Some(to) = parameters {
        for target in [&to.dgamma, &to.dbeta] {
            like(op, x, target, &[width])?;
            target.slice(op)?;
        }
        if to.dgamma.buffer().same(to.dbeta.buffer()) && to.dgamma.offset() == to.dbeta.offset() {
            return Err(Error::value(op, "dgamma and dbeta are one tensor; give each its own"));
        }
    }
    let dx = Tensor::empty_for(op, x.device(), DType::F32, x.shape())?;
    if rows == 0 {
        if let Some(to) = parameters.filter(|to| !to.accumulate) {
            strata_tensor::ops::fill_bits(&to.dgamma, 0)?;
            strata_tensor::ops::fill_bits(&to.dbeta, 0)?;
        }
        return Ok(dx);
    }
    let rows_per_chunk = rows_per_chunk(rows);
    let partial = [rows.div_ceil(rows_per_chunk), 2, width];
    let args = Args {
        x: x.contiguous()?,
        gamma: gamma.contiguous()?,
        mean: mean.contiguous()?,
        rstd: rstd.contiguous()?,
        dy: dy.contiguous()?,
        dx: dx.clone(),
        parameters: parameters.cloned(),
        partial: Tensor::empty_for(op, x.device(), DType::F32, &partial)?,
        rows,
        width,
        rows_per_chunk,
    };
    LADDER.run(&args, x.device())?;
    Ok(dx)
}
