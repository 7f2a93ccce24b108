use crate::args::{alike, row_blocks, rows};
use crate::cpu;
use strata_device::{Kernel, Ladder, Launch, Rung, Stored, kernel};
use strata_tensor::{Result, Tensor, bytes_of};

#[derive(Debug)]
pub(crate) struct Args {
    y: Tensor,
    dy: Tensor,
    dx: Tensor,
    rows: usize,
    width: usize,
}

kernel! {
    /// The constant LOG says whether `y` are logarithms.
    pub(crate) mod input_gradient {
        bindings { y: read Stored, dy: read Stored, dx: write Stored }
        params { rows: usize, width: usize }
    }
    static NAIVE = "softmax_backward/1_naive"(softmax_backward) {
        cuda, wgsl, cpu: cpu::softmax_backward_naive in "src/cpu/softmax.rs"
    }
    static BLOCK = "softmax_backward/2_block"(softmax_backward) {
        cuda, wgsl, cpu: cpu::softmax_backward_block in "src/cpu/softmax.rs"
    }
}

fn launch(kernel: &'static Kernel, a: &Args, log: u32) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings =
        input_gradient::Bindings { y: a.y.binding(), dy: a.dy.binding(), dx: a.dx.binding() };
    kernel
        .launch(bindings, input_gradient::Params { rows: a.rows, width: a.width })
        .constant("LOG", log)
        .cost(if log == 1 { 13.0 } else { 4.0 } * n, bytes_of([&a.y, &a.dy, &a.dx]))
}

fn naive(a: &Args, log: u32) -> Vec<Launch> {
    vec![launch(&NAIVE, a, log).cover(a.rows, 256).rounds(2 * a.width)]
}

fn block(a: &Args, log: u32) -> Vec<Launch> {
    vec![row_blocks(launch(&BLOCK, a, log), [a.rows, a.width], 2)]
}

pub(crate) static SOFTMAX: Ladder<Args> = Ladder {
    op: "softmax_backward",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| Ok(naive(a, 0))),
        Rung::new("2_block", &[&BLOCK], |a, _| Ok(block(a, 0))),
    ],
};

pub(crate) static LOG_SOFTMAX: Ladder<Args> = Ladder {
    op: "log_softmax_backward",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| Ok(naive(a, 1))),
        Rung::new("2_block", &[&BLOCK], |a, _| Ok(block(a, 1))),
    ],
};

fn run(op: &'static str, ladder: &'static Ladder<Args>, y: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let (rows, width) = rows(op, y)?;
    alike(op, y, dy)?;
    let dx = Tensor::empty_for(op, y.device(), y.dtype(), y.shape())?;
    if rows == 0 {
        return Ok(dx);
    }
    let (y, dy) = (y.contiguous()?, dy.contiguous()?);
    let args = Args { y, dy, dx, rows, width };
    match ladder.run_rows(&args, args.dx.device(), [rows, width]) {
        Err(strata_device::Error::TooLong { .. }) => in_steps(&args, ladder.op == LOG_SOFTMAX.op),
        other => Ok(other.map(|()| args.dx)?),
    }
}

/// The same of the ops of chapter 1, for rows that are longer than a device lets one workgroup walk:
/// a sum is shared by several there.
fn in_steps(a: &Args, log: bool) -> Result<Tensor> {
    let last = [a.y.rank() - 1];
    if log {
        return a.dy.sub(&a.y.exp()?.mul(&a.dy.sum(&last, true)?)?);
    }
    let sum = a.y.mul(&a.dy)?.sum(&last, true)?;
    a.y.mul(&a.dy.sub(&sum)?)
}

/// The gradient of softmax's input, from its output: `dx = y (dy - sum(dy y))`.
///
/// # Errors
/// Shapes or devices differ; a dtype that has no rung; a last dimension of 0 or none.
pub fn softmax_backward(y: &Tensor, dy: &Tensor) -> Result<Tensor> {
    run("softmax_backward", &SOFTMAX, y, dy)
}

/// The gradient of log-softmax's input, from its output: `dx = dy - e^y sum(dy)`.
///
/// # Errors
/// As [`softmax_backward`].
pub fn log_softmax_backward(y: &Tensor, dy: &Tensor) -> Result<Tensor> {
    run("log_softmax_backward", &LOG_SOFTMAX, y, dy)
}
