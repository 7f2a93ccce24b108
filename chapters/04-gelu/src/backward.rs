use crate::cpu;
use crate::forward::FLOPS;
use strata_device::{Kernel, Ladder, Launch, Rung, Slice, Stored, kernel};
use strata_tensor::{Error, Result, Tensor, bytes_of};

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    dy: Tensor,
    dx: Tensor,
}

kernel! {
    /// What every rung takes.
    pub(crate) mod derive {
        bindings { x: read Stored, dy: read Stored, dx: write Stored }
        params { n: usize }
    }
    static NAIVE = "gelu_backward/1_naive"(gelu_backward) {
        cuda, wgsl, cpu: cpu::gelu_backward_naive in "src/cpu.rs"
    }
    static VECTORIZED = "gelu_backward/2_vectorized"(gelu_backward) {
        cuda, wgsl, cpu: cpu::gelu_backward_vectorized in "src/cpu.rs"
    }
}

fn launch(kernel: &'static Kernel, a: &Args, slice: fn(&Tensor) -> Slice) -> Launch {
    let n = a.x.numel();
    let bindings = derive::Bindings { x: slice(&a.x), dy: slice(&a.dy), dx: slice(&a.dx) };
    let bytes = bytes_of([&a.x, &a.dy, &a.dx]);
    kernel.launch(bindings, derive::Params { n }).cost((FLOPS + 8.0) * n as f64, bytes)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "gelu_backward",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| {
            Ok(vec![launch(&NAIVE, a, Tensor::binding).cover(a.x.numel(), 256)])
        }),
        Rung::new("2_vectorized", &[&VECTORIZED], |a, _| {
            let fours = a.x.numel().div_ceil(4);
            Ok(vec![launch(&VECTORIZED, a, Tensor::binding_by_16).cover(fours, 256).rounds(3)])
        }),
    ],
};

/// `dx = dy * gelu'(x)`, element by element. `x` is what [`gelu_forward`](crate::gelu_forward) was
/// given: keeping it costs memory, recomputing it would cost a matrix product.
///
/// # Errors
/// A dtype that has no rung; shapes or devices differ; the device fails.
pub fn gelu_backward(x: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let op = "gelu_backward";
    x.expect_float(op)?;
    dy.expect_float(op)?;
    x.same_device(op, dy)?;
    if x.shape() != dy.shape() {
        return Err(Error::shape(op, &[x.shape(), dy.shape()], "x and dy differ in shape"));
    }
    let dx = Tensor::empty_for(op, x.device(), x.dtype(), x.shape())?;
    if x.numel() > 0 {
        let args = Args { x: x.contiguous()?, dy: dy.contiguous()?, dx: dx.clone() };
        LADDER.run(&args, x.device())?;
    }
    Ok(dx)
}
