//! Sums and maxima of slices, in sixteen partial results side by side.
//!
//! One running sum waits for itself: an addition takes four cycles, and the next needs its result.
//! Sixteen keep the processor's vectors busy, whatever their width, and make long sums more exact,
//! since each adds up fewer terms.
use crate::fma;
use std::array::from_fn;

/// Partial results.
const LANES: usize = 16;
/// Terms that one of them adds up in f32 before it is put away in f64: a sum of millions would
/// otherwise outgrow its terms, and round them off.
const RUN: usize = 256;

/// The sum of `f` over the elements of `N` slices of one length, read together.
///
/// ```
/// use strata_lanes::sum;
/// assert_eq!(sum([&[1.0, 2.0], &[10.0, 100.0]], |[a, b]| a * b), 210.0);
/// ```
#[inline(always)]
pub fn sum<const N: usize>(slices: [&[f32]; N], f: impl Fn([f32; N]) -> f32) -> f32 {
    let parts = slices.map(|s| s.as_chunks::<LANES>());
    let mut totals = [0.0; LANES];
    for first in (0..parts[0].0.len()).step_by(RUN) {
        let mut lanes = [0.0; LANES];
        for i in first..parts[0].0.len().min(first + RUN) {
            for l in 0..LANES {
                lanes[l] += f(from_fn(|k| parts[k].0[i][l]));
            }
        }
        (0..LANES).for_each(|l| totals[l] += f64::from(lanes[l]));
    }
    let mut lanes = totals.map(|total| total as f32);
    for l in 0..parts[0].1.len() {
        lanes[l] += f(from_fn(|k| parts[k].1[l]));
    }
    lanes.iter().sum()
}

/// The largest element, or the smallest finite f32 where none is larger. NaN is passed over.
#[inline(always)]
pub fn max(slice: &[f32]) -> f32 {
    let larger = |a: f32, x: f32| if x > a { x } else { a };
    let (whole, rest) = slice.as_chunks::<LANES>();
    let mut lanes = [f32::MIN; LANES];
    for part in whole {
        for l in 0..LANES {
            lanes[l] = larger(lanes[l], part[l]);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, x);
    }
    lanes.into_iter().fold(f32::MIN, larger)
}

/// The product of two vectors.
#[inline(always)]
pub fn dot<const FMA: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for l in 0..LANES {
            lanes[l] = fma::<FMA>(a[l], b[l], lanes[l]);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane = fma::<FMA>(a, b, *lane);
    }
    lanes.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_every_length() {
        for n in [0, 1, 15, 16, 17, 100, 5000] {
            let x: Vec<f32> = (1..=n).map(|i| i as f32).collect();
            let want = (n * (n + 1) / 2) as f32;
            assert_eq!(sum([&x], |[x]| x), want);
            let halves = vec![0.5; n];
            assert_eq!([dot::<false>(&x, &halves), dot::<true>(&x, &halves)], [want / 2.0; 2]);
            assert_eq!(max(&x), if n == 0 { f32::MIN } else { n as f32 });
        }
    }

    #[test]
    fn the_largest_passes_over_what_is_no_number() {
        let mut x = [f32::NEG_INFINITY; 40];
        assert_eq!(max(&x), f32::MIN);
        x[3] = f32::NAN;
        x[37] = -2.0;
        assert_eq!(max(&x), -2.0);
    }
}
