use crate::args::{alike, row_blocks, rows};
use crate::cpu;
use strata_device::{Access, Device, Kernel, Ladder, Launch, Needs, Rung, cpu_text};
use strata_tensor::{DType, Result, Tensor};

#[derive(Debug)]
pub(crate) struct Args {
    y: Tensor,
    dy: Tensor,
    dx: Tensor,
    rows: usize,
    width: usize,
}

const BINDINGS: &[Access] = &[Access::Read, Access::Read, Access::Write];

static NAIVE: Kernel = Kernel::new("softmax_backward/1_naive", "softmax_backward", BINDINGS)
    .cuda(strata_kernels::source("softmax_backward/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("softmax_backward/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::softmax_backward_naive)
    .rust(cpu_text!("chapters/06-loss" / "src/cpu/softmax.rs", softmax_backward_naive));

static BLOCK: Kernel = Kernel::new("softmax_backward/2_block", "softmax_backward", BINDINGS)
    .cuda(strata_kernels::source("softmax_backward/2_block"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("softmax_backward/2_block"), strata_shaders::INCLUDES)
    .cpu(cpu::softmax_backward_block)
    .rust(cpu_text!("chapters/06-loss" / "src/cpu/softmax.rs", softmax_backward_block));

/// One kernel does both: the constant LOG says whether `y` are logarithms.
fn launch(kernel: &'static Kernel, a: &Args, log: u32) -> Launch {
    let n = (a.rows * a.width) as f64;
    Launch::new(kernel)
        .bind(&a.y.flat())
        .bind(&a.dy.flat())
        .bind(&a.dx.flat())
        .size(a.rows)
        .size(a.width)
        .constant("LOG", log)
        .cost(if log == 1 { 13.0 } else { 4.0 } * n, 12.0 * n)
}

type Plan = fn(&Args, &Device) -> strata_device::Result<Vec<Launch>>;

const fn naive(plan: Plan) -> Rung<Args> {
    const KERNELS: &[&Kernel] = &[&NAIVE];
    Rung { name: "1_naive", kernels: KERNELS, needs: Needs::NONE, accepts: |_| true, plan }
}

const fn block(plan: Plan) -> Rung<Args> {
    const KERNELS: &[&Kernel] = &[&BLOCK];
    Rung { name: "2_block", kernels: KERNELS, needs: Needs::NONE, accepts: |_| true, plan }
}

pub(crate) static SOFTMAX: Ladder<Args> = Ladder {
    op: "softmax_backward",
    rungs: &[
        naive(|a, _| Ok(vec![launch(&NAIVE, a, 0).cover(a.rows, 256).rounds(2 * a.width)])),
        block(|a, _| Ok(vec![row_blocks(launch(&BLOCK, a, 0), [a.rows, a.width], 2)])),
    ],
};

pub(crate) static LOG_SOFTMAX: Ladder<Args> = Ladder {
    op: "log_softmax_backward",
    rungs: &[
        naive(|a, _| Ok(vec![launch(&NAIVE, a, 1).cover(a.rows, 256).rounds(2 * a.width)])),
        block(|a, _| Ok(vec![row_blocks(launch(&BLOCK, a, 1), [a.rows, a.width], 2)])),
    ],
};

fn run(op: &'static str, ladder: &'static Ladder<Args>, y: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let (rows, width) = rows(op, y)?;
    alike(op, y, dy)?;
    let dx = Tensor::empty_for(op, y.device(), DType::F32, y.shape())?;
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
/// Shapes or devices differ; not f32; a last dimension of 0 or none.
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
