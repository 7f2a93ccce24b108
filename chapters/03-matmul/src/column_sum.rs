//! Column sums: the gradient of a bias, which every row was added to.
use crate::cpu;
use strata_device::{Ladder, Launch, Rung, Slice, Stored, kernel};
use strata_tensor::{Error, Result, Tensor, bytes_of};

#[derive(Debug)]
pub(crate) struct Args {
    input: Tensor,
    rows: usize,
    columns: usize,
    out: Tensor,
    accumulate: bool,
}

kernel! {
    /// `out[j] = [out[j] +] Σ_i x[i, j]`.
    pub(crate) mod all_rows {
        bindings { x: read Stored, out: write f32 }
        params { rows: usize, columns: usize }
    }
    static NAIVE = "column_sum/1_naive"(column_sum) {
        cuda, wgsl, cpu: cpu::column_sum in "src/cpu/column_sum.rs"
    }
}

kernel! {
    /// The same of each run of rows.
    mod runs_of_rows {
        bindings { x: read Stored, out: write f32 }
        params {
            rows: usize,
            columns: usize,
            /// Rows in a run.
            length: usize,
        }
    }
    static TREE = "column_sum/2_tree"(column_sum) { cuda, wgsl }
}

fn naive(a: &Args) -> Launch {
    let (rows, columns) = (a.rows, a.columns);
    let bindings = all_rows::Bindings { x: a.input.binding(), out: a.out.binding() };
    NAIVE
        .launch(bindings, all_rows::Params { rows, columns })
        .constant("ACCUMULATE", a.accumulate.into())
        .cost((rows * columns) as f64, bytes_of([&a.input, &a.out]))
        .cover(columns, 256)
        .rounds(rows)
}

/// Rows that one group adds up in the first launch.
const RUN: usize = 128;

fn tree(a: &Args) -> strata_device::Result<Vec<Launch>> {
    let columns = a.columns;
    let step = |x: Slice, rows: usize, length: usize, out: Slice, accumulate: bool| {
        let groups = columns.div_ceil(32) * rows.div_ceil(length);
        let params = runs_of_rows::Params { rows, columns, length };
        let bytes = (x.bytes + a.out.nbytes()) as f64;
        TREE.launch(runs_of_rows::Bindings { x, out }, params)
            .constant("ACCUMULATE", accumulate.into())
            .cost((rows * columns) as f64, bytes)
            .spread(groups, 256)
            .rounds(length.div_ceil(8) + 3)
    };
    let (x, out) = (a.input.binding(), a.out.binding());
    // Few runs are added up in one go.
    if a.rows <= 2 * RUN {
        return Ok(vec![step(x, a.rows, a.rows, out, a.accumulate)]);
    }
    let runs = a.rows.div_ceil(RUN);
    let sums = a.out.device().alloc(4 * runs * columns)?.whole();
    let first = step(x, a.rows, RUN, sums.clone(), false);
    Ok(vec![first, step(sums, runs, runs, out, a.accumulate)])
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "column_sum",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| Ok(vec![naive(a)])),
        Rung::new("2_tree", &[&TREE], |a, _| tree(a)).accepts(|a| a.rows > 0),
    ],
};

/// `out = [out +] ` the sum of `input` over all dimensions but the last, in f32 whatever `input` is
/// stored in. The order of the additions is fixed: the same bits every time.
///
/// # Errors
/// `out` is not `[columns]`, contiguous and aligned; a dtype that has no rung; different devices;
/// the device fails.
pub fn column_sum(out: &Tensor, input: &Tensor, accumulate: bool) -> Result<()> {
    let op = "column_sum";
    out.expect_float(op)?;
    input.expect_float(op)?;
    out.same_device(op, input)?;
    let columns = input.dim(op, input.rank().saturating_sub(1))?;
    if out.shape() != [columns] {
        let reason = "the output must have an element for each column";
        return Err(Error::shape(op, &[input.shape(), out.shape()], reason));
    }
    out.expect_contiguous(op)?;
    if columns == 0 {
        return Ok(());
    }
    let rows = input.numel() / columns;
    let args = Args { input: input.contiguous()?, rows, columns, out: out.clone(), accumulate };
    Ok(LADDER.run(&args, out.device())?)
}
