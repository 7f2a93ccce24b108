use crate::{DType, Error, Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung};

#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    out: Tensor,
    width: usize,
}

static NAIVE: Kernel = Kernel::new("argmax/1_naive", "argmax", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("argmax/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("argmax/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::argmax);

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "argmax",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&NAIVE],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let rows = a.out.numel();
            Ok(vec![
                Launch::new(&NAIVE)
                    .bind(&a.input.flat())
                    .bind(&a.out.flat())
                    .size(rows)
                    .size(a.width)
                    .cover(rows, 256)
                    .cost(a.input.numel() as f64, 4.0 * (a.input.numel() + rows) as f64),
            ])
        },
    }],
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
    let out = Tensor::empty(input.device(), DType::U32, rows)?;
    if out.numel() > 0 {
        LADDER.run(&Args { input: input.contiguous()?, out: out.clone(), width }, out.device())?;
    }
    Ok(out)
}
