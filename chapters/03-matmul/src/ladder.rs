//! The ladder of `matmul`: every rung takes the same bindings and params.
use crate::cpu;
use strata_device::{Access, Device, Kernel, Ladder, Launch, Needs, Rung};
use strata_tensor::Tensor;

/// A matrix, or a batch of them, and the steps between its elements.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub tensor: Tensor,
    pub row: usize,
    pub col: usize,
    /// Between products along the outer and the inner batch dimension; 0 where one serves all.
    pub outer: usize,
    pub inner: usize,
}

/// A product as kernels see it: at most two batch dimensions, one of the last two strides 1.
#[derive(Debug)]
pub(crate) struct Args {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    /// All products; product p is (p / inner, p % inner).
    pub batches: usize,
    pub inner: usize,
    pub a: Matrix,
    pub b: Matrix,
    pub out: Matrix,
    pub alpha: f32,
    pub accumulate: bool,
    /// Contiguous, as the two below.
    pub bias: Option<Tensor>,
    pub residual: Option<Tensor>,
    pub activated: Option<Tensor>,
}

/// a, b, bias, residual, c, activated.
const BINDINGS: &[Access] =
    &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Write];

static NAIVE: Kernel = Kernel::new("matmul/1_naive", "matmul", BINDINGS)
    .cuda(strata_kernels::source("matmul/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("matmul/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::naive);

static THREADED: Kernel = Kernel::new("matmul/5_threaded", "matmul", BINDINGS).cpu(cpu::threaded);

/// Bindings, params, constants and cost, the same for every rung; the grid is the rung's own.
fn launch(kernel: &'static Kernel, a: &Args, device: &Device) -> strata_device::Result<Launch> {
    let (left, left_offset) = a.a.tensor.bind();
    let (right, right_offset) = a.b.tensor.bind();
    let (out, out_offset) = a.out.tensor.bind();
    // What an epilogue does not use must still be bound: `a` where it is only read, a scrap of
    // memory of its own where it could be written.
    let read = |t: &Option<Tensor>| t.as_ref().map_or_else(|| left.clone(), Tensor::flat);
    let activated = match &a.activated {
        Some(t) => t.flat(),
        None => device.alloc(4)?.whole(),
    };
    let results = (a.batches * a.m * a.n) as f64;
    let passes = [a.accumulate, a.residual.is_some(), a.activated.is_some()];
    let passes = 1 + passes.into_iter().filter(|&p| p).count();
    let operands = a.a.tensor.layout().extent() + a.b.tensor.layout().extent();
    let mut launch = Launch::new(kernel)
        .bind(&left)
        .bind(&right)
        .bind(&read(&a.bias))
        .bind(&read(&a.residual))
        .bind(&out)
        .bind(&activated);
    for size in [a.m, a.n, a.k, a.batches, a.inner] {
        launch = launch.size(size);
    }
    for (x, offset) in [(&a.a, left_offset), (&a.b, right_offset)] {
        for size in [offset, x.row, x.col, x.outer, x.inner] {
            launch = launch.size(size);
        }
    }
    for size in [out_offset, a.out.row, a.out.outer, a.out.inner] {
        launch = launch.size(size);
    }
    Ok(launch
        .float(a.alpha)
        .size(a.k)
        .constant("ACCUMULATE", a.accumulate.into())
        .constant("BIAS", a.bias.is_some().into())
        .constant("RESIDUAL", a.residual.is_some().into())
        .constant("GELU", a.activated.is_some().into())
        .cost(2.0 * results * a.k as f64, 4.0 * (operands as f64 + passes as f64 * results)))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "matmul",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, device| {
                Ok(vec![launch(&NAIVE, a, device)?.cover(a.batches * a.m * a.n, 256)])
            },
        },
        Rung {
            name: "5_threaded",
            kernels: &[&THREADED],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, device| Ok(vec![launch(&THREADED, a, device)?]),
        },
    ],
};
