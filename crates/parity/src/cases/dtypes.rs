//! The half of chapter 1's cases that is about other dtypes than f32. Halves are read back as f32,
//! which holds every one of them.

use crate::{Outcome, Probe};
use strata_check::round::Precision;
use strata_check::{Tolerance, sample};
use strata_ml::tensor::ops;
use strata_ml::tensor::{DType, Tensor};

/// Numbers on which conversions part ways: ties, both signs, the ends of f16.
fn telling() -> Vec<f32> {
    let mut list =
        vec![0.0, 0.5, -0.5, 1.5, 2.5, -1.5, 0.99, -0.99, 65_504.0, -65_504.0, 3e9, -3e9];
    list.extend((-4i8..=4).map(|k| 1.0 + f32::from(k) / 256.0));
    list.extend((-4i8..=4).map(|k| -3.0 * (1.0 + f32::from(k) / 2048.0)));
    list.extend(sample::normal(1, 300).iter().map(|x| 40.0 * x));
    list
}

/// What an element becomes: integers of each other keep their bits; of floats the fractions are truncated
/// off, and what is out of range saturates.
fn cast_to(x: f64, from: DType, to: DType) -> f64 {
    let integer = |dtype| matches!(dtype, DType::I32 | DType::U32);
    match to {
        DType::I32 if integer(from) => f64::from(x as i64 as i32),
        DType::U32 if integer(from) => f64::from(x as i64 as u32),
        _ => converted(x, to),
    }
}

/// What a number becomes: fractions are truncated, what is out of range saturates.
fn converted(x: f64, to: DType) -> f64 {
    match to {
        DType::F32 => f64::from(x as f32),
        DType::BF16 => Precision::Bf16.round(x),
        DType::F16 => Precision::F16.round(x),
        DType::I32 => f64::from(x as i32),
        DType::U32 => f64::from(x as u32),
    }
}

pub(super) fn cast(probe: &mut Probe) -> Outcome {
    let data = telling();
    for from in DType::ALL {
        let x = probe.tensor(&data, &[data.len()])?.cast(from)?;
        let held: Vec<f64> = data.iter().map(|&x| converted(x.into(), from)).collect();
        for to in DType::ALL {
            probe.device().trim();
            let got = x.cast(to)?;
            let want: Vec<f64> = held.iter().map(|&x| cast_to(x, from, to)).collect();
            whole(probe, &format!("{from} to {to}"), &got, &want)?;
        }
    }
    Ok(())
}

fn whole(probe: &mut Probe, what: &str, got: &Tensor, want: &[f64]) -> Outcome {
    let exact = &Tolerance::Exact;
    match got.dtype() {
        DType::I32 => probe.compare::<i32>(what, got, want, exact),
        DType::U32 => probe.compare::<u32>(what, got, want, exact),
        _ => probe.check(what, &got.cast(DType::F32)?, want, exact),
    }
}

/// An odd number of halves: the last word is half a word.
pub(super) fn fill_halves(probe: &mut Probe) -> Outcome {
    for n in [1, 7, 513] {
        probe.device().trim();
        let got = Tensor::zeros(probe.device(), DType::BF16, &[n])?.cast(DType::F32)?;
        probe.check("zeros of bf16", &got, &vec![0.0; n], &Tolerance::Exact)?;
    }
    Ok(())
}

/// Turned, and in one piece: lengths that end with a word, and with half a word.
pub(super) fn copy_halves(probe: &mut Probe) -> Outcome {
    let data: Vec<f32> = (0..7 * 9).map(|i| i as f32).collect();
    let x = probe.tensor(&data, &[7, 9])?.cast(DType::F16)?;
    if let Some(got) = probe.taken(ops::copy(&x.t()?))? {
        let want = strata_check::oracle::copy::transpose(&sample::widen(&data), 7, 9);
        probe.check("f16, transposed", &got.cast(DType::F32)?, &want, &Tolerance::Exact)?;
    }
    for n in [1, 2, 7, 8, 9, 62] {
        let room = probe.tensor(&vec![-7f32; 128 + n + 3], &[128 + n + 3])?.cast(DType::F16)?;
        let source = x.reshape(&[7 * 9])?.narrow(0, 0, n)?;
        if probe.taken(ops::copy_into(&source, &room.narrow(0, 128, n)?))?.is_some() {
            let want = [&[-7.0; 128], &sample::widen(&data[..n])[..], &[-7.0; 3]].concat();
            let what = format!("f16, {n} between neighbors");
            probe.check(&what, &room.cast(DType::F32)?, &want, &Tolerance::Exact)?;
        }
    }
    Ok(())
}
