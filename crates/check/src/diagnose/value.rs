//! Diagnoses from what the wrong elements hold.

use super::{Diagnosis, Evidence};
use crate::round::Precision;

/// Ops whose rows pass through an exponential that must not overflow.
const EXPONENTIAL: [&str; 5] = ["softmax", "attention", "cross", "loss", "logsumexp"];

/// Close enough to be recognised as the same number, in a tensor whose largest value is `scale`.
/// NaN is like NaN, an infinity like itself.
pub(super) fn alike(a: f64, b: f64, scale: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-4 * scale
}

/// The largest finite absolute value.
pub(super) fn scale(x: &[f64]) -> f64 {
    x.iter().map(|x| x.abs()).filter(|x| x.is_finite()).fold(0.0, f64::max)
}

/// Places where a number is wanted and NaN or an infinity came.
fn spoiled<'a>(evidence: &'a Evidence<'_>) -> impl Iterator<Item = usize> + 'a {
    let spoiled = |i: &usize| !evidence.got[*i].is_finite() && evidence.want[*i].is_finite();
    evidence.failing.iter().copied().filter(spoiled)
}

/// An op with an exponential in it gives NaN or infinity in some rows.
pub fn missing_max_subtraction(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    if !EXPONENTIAL.iter().any(|name| evidence.op.contains(name)) {
        return None;
    }
    let cols = evidence.shape.last().copied().unwrap_or(1).max(1);
    let mut rows: Vec<usize> = spoiled(evidence).map(|i| i / cols).collect();
    rows.dedup();
    Some(Diagnosis::MissingMaxSubtraction { rows: rows.len(), first: *rows.first()? })
}

/// NaN or infinity, for whatever reason.
pub fn non_finite(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let count = spoiled(evidence).count();
    (count > 0).then_some(Diagnosis::NonFinite { count })
}

/// Read as `[n, m]`, what came back is the transpose of the `[m, n]` that is wanted.
pub fn transposed(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let [.., m, n] = *evidence.shape else {
        return None;
    };
    if m < 2 || n < 2 {
        return None;
    }
    let scale = scale(evidence.want);
    let swapped = (0..evidence.want.len()).all(|at| {
        let (matrix, i, j) = (at / (m * n), at / n % m, at % n);
        alike(evidence.got[matrix * m * n + j * m + i], evidence.want[at], scale)
    });
    swapped.then_some(Diagnosis::Transposed)
}

/// Each element holds the value wanted a fixed distance away: one element, or one row.
pub fn shifted(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let len = evidence.want.len();
    let scale = scale(evidence.want);
    let cols = evidence.shape.last().copied().unwrap_or(1) as isize;
    [1, -1, cols, -cols].into_iter().find_map(|by: isize| {
        let inside = |i: usize| {
            (i as isize + by >= 0 && i as isize + by < len as isize)
                .then_some((i, (i as isize + by) as usize))
        };
        let pairs: Vec<(usize, usize)> = (0..len).filter_map(inside).collect();
        // At least four neighbours that differ, or a constant tensor would be its own shift.
        let telling = pairs
            .iter()
            .filter(|&&(i, j)| !alike(evidence.want[i], evidence.want[j], scale))
            .count();
        let moved = telling >= 4
            && pairs.iter().all(|&(i, j)| alike(evidence.got[i], evidence.want[j], scale));
        moved.then_some(Diagnosis::Shifted { by })
    })
}

/// `got / want` is the same everywhere.
pub fn forgotten_scale(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let scale = scale(evidence.want);
    let ratios: Vec<f64> = (0..evidence.want.len())
        .filter(|&i| evidence.want[i].abs() > 1e-3 * scale && evidence.want[i].is_finite())
        .map(|i| evidence.got[i] / evidence.want[i])
        .collect();
    let ratio = *ratios.first()?;
    let constant = ratio != 0.0
        && ratio.is_finite()
        && ratios.iter().all(|r| (r - ratio).abs() <= 1e-3 * ratio.abs());
    if !constant || (ratio - 1.0).abs() < 0.01 {
        return None;
    }
    let meaning = meaning(ratio, evidence.sizes);
    // One or two elements have a constant ratio by chance; then it must be one we recognise.
    (ratios.len() > 2 || meaning.is_some()).then_some(Diagnosis::ForgottenScale { ratio, meaning })
}

/// What a factor is, in terms of the lengths in the shapes.
fn meaning(ratio: f64, sizes: &[usize]) -> Option<String> {
    let is = |value: f64| (ratio - value).abs() <= 1e-3 * value.abs();
    for &size in sizes.iter().filter(|&&size| size > 1) {
        let n = size as f64;
        let names = [
            (n, format!("{size}, a length of these shapes: a sum where a mean is wanted?")),
            (
                1.0 / n,
                format!(
                    "1/{size}, one over a length of these shapes: a mean where a sum is wanted?"
                ),
            ),
            (
                n.sqrt(),
                format!(
                    "sqrt({size}), of a length of these shapes: is the division by it missing?"
                ),
            ),
            (
                1.0 / n.sqrt(),
                format!("1/sqrt({size}), of a length of these shapes: was it applied twice?"),
            ),
        ];
        if let Some((_, name)) = names.into_iter().find(|(value, _)| is(*value)) {
            return Some(name);
        }
    }
    let plain = [
        (-1.0, "-1: the sign is flipped"),
        (2.0, "2: was it added twice?"),
        (0.5, "1/2: is a half of it missing?"),
    ];
    plain.into_iter().find(|(value, _)| is(*value)).map(|(_, name)| name.to_owned())
}

/// All that is wrong is zero.
pub fn zero(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let zero =
        evidence.failing.len() > 1 && evidence.failing.iter().all(|&i| evidence.got[i] == 0.0);
    zero.then_some(Diagnosis::Zero)
}

/// Many elements are wrong by a little: as much as rounding to 8 or 11 bits costs.
pub fn low_precision(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
    let difference =
        norm(&mut evidence.got.iter().zip(evidence.want).map(|(got, want)| got - want));
    let relative = difference / norm(&mut evidence.want.iter().copied());
    let typical = (-14f64).exp2() < relative && relative < (-6f64).exp2();
    if !typical || evidence.failing.len() * 10 < evidence.got.len() {
        return None;
    }
    let format = [Precision::Bf16, Precision::F16, Precision::Tf32]
        .into_iter()
        .find(|format| evidence.got.iter().all(|&x| format.holds(x)))
        .map(Precision::name);
    Some(Diagnosis::LowPrecision { relative, format })
}

#[cfg(test)]
mod tests {
    use super::super::evidence_for_test as look;
    use super::*;

    fn ramp(n: i32) -> Vec<f64> {
        (1..=n).map(|i| f64::from(i * i) + 0.3).collect()
    }

    #[test]
    fn transposed_square_and_oblong() {
        let want = ramp(6);
        let got = crate::oracle::copy::transpose(&want, 2, 3);
        assert_eq!(look(&got, &want, &[2, 3], transposed), Some(Diagnosis::Transposed));
        assert_eq!(look(&want, &want, &[1, 6], transposed), None);
        let want = ramp(8);
        let got = crate::oracle::copy::permute(&want, &[2, 2, 2], &[0, 2, 1]);
        assert_eq!(look(&got, &want, &[2, 2, 2], transposed), Some(Diagnosis::Transposed));
        assert_eq!(look(&ramp(8), &[1.0; 8], &[2, 2, 2], transposed), None);
    }

    #[test]
    fn shifted_by_one_and_by_a_row() {
        let want = ramp(12);
        let mut got = want.clone();
        got.rotate_left(1);
        assert_eq!(look(&got, &want, &[3, 4], shifted), Some(Diagnosis::Shifted { by: 1 }));
        let mut got = want.clone();
        got.rotate_right(4);
        assert_eq!(look(&got, &want, &[3, 4], shifted), Some(Diagnosis::Shifted { by: -4 }));
        assert_eq!(look(&[1.0; 12], &[1.0; 12], &[3, 4], shifted), None);
    }

    #[test]
    fn constant_ratio() {
        let want = ramp(6);
        let by = |ratio: f64| -> Vec<f64> { want.iter().map(|x| x * ratio).collect() };
        let name = |ratio: f64| match look(&by(ratio), &want, &[2, 3], forgotten_scale) {
            Some(Diagnosis::ForgottenScale { meaning, .. }) => meaning,
            _ => panic!("no diagnosis"),
        };
        assert!(name(3.0).unwrap().contains("sum where a mean"));
        assert!(name(1.0 / 3f64.sqrt()).unwrap().contains("1/sqrt(3)"));
        assert!(name(-1.0).unwrap().contains("sign"));
        assert_eq!(name(1.7), None);
        assert_eq!(look(&[1.0], &[1.7], &[1], forgotten_scale), None);
        assert_eq!(look(&by(1.0), &want, &[2, 3], forgotten_scale), None);
    }

    #[test]
    fn overflow_in_rows() {
        let (want, got) = ([0.25; 8], [0.25, 0.25, 0.25, 0.25, f64::NAN, f64::NAN, 0.25, f64::NAN]);
        let found = look(&got, &want, &[2, 4], missing_max_subtraction);
        assert_eq!(found, Some(Diagnosis::MissingMaxSubtraction { rows: 1, first: 1 }));
        let found =
            look(&got, &want, &[2, 4], |e| missing_max_subtraction(&Evidence { op: "add", ..*e }));
        assert_eq!(found, None);
        assert_eq!(look(&got, &want, &[2, 4], non_finite), Some(Diagnosis::NonFinite { count: 3 }));
    }

    #[test]
    fn zeros() {
        assert_eq!(look(&[0.0, 2.0, 0.0], &[1.0, 2.0, 3.0], &[3], zero), Some(Diagnosis::Zero));
        assert_eq!(look(&[0.0, 2.0, 1.0], &[1.0, 2.0, 3.0], &[3], zero), None);
    }

    #[test]
    fn narrow_formats() {
        let want: Vec<f64> = crate::sample::widen(&crate::sample::normal(7, 100));
        let format = |precision: Precision| match look(
            &precision.round_all(&want),
            &want,
            &[100],
            low_precision,
        ) {
            Some(Diagnosis::LowPrecision { format, .. }) => format,
            _ => panic!("no diagnosis"),
        };
        assert_eq!(format(Precision::Bf16), Some("bf16"));
        assert_eq!(format(Precision::F16), Some("f16"));
        let doubled: Vec<f64> = want.iter().map(|x| 2.0 * x).collect();
        assert_eq!(look(&doubled, &want, &[100], low_precision), None);
        assert_eq!(look(&want, &want, &[100], low_precision), None);
    }
}
