use std::array::from_fn;

/// Partial sums side by side: vectors of any width divide 16, and a sum split in 16 is more exact.
const LANES: usize = 16;

/// The sum of `f` over the elements of `N` slices of one length, read together.
#[inline(always)]
pub(super) fn sum<const N: usize>(slices: [&[f32]; N], f: impl Fn([f32; N]) -> f32) -> f32 {
    let parts = slices.map(|s| s.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for i in 0..parts[0].0.len() {
        for l in 0..LANES {
            lanes[l] += f(from_fn(|k| parts[k].0[i][l]));
        }
    }
    for l in 0..parts[0].1.len() {
        lanes[l] += f(from_fn(|k| parts[k].1[l]));
    }
    lanes.iter().sum()
}
