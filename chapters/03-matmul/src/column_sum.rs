//! Column sums: the gradient of a bias, which every row was added to.
use crate::cpu;
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};
use strata_tensor::{DType, Error, Layout, Result, Tensor};

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
    .cpu(cpu::column_sum)
    .rust(cpu_text!("chapters/03-matmul" / "src/cpu/column_sum.rs", column_sum));

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

static TREE: Kernel = Kernel::new("column_sum/2_tree", "column_sum", BINDINGS)
    .cuda(strata_kernels::source("column_sum/2_tree"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("column_sum/2_tree"), strata_shaders::INCLUDES);

/// Rows that one group adds up in the first launch.
const RUN: usize = 128;

fn tree(a: &Args) -> strata_device::Result<Vec<Launch>> {
    let step = |a: &Args, length: usize| {
        let groups = a.columns.div_ceil(32) * a.rows.div_ceil(length);
        launch(&TREE, a).size(length).spread(groups, 256).rounds(length.div_ceil(8) + 3)
    };
    // Few runs are added up in one go.
    if a.rows <= 2 * RUN {
        return Ok(vec![step(a, a.rows)]);
    }
    let runs = a.rows.div_ceil(RUN);
    let scratch = a.out.device().alloc(4 * runs * a.columns)?;
    let layout = Layout::contiguous(&[runs, a.columns]);
    let sums = Tensor::from_buffer(scratch, DType::F32, layout).map_err(|e| match e {
        Error::Device(e) => e,
        other => {
            strata_device::Error::Launch { kernel: TREE.path.into(), reason: other.to_string() }
        }
    })?;
    let first = Args { input: a.input.clone(), out: sums.clone(), accumulate: false, ..*a };
    let second = Args { input: sums, rows: runs, out: a.out.clone(), ..*a };
    Ok(vec![step(&first, RUN), step(&second, runs)])
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "column_sum",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, _| Ok(vec![launch(&NAIVE, a).cover(a.columns, 256).rounds(a.rows)]),
        },
        Rung {
            name: "2_tree",
            kernels: &[&TREE],
            needs: Needs::NONE,
            accepts: |a| a.rows > 0,
            plan: |a, _| tree(a),
        },
    ],
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
