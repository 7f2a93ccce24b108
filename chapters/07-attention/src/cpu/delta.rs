use crate::backward::row_sums;
use crate::params::View;
use rayon::prelude::*;

/// `delta = rowsum(d_out * out)`.
pub(crate) fn delta(row_sums::Cpu { out, d_out, of_rows, params: p, .. }: row_sums::Cpu<'_>) {
    let row = |data, view: &View, at: usize| p.row(data, view, at / p.rows, at % p.rows);
    let of_rows = &mut of_rows[..p.all_heads() * p.rows];
    of_rows.par_iter_mut().with_min_len(256).enumerate().for_each(|(at, delta)| {
        let (a, b) = (row(out, &p.q, at), row(d_out, &p.out, at));
        *delta = a.iter().zip(b).map(|(a, b)| a * b).sum();
    });
}
