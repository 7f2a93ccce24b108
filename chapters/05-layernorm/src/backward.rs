use crate::args::{TWO_SUMS, WIDEST, like, per, row_blocks, rows, wide_blocks};
use crate::cpu;
use strata_device::{Kernel, Ladder, Launch, Rung, Stored, grid_steps, kernel, many_short};
use strata_tensor::{DType, Error, Result, Tensor, bytes_of};

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

kernel! {
    /// The input's gradient alone.
    pub(crate) mod input_gradient {
        bindings {
            x: read Stored,
            gamma: read f32,
            mean: read f32,
            rstd: read f32,
            dy: read Stored,
            dx: write Stored,
        }
        params { rows: usize, width: usize }
    }
    static NAIVE = "layernorm_backward/1_naive"(layernorm_backward) {
        cuda, wgsl, cpu: cpu::backward_naive in "src/cpu/backward.rs"
    }
    static WIDE = "layernorm_backward/3_wide"(layernorm_backward) {
        cuda, wgsl, cpu: cpu::backward_wide in "src/cpu/backward.rs"
    }
}

kernel! {
    /// The parameters' gradients, column by column.
    pub(crate) mod sum_rows {
        bindings {
            x: read Stored,
            mean: read f32,
            rstd: read f32,
            dy: read Stored,
            dgamma: write f32,
            dbeta: write f32,
        }
        params {
            rows: usize,
            width: usize,
            /// Add to what is there.
            accumulate: bool,
        }
    }
    static NAIVE_PARAMETERS = "layernorm_parameters/1_naive"(layernorm_parameters) {
        cuda, wgsl, cpu: cpu::parameters_naive in "src/cpu/backward.rs"
    }
}

kernel! {
    /// The input's gradient, and each chunk's share of the parameters'.
    pub(crate) mod gather {
        bindings {
            x: read Stored,
            gamma: read f32,
            mean: read f32,
            rstd: read f32,
            dy: read Stored,
            dx: write Stored,
            partial_sums: write f32,
        }
        params { rows: usize, width: usize, rows_per_chunk: usize }
    }
    static BLOCK = "layernorm_backward/2_block"(layernorm_backward) {
        cuda, wgsl, cpu: cpu::backward_block in "src/cpu/backward.rs"
    }
}

kernel! {
    /// The parameters' gradients from the chunks' shares.
    pub(crate) mod sum_chunks {
        bindings { partial_sums: read f32, dgamma: write f32, dbeta: write f32 }
        params {
            chunks: usize,
            width: usize,
            /// Add to what is there.
            accumulate: bool,
        }
    }
    static BLOCK_PARAMETERS = "layernorm_parameters/2_block"(layernorm_parameters) {
        cuda, wgsl, cpu: cpu::parameters_block in "src/cpu/backward.rs"
    }
}

/// Columns that one workgroup of `layernorm_parameters/2_block` sums.
const COLUMNS: usize = 32;

/// Rows whose share of dgamma and dbeta one workgroup gathers: few enough that there are workgroups
/// for every core of a large card, many enough that the shares are small beside the data. A grid
/// holds 65,535 of them.
fn rows_per_chunk(rows: usize) -> usize {
    rows.div_ceil(512).clamp(8, 1024).max(grid_steps(rows))
}

/// The bytes of the input's gradient.
fn read_and_written(a: &Args) -> f64 {
    bytes_of([&a.x, &a.mean, &a.rstd, &a.dy, &a.dx])
}

/// The input's gradient and, by a kernel of its own, the parameters'.
fn apart(a: &Args, kernel: &'static Kernel, over: fn(Launch, &Args) -> Launch) -> Vec<Launch> {
    let (rows, width) = (a.rows, a.width);
    let n = (rows * width) as f64;
    let bindings = input_gradient::Bindings {
        x: a.x.binding(),
        gamma: a.gamma.binding(),
        mean: a.mean.binding(),
        rstd: a.rstd.binding(),
        dy: a.dy.binding(),
        dx: a.dx.binding(),
    };
    let dx = kernel
        .launch(bindings, input_gradient::Params { rows, width })
        .cost(14.0 * n, read_and_written(a));
    let parameters = a.parameters.as_ref().map(|to| {
        let bindings = sum_rows::Bindings {
            x: a.x.binding(),
            mean: a.mean.binding(),
            rstd: a.rstd.binding(),
            dy: a.dy.binding(),
            dgamma: to.dgamma.binding(),
            dbeta: to.dbeta.binding(),
        };
        let params = sum_rows::Params { rows, width, accumulate: to.accumulate };
        NAIVE_PARAMETERS
            .launch(bindings, params)
            .cover(width, 256)
            .rounds(rows)
            .cost(5.0 * n, bytes_of([&a.x, &a.mean, &a.rstd, &a.dy, &to.dgamma, &to.dbeta]))
    });
    [over(dx, a)].into_iter().chain(parameters).collect()
}

fn block(a: &Args) -> Vec<Launch> {
    let Args { rows, width, rows_per_chunk, .. } = *a;
    let n = (rows * width) as f64;
    let chunks = rows.div_ceil(rows_per_chunk);
    let bindings = gather::Bindings {
        x: a.x.binding(),
        gamma: a.gamma.binding(),
        mean: a.mean.binding(),
        rstd: a.rstd.binding(),
        dy: a.dy.binding(),
        dx: a.dx.binding(),
        partial_sums: a.partial.binding(),
    };
    let dx = BLOCK
        .launch(bindings, gather::Params { rows, width, rows_per_chunk })
        .cost(14.0 * n, read_and_written(a) + bytes_of([&a.partial]));
    let parameters = a.parameters.as_ref().map(|to| {
        let bindings = sum_chunks::Bindings {
            partial_sums: a.partial.binding(),
            dgamma: to.dgamma.binding(),
            dbeta: to.dbeta.binding(),
        };
        let params = sum_chunks::Params { chunks, width, accumulate: to.accumulate };
        BLOCK_PARAMETERS
            .launch(bindings, params)
            .grid((2 * width).div_ceil(COLUMNS), 1, 1)
            .rounds(chunks.div_ceil(8) + 8)
            .block(256, 1, 1)
            .cost(a.partial.numel() as f64, bytes_of([&a.partial, &to.dgamma, &to.dbeta]))
    });
    // A chunk to a workgroup: there are no more of them than a grid may have.
    let dx = match many_short([rows, width]) {
        true => dx.spread(chunks, 32).constant("WG", 32).constant("PER", 1),
        false => row_blocks(dx, chunks, width),
    };
    let row = 2 * per(width) + TWO_SUMS + 1;
    [dx.rounds(rows_per_chunk * row + 2 * per(width))].into_iter().chain(parameters).collect()
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "layernorm_backward",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE, &NAIVE_PARAMETERS], |a, _| {
            let over = |dx: Launch, a: &Args| dx.cover(a.rows, 256).rounds(2 * a.width);
            Ok(apart(a, &NAIVE, over))
        }),
        Rung::new("2_block", &[&BLOCK, &BLOCK_PARAMETERS], |a, _| Ok(block(a)))
            .accepts(|a| a.width <= WIDEST),
        Rung::new("3_wide", &[&WIDE, &NAIVE_PARAMETERS], |a, _| {
            let over =
                |dx: Launch, a: &Args| wide_blocks(dx, a.rows).rounds(2 * per(a.width) + TWO_SUMS);
            Ok(apart(a, &WIDE, over))
        })
        .accepts(|a| a.width > WIDEST),
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
/// Shapes that do not belong together; a dtype that has no rung; different devices; destinations
/// that are not contiguous.
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
            target.expect_contiguous(op)?;
        }
        if to.dgamma.buffer().same(to.dbeta.buffer()) && to.dgamma.offset() == to.dbeta.offset() {
            return Err(Error::value(op, "dgamma and dbeta are one tensor; give each its own"));
        }
    }
    let dx = Tensor::empty_for(op, x.device(), x.dtype(), x.shape())?;
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
