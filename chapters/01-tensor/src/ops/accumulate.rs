use crate::{DType, Error, Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    out: Tensor,
    alpha: f32,
}

static ACCUMULATE: Kernel =
    Kernel::new("accumulate/1_naive", "accumulate", &[Access::Read, Access::Write])
        .cuda(strata_kernels::source("accumulate/1_naive"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("accumulate/1_naive"), strata_shaders::INCLUDES)
        .cpu(cpu::accumulate)
        .rust(cpu_text!("chapters/01-tensor" / "src/cpu/elementwise.rs", accumulate));

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "accumulate",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&ACCUMULATE],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let n = a.out.numel();
            Ok(vec![
                Launch::new(&ACCUMULATE)
                    .bind(&a.input.flat())
                    .bind(&a.out.flat())
                    .size(n)
                    .float(a.alpha)
                    .cover(n, 256)
                    .cost(2.0 * n as f64, 12.0 * n as f64),
            ])
        },
    }],
};

/// `out += alpha * input`, in place: how gradients gather in their arena.
///
/// # Errors
/// Shapes or devices differ; not f32; `out` is strided.
pub fn accumulate(out: &Tensor, input: &Tensor, alpha: f32) -> Result<()> {
    let op = "accumulate";
    out.expect_dtype(op, DType::F32)?;
    input.expect_dtype(op, DType::F32)?;
    out.same_device(op, input)?;
    if out.shape() != input.shape() {
        return Err(Error::shape(op, &[out.shape(), input.shape()], "the shapes differ"));
    }
    out.slice(op)?;
    if out.numel() > 0 {
        let args = Args { input: input.contiguous()?, out: out.clone(), alpha };
        LADDER.run(&args, out.device())?;
    }
    Ok(())
}
