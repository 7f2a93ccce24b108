use crate::column_sum::all_rows;
use rayon::prelude::*;

/// Columns that one task adds up: wide enough for vectors and whole cache lines, few enough to stay
/// in the nearest cache.
const COLUMNS: usize = 256;
/// Rows added up in f32 before the sums are put away in f64: sums of millions would otherwise outgrow
/// their terms, and round them off.
const RUN: usize = 4096;

/// Each task owns some columns and walks down all rows, so that nothing depends on the number of
/// threads.
pub(crate) fn column_sum(all_rows::Cpu { x, out, params, constants }: all_rows::Cpu<'_>) {
    let all_rows::Params { rows, columns } = params;
    let accumulate = constants.get("ACCUMULATE", 0) != 0;
    out[..columns].par_chunks_mut(COLUMNS).enumerate().for_each(|(c, out)| {
        let mut totals = [0.0; COLUMNS];
        for first in (0..rows).step_by(RUN) {
            let mut sums = [0f32; COLUMNS];
            for row in first..rows.min(first + RUN) {
                let start = row * columns + c * COLUMNS;
                let row = &x[start..start + out.len()];
                sums.iter_mut().zip(row).for_each(|(s, x)| *s += x);
            }
            totals.iter_mut().zip(sums).for_each(|(total, s)| *total += f64::from(s));
        }
        for (o, s) in out.iter_mut().zip(totals.map(|total| total as f32)) {
            *o = if accumulate { *o + s } else { s };
        }
    });
}
