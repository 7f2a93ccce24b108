use rayon::prelude::*;
use strata_device::CpuArgs;

/// Columns that one task adds up: wide enough for vectors and whole cache lines, few enough to stay
/// in the nearest cache.
const COLUMNS: usize = 256;
/// Rows added up in f32 before the sums are put away in f64: sums of millions would otherwise outgrow
/// their terms, and round them off.
const RUN: usize = 4096;

/// Params: rows, columns. Constant: ACCUMULATE. Each task owns some columns and walks down all rows,
/// so that nothing depends on the number of threads.
pub(crate) fn column_sum(mut args: CpuArgs) {
    let [input, mut out] = args.take();
    let (rows, columns) = (args.size(0), args.size(1));
    let accumulate = args.constant("ACCUMULATE", 0) != 0;
    let input = input.f32();
    out.f32_mut()[..columns].par_chunks_mut(COLUMNS).enumerate().for_each(|(c, out)| {
        let mut totals = [0.0; COLUMNS];
        for first in (0..rows).step_by(RUN) {
            let mut sums = [0f32; COLUMNS];
            for row in first..rows.min(first + RUN) {
                let start = row * columns + c * COLUMNS;
                let row = &input[start..start + out.len()];
                sums.iter_mut().zip(row).for_each(|(s, x)| *s += x);
            }
            totals.iter_mut().zip(sums).for_each(|(total, s)| *total += f64::from(s));
        }
        for (o, s) in out.iter_mut().zip(totals.map(|total| total as f32)) {
            *o = if accumulate { *o + s } else { s };
        }
    });
}
