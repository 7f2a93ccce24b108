//! Where labels stand that would lie over each other.

/// Heights for labels that want to stand at `wanted` but need `gap` between them, in the given
/// order of the labels; none lies below `lowest`.
#[expect(
    clippy::indexing_slicing,
    reason = "`order` holds the indices of `wanted`, which `placed` has too; windows of two have two"
)]
pub(crate) fn spread(wanted: &[f64], gap: f64, lowest: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let mut placed = wanted.to_vec();
    for pair in order.windows(2) {
        placed[pair[1]] = placed[pair[1]].max(placed[pair[0]] + gap);
    }
    let mut limit = lowest;
    for &i in order.iter().rev() {
        placed[i] = placed[i].min(limit);
        limit = placed[i] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_apart() {
        assert_eq!(spread(&[10.0, 12.0, 90.0], 16.0, 100.0), [10.0, 26.0, 90.0]);
        assert_eq!(spread(&[99.0, 98.0], 16.0, 100.0), [100.0, 84.0]);
    }
}
