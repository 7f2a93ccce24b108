//! Sums that leave pairs out. What is masked has the weight 0, but 0 times infinity or NaN is NaN: where
//! rows hold such a number, a product, which multiplies everything with everything, must not be used.

/// For each `tile` numbers, whether there is an infinity or NaN among them.
pub(super) fn wild(rows: &[f32], tile: usize) -> Vec<bool> {
    // The largest exponent; as integers, so that it becomes vectors.
    let size = |x: &f32| x.to_bits() & 0x7fff_ffff;
    rows.chunks(tile).map(|t| t.iter().map(size).fold(0, u32::max) >= 0x7f80_0000).collect()
}

/// Whether all of a row are finite.
pub(super) fn tame(row: &[f32]) -> bool {
    row.iter().all(|x| x.is_finite())
}

/// What dropout lets through of x: where it kept nothing, 0 even of infinity.
#[inline(always)]
pub(super) fn through(x: f32, kept: f32) -> f32 {
    if kept == 0.0 { 0.0 } else { x * kept }
}

/// `sums[i] += weight(i, j) * b[j]` for rows i and j of `width` numbers, where `weight` is not none.
pub(super) fn add_counted(
    sums: &mut [f32],
    b: &[f32],
    width: usize,
    weight: impl Fn(usize, usize) -> Option<f32>,
) {
    for (i, sums) in sums.chunks_exact_mut(width).enumerate() {
        for (j, b) in b.chunks_exact(width).enumerate() {
            if let Some(weight) = weight(i, j) {
                sums.iter_mut().zip(b).for_each(|(sum, b)| *sum += weight * b);
            }
        }
    }
}
