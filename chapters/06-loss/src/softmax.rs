use crate::args::{row_blocks, rows};
use crate::cpu;
use strata_device::{Kernel, Ladder, Launch, Rung, Stored, kernel};
use strata_tensor::{Result, Tensor, bytes_of};

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    out: Tensor,
    rows: usize,
    width: usize,
}

kernel! {
    /// The constant LOG says whether logarithms are written.
    pub(crate) mod normalize {
        bindings { x: read Stored, out: write Stored }
        params { rows: usize, width: usize }
    }
    static NAIVE = "softmax/1_naive"(softmax) {
        cuda, wgsl, cpu: cpu::softmax_naive in "src/cpu/softmax.rs"
    }
    static ONLINE = "softmax/2_online"(softmax) {
        cuda, wgsl, cpu: cpu::softmax_online in "src/cpu/softmax.rs"
    }
}

fn launch(kernel: &'static Kernel, a: &Args, log: u32) -> Launch {
    let n = (a.rows * a.width) as f64;
    let bindings = normalize::Bindings { x: a.x.binding(), out: a.out.binding() };
    kernel
        .launch(bindings, normalize::Params { rows: a.rows, width: a.width })
        .constant("LOG", log)
        .cost(25.0 * n, bytes_of([&a.x, &a.out]))
}

fn naive(a: &Args, log: u32) -> Vec<Launch> {
    vec![launch(&NAIVE, a, log).cover(a.rows, 256).rounds(3 * a.width)]
}

fn online(a: &Args, log: u32) -> Vec<Launch> {
    vec![row_blocks(launch(&ONLINE, a, log), [a.rows, a.width], 2)]
}

pub(crate) static SOFTMAX: Ladder<Args> = Ladder {
    op: "softmax",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| Ok(naive(a, 0))),
        Rung::new("2_online", &[&ONLINE], |a, _| Ok(online(a, 0))),
    ],
};

pub(crate) static LOG_SOFTMAX: Ladder<Args> = Ladder {
    op: "log_softmax",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| Ok(naive(a, 1))),
        Rung::new("2_online", &[&ONLINE], |a, _| Ok(online(a, 1))),
    ],
};

fn run(op: &'static str, ladder: &'static Ladder<Args>, x: &Tensor) -> Result<Tensor> {
    let (rows, width) = rows(op, x)?;
    let out = Tensor::empty_for(op, x.device(), x.dtype(), x.shape())?;
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
/// A dtype that has no rung; a last dimension of 0 or none.
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
