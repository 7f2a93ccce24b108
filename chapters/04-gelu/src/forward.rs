use crate::cpu;
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, Slice, cpu_text};
use strata_tensor::{DType, Result, Tensor};

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    out: Tensor,
}

static NAIVE: Kernel = Kernel::new("gelu/1_naive", "gelu", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("gelu/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("gelu/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::gelu_naive)
    .rust(cpu_text!("chapters/04-gelu" / "src/cpu.rs", gelu_naive));

static VECTORIZED: Kernel =
    Kernel::new("gelu/2_vectorized", "gelu", &[Access::Read, Access::Write])
        .cuda(strata_kernels::source("gelu/2_vectorized"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("gelu/2_vectorized"), strata_shaders::INCLUDES)
        .cpu(cpu::gelu_vectorized)
        .rust(cpu_text!("chapters/04-gelu" / "src/cpu.rs", gelu_vectorized));

/// Operations for one element: a cubic, an exponential (counted as 10), a division.
pub(crate) const FLOPS: f64 = 16.0;

fn launch(kernel: &'static Kernel, a: &Args, slice: fn(&Tensor) -> Slice) -> Launch {
    let n = a.x.numel();
    Launch::new(kernel)
        .bind(&slice(&a.x))
        .bind(&slice(&a.out))
        .size(n)
        .cost(FLOPS * n as f64, 8.0 * n as f64)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "gelu",
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

/// `gelu(x)` of every element of an f32 tensor, tanh form.
///
/// # Errors
/// Not f32; the device fails.
pub fn gelu_forward(x: &Tensor) -> Result<Tensor> {
    x.expect_dtype("gelu", DType::F32)?;
    let out = Tensor::empty_for("gelu", x.device(), DType::F32, x.shape())?;
    if x.numel() > 0 {
        LADDER.run(&Args { x: x.contiguous()?, out: out.clone() }, x.device())?;
    }
    Ok(out)
}
