use crate::cpu;
use strata_device::{Kernel, Ladder, Launch, Rung, Slice, Stored, kernel};
use strata_tensor::{Result, Tensor, bytes_of};

#[derive(Debug)]
pub(crate) struct Args {
    x: Tensor,
    out: Tensor,
}

kernel! {
    /// What every rung takes.
    pub mod activate {
        bindings { x: read Stored, out: write Stored }
        params { n: usize }
    }
    static NAIVE = "gelu/1_naive"(gelu) { cuda, wgsl, cpu: cpu::gelu_naive in "src/cpu.rs" }
    /// Four elements an invocation.
    pub static VECTORIZED = "gelu/2_vectorized"(gelu) {
        cuda, wgsl, cpu: cpu::gelu_vectorized in "src/cpu.rs"
    }
}

/// Operations for one element: a cubic, an exponential (counted as 10), a division.
pub(crate) const FLOPS: f64 = 16.0;

fn launch(kernel: &'static Kernel, a: &Args, slice: fn(&Tensor) -> Slice) -> Launch {
    let n = a.x.numel();
    let bindings = activate::Bindings { x: slice(&a.x), out: slice(&a.out) };
    kernel.launch(bindings, activate::Params { n }).cost(FLOPS * n as f64, bytes_of([&a.x, &a.out]))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "gelu",
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

/// `gelu(x)` of every element, tanh form.
///
/// # Errors
/// A dtype that has no rung; the device fails.
pub fn gelu_forward(x: &Tensor) -> Result<Tensor> {
    x.expect_float("gelu")?;
    let out = Tensor::empty_for("gelu", x.device(), x.dtype(), x.shape())?;
    if x.numel() > 0 {
        LADDER.run(&Args { x: x.contiguous()?, out: out.clone() }, x.device())?;
    }
    Ok(out)
}
