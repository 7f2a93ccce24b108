use crate::{DType, Error, Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    out: Tensor,
    width: usize,
}

static NAIVE: Kernel = Kernel::new("argmax/1_naive", "argmax", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("argmax/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("argmax/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::argmax)
    .rust(cpu_text!("chapters/01-tensor" / "src/cpu/reduce.rs", argmax));

static TREE: Kernel = Kernel::new("argmax/2_tree", "argmax", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("argmax/2_tree"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("argmax/2_tree"), strata_shaders::INCLUDES);

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let rows = a.out.numel();
    Launch::new(kernel)
        .bind(&a.input.flat())
        .bind(&a.out.flat())
        .size(rows)
        .size(a.width)
        .cost(a.input.numel() as f64, 4.0 * (a.input.numel() + rows) as f64)
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "argmax",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, _| Ok(vec![launch(&NAIVE, a).cover(a.out.numel(), 256).rounds(a.width)]),
        },
        Rung {
            name: "2_tree",
            kernels: &[&TREE],
            needs: Needs::NONE,
            // In a shorter row most of a workgroup would stand idle.
            accepts: |a| a.width >= 64,
            plan: |a, _| {
                let launch = launch(&TREE, a).spread(a.out.numel(), 256).constant("WG", 256);
                Ok(vec![launch.rounds(a.width.div_ceil(256) + 8)])
            },
        },
    ],
};

/// The index of the largest element along the last dimension (the first of equals), as u32. NaN
/// counts as larger than everything.
///
/// # Errors
/// Not f32; a last dimension of 0; no dimensions.
pub fn argmax(input: &Tensor) -> Result<Tensor> {
    input.expect_dtype("argmax", DType::F32)?;
    let Some((&width, rows)) = input.shape().split_last().filter(|(w, _)| **w > 0) else {
        return Err(Error::shape("argmax", &[input.shape()], "needs a last dimension above 0"));
    };
    let out = Tensor::empty_for("argmax", input.device(), DType::U32, rows)?;
    if out.numel() > 0 {
        LADDER.run(&Args { input: input.contiguous()?, out: out.clone(), width }, out.device())?;
    }
    Ok(out)
}
