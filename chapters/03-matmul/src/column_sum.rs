//! Column sums: the gradient of a bias, which every row was added to.
use crate::cpu;
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung};
use strata_tensor::{DType, Error, Result, Tensor};

#[derive(Debug)]
pub(crate) struct Args {
    input: Tensor,
    rows: usize,
    columns: usize,
    out: Tensor,
    accumulate: bool,
}

const BINDINGS: &[Access] = &[Access::Read, Access::Write];

static NAIVE: Kernel = Kernel::new("column_sum/1_naive", "column_sum", BINDINGS)
    .cuda(strata_kernels::source("column_sum/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("column_sum/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::column_sum);

/// Params: rows, columns. `out[j] = [out[j] +] Σ_i input[i, j]`.
fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let (m, n) = (a.rows as f64, a.columns as f64);
    Launch::new(kernel)
        .bind(&a.input.flat())
        .bind(&a.out.flat())
        .size(a.rows)
        .size(a.columns)
        .constant("ACCUMULATE", a.accumulate.into())
        .cost(m * n, 4.0 * (m * n + n))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "column_sum",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&NAIVE],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| Ok(vec![launch(&NAIVE, a).cover(a.columns, 256)]),
    }],
};

/// `out = [out +] ` the sum of `input` over all dimensions but the last. The order of the
/// additions is fixed: the same bits every time.
///
/// # Errors
/// `out` is not `[columns]`, contiguous and aligned; not f32; different devices; the device fails.
pub fn column_sum(out: &Tensor, input: &Tensor, accumulate: bool) -> Result<()> {
    let op = "column_sum";
    out.expect_dtype(op, DType::F32)?;
    input.expect_dtype(op, DType::F32)?;
    out.same_device(op, input)?;
    let columns = input.dim(op, input.rank().saturating_sub(1))?;
    if out.shape() != [columns] {
        let reason = "the output must have an element for each column";
        return Err(Error::shape(op, &[input.shape(), out.shape()], reason));
    }
    out.slice(op)?;
    if columns == 0 {
        return Ok(());
    }
    let rows = input.numel() / columns;
    let args = Args { input: input.contiguous()?, rows, columns, out: out.clone(), accumulate };
    Ok(LADDER.run(&args, out.device())?)
}
