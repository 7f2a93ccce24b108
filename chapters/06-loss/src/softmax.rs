use crate::args::{row_blocks, rows};
use crate::cpu;
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};
use strata_tensor::{DType, Result, Tensor};

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    out: Tensor,
    rows: usize,
    width: usize,
}

const BINDINGS: &[Access] = &[Access::Read, Access::Write];

static NAIVE: Kernel = Kernel::new("softmax/1_naive", "softmax", BINDINGS)
    .cuda(strata_kernels::source("softmax/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("softmax/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::softmax_naive)
    .rust(cpu_text!("chapters/06-loss" / "src/cpu/softmax.rs", softmax_naive));

static ONLINE: Kernel = Kernel::new("softmax/2_online", "softmax", BINDINGS)
    .cuda(strata_kernels::source("softmax/2_online"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("softmax/2_online"), strata_shaders::INCLUDES)
    .cpu(cpu::softmax_online)
    .rust(cpu_text!("chapters/06-loss" / "src/cpu/softmax.rs", softmax_online));

/// One kernel does both: the constant LOG says whether logarithms are written.
fn launch(kernel: &'static Kernel, a: &Args, log: u32) -> Launch {
    let n = (a.rows * a.width) as f64;
    Launch::new(kernel)
        .bind(&a.x.flat())
        .bind(&a.out.flat())
        .size(a.rows)
        .size(a.width)
        .constant("LOG", log)
        .cost(25.0 * n, 8.0 * n)
}

const fn naive(plan: fn(&Args, &strata_device::Device) -> Plan) -> Rung<Args> {
    const KERNELS: &[&Kernel] = &[&NAIVE];
    Rung { name: "1_naive", kernels: KERNELS, needs: Needs::NONE, accepts: |_| true, plan }
}

const fn online(plan: fn(&Args, &strata_device::Device) -> Plan) -> Rung<Args> {
    const KERNELS: &[&Kernel] = &[&ONLINE];
    Rung { name: "2_online", kernels: KERNELS, needs: Needs::NONE, accepts: |_| true, plan }
}

type Plan = strata_device::Result<Vec<Launch>>;

pub(crate) static SOFTMAX: Ladder<Args> = Ladder {
    op: "softmax",
    rungs: &[
        naive(|a, _| Ok(vec![launch(&NAIVE, a, 0).cover(a.rows, 256).rounds(3 * a.width)])),
        online(|a, _| Ok(vec![row_blocks(launch(&ONLINE, a, 0), [a.rows, a.width], 2)])),
    ],
};

pub(crate) static LOG_SOFTMAX: Ladder<Args> = Ladder {
    op: "log_softmax",
    rungs: &[
        naive(|a, _| Ok(vec![launch(&NAIVE, a, 1).cover(a.rows, 256).rounds(3 * a.width)])),
        online(|a, _| Ok(vec![row_blocks(launch(&ONLINE, a, 1), [a.rows, a.width], 2)])),
    ],
};

fn run(op: &'static str, ladder: &'static Ladder<Args>, x: &Tensor) -> Result<Tensor> {
    let (rows, width) = rows(op, x)?;
    let out = Tensor::empty_for(op, x.device(), DType::F32, x.shape())?;
    if rows == 0 {
        return Ok(out);
    }
    let args = Args { x: x.contiguous()?, out: out.clone(), rows, width };
    match ladder.run_rows(&args, x.device(), [rows, width]) {
        Err(strata_device::Error::TooLong { .. }) => in_steps(x, ladder.op == LOG_SOFTMAX.op),
        other => Ok(other.map(|()| out)?),
    }
}

/// The same of the ops of chapter 1, for rows that are longer than a device lets one workgroup walk:
/// a sum is shared by several there.
fn in_steps(x: &Tensor, log: bool) -> Result<Tensor> {
    let last = [x.rank() - 1];
    let apart = x.sub(&x.max(&last, true)?)?;
    let e = apart.exp()?;
    let sum = e.sum(&last, true)?;
    if log { apart.sub(&sum.log()?) } else { e.div(&sum) }
}

/// Softmax over the last dimension: positive numbers that sum to 1. An element of -inf gets 0; a
/// row of nothing else has no softmax and becomes NaN.
///
/// # Errors
/// Not f32; a last dimension of 0 or none.
pub fn softmax_forward(x: &Tensor) -> Result<Tensor> {
    run("softmax", &SOFTMAX, x)
}

/// The logarithm of softmax over the last dimension, without forming the softmax: a probability of
/// 1e-60 is 0 in f32, its logarithm is -138.
///
/// # Errors
/// As [`softmax_forward`].
pub fn log_softmax_forward(x: &Tensor) -> Result<Tensor> {
    run("log_softmax", &LOG_SOFTMAX, x)
}
