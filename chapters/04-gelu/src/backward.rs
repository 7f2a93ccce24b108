use crate::cpu;
use crate::forward::FLOPS;
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, Slice, cpu_text};
use strata_tensor::{DType, Error, Result, Tensor};

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    dy: Tensor,
    dx: Tensor,
}

const BINDINGS: &[Access] = &[Access::Read, Access::Read, Access::Write];

static NAIVE: Kernel = Kernel::new("gelu_backward/1_naive", "gelu_backward", BINDINGS)
    .cuda(strata_kernels::source("gelu_backward/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("gelu_backward/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::gelu_backward_naive)
    .rust(cpu_text!("chapters/04-gelu" / "src/cpu.rs", gelu_backward_naive));

static VECTORIZED: Kernel = Kernel::new("gelu_backward/2_vectorized", "gelu_backward", BINDINGS)
    .cuda(strata_kernels::source("gelu_backward/2_vectorized"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("gelu_backward/2_vectorized"), strata_shaders::INCLUDES)
    .cpu(cpu::gelu_backward_vectorized)
    .rust(cpu_text!("chapters/04-gelu" / "src/cpu.rs", gelu_backward_vectorized));

fn launch(kernel: &'static Kernel, a: &Args, slice: fn(&Tensor) -> Slice) -> Launch {
    let n = a.x.numel();
    Launch::new(kernel)
        .bind(&slice(&a.x))
        .bind(&slice(&a.dy))
        .bind(&slice(&a.dx))
        .size(n)
        .cost((FLOPS + 8.0) * n as f64, 12.0 * n as f64)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "gelu_backward",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, _| Ok(vec![launch(&NAIVE, a, Tensor::flat).cover(a.x.numel(), 256)]),
        },
        Rung {
            name: "2_vectorized",
            kernels: &[&VECTORIZED],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, _| {
                let fours = a.x.numel().div_ceil(4);
                Ok(vec![launch(&VECTORIZED, a, Tensor::in_sixteens).cover(fours, 256).rounds(3)])
            },
        },
    ],
};

/// `dx = dy * gelu'(x)`, element by element. `x` is what [`gelu_forward`](crate::gelu_forward) was
/// given: keeping it costs memory, recomputing it would cost a matrix product.
///
/// # Errors
/// Not f32; shapes or devices differ; the device fails.
pub fn gelu_backward(x: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let op = "gelu_backward";
    x.expect_dtype(op, DType::F32)?;
    dy.expect_dtype(op, DType::F32)?;
    x.same_device(op, dy)?;
    if x.shape() != dy.shape() {
        return Err(Error::shape(op, &[x.shape(), dy.shape()], "x and dy differ in shape"));
    }
    let dx = Tensor::empty_for(op, x.device(), DType::F32, x.shape())?;
    if x.numel() > 0 {
        let args = Args { x: x.contiguous()?, dy: dy.contiguous()?, dx: dx.clone() };
        LADDER.run(&args, x.device())?;
    }
    Ok(dx)
}
