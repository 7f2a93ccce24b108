//! The half of chapter 1's cases that is about integers, choosing and picking.

use crate::{Outcome, Probe};
use strata_check::oracle::{choose as oracle, copy as moved, integer, pick, zip as pairs};
use strata_check::{Tolerance, sample};
use strata_ml::tensor::ops::{self, Zip};
use strata_ml::tensor::{DType, Tensor};

const EXACT: &Tolerance = &Tolerance::Exact;

/// Integers with what is special among them: zeros, ones, and the ends of the range.
fn integers(seed: u64, n: usize, signed: bool) -> Vec<i64> {
    const SPECIAL: [i64; 8] = [0, 1, -1, 2, -7, i32::MIN as i64, i32::MAX as i64, 1 << 20];
    let draw = sample::tokens(seed, n, 1 << 30);
    let each = |(i, &x): (usize, &i32)| match (i + seed as usize) % 3 {
        0 => SPECIAL[x as usize % SPECIAL.len()],
        1 => i64::from(x % 20 - 10),
        _ => i64::from(x) - (1 << 29),
    };
    draw.iter().enumerate().map(|x| integer::wrap(each(x).into(), signed)).collect()
}

fn tensor(probe: &Probe, data: &[i64], shape: &[usize], signed: bool) -> Outcome<Tensor> {
    match signed {
        true => probe.tensor(&data.iter().map(|&x| x as i32).collect::<Vec<_>>(), shape),
        false => probe.tensor(&data.iter().map(|&x| x as u32).collect::<Vec<_>>(), shape),
    }
}

fn whole(probe: &mut Probe, what: &str, got: &Tensor, want: &[f64]) -> Outcome {
    match got.dtype() {
        DType::I32 => probe.compare::<i32>(what, got, want, EXACT),
        DType::U32 => probe.compare::<u32>(what, got, want, EXACT),
        _ => probe.check(what, got, want, EXACT),
    }
}

type Function = fn(i64, i64, bool) -> i64;

const ZIPS: [(Zip, Function); 14] = [
    (Zip::Add, integer::add),
    (Zip::Sub, integer::sub),
    (Zip::Mul, integer::mul),
    (Zip::Div, integer::div),
    (Zip::Max, |a, b, _| a.max(b)),
    (Zip::Min, |a, b, _| a.min(b)),
    (Zip::Eq, |a, b, _| i64::from(a == b)),
    (Zip::Gt, |a, b, _| i64::from(a > b)),
    (Zip::Keep, |a, b, _| if b == 0 { 0 } else { a }),
    (Zip::Ne, |a, b, _| i64::from(a != b)),
    (Zip::Lt, |a, b, _| i64::from(a < b)),
    (Zip::Le, |a, b, _| i64::from(a <= b)),
    (Zip::Ge, |a, b, _| i64::from(a >= b)),
    (Zip::Rem, integer::rem),
];

pub(super) fn zip(probe: &mut Probe) -> Outcome {
    let (left, right) = ([3, 1, 35], [11, 35]);
    for signed in [false, true] {
        let (a, b) = (integers(1, 105, signed), integers(2, 385, signed));
        let x = tensor(probe, &a, &left, signed)?;
        let y = tensor(probe, &b, &right, signed)?;
        let wide = |data: &[i64]| data.iter().map(|&x| x as f64).collect::<Vec<_>>();
        for (op, f) in ZIPS {
            probe.device().trim();
            let f = |a: f64, b: f64| f(a as i64, b as i64, signed) as f64;
            let want = pairs::zip(&wide(&a), &left, &wide(&b), &right, f);
            let got = ops::zip(op, &x, &y)?;
            whole(probe, &format!("{} of {}", op.name(), x.dtype()), &got, &want)?;
        }
        let turned = y.t()?;
        let twice = |&x: &f64| integer::add(x as i64, x as i64, signed) as f64;
        let want: Vec<f64> = moved::transpose(&wide(&b), 11, 35).iter().map(twice).collect();
        whole(probe, "a view with itself", &ops::zip(Zip::Add, &turned, &turned)?, &want)?;
    }
    Ok(())
}

pub(super) fn choose(probe: &mut Probe) -> Outcome {
    let (data, a) = probe.normal(1, &[5, 1, 37])?;
    let (other, b) = probe.normal(2, &[4, 1])?;
    let (data, other) = (sample::widen(&data), sample::widen(&other));
    let draw: Vec<f32> = sample::normal(3, 5 * 4 * 37).iter().map(|x| x.round()).collect();
    let wide = sample::widen(&draw);
    let cond = probe.tensor(&draw, &[5, 4, 37])?;
    let want = oracle::choose((&wide, &[5, 4, 37]), (&data, &[5, 1, 37]), (&other, &[4, 1]));
    for (what, cond) in [("f32", cond.clone()), ("i32", cond.cast(DType::I32)?)] {
        probe.device().trim();
        let got = cond.choose(&a, &b)?;
        probe.check(&format!("a condition of {what}"), &got, &want, EXACT)?;
    }
    // The condition stretches, and a side is a view.
    let row = cond.narrow(0, 0, 1)?.select(1, 2)?;
    let (x, whole) = probe.normal(4, &[37, 300])?;
    let turned = moved::transpose(&sample::widen(&x), 37, 300);
    let flags = &wide[2 * 37..3 * 37];
    let want = oracle::choose((flags, &[1, 37]), (&turned, &[300, 37]), (&[0.5], &[]));
    let half = probe.tensor(&[0.5f32], &[])?;
    probe.check("a row decides", &row.choose(&whole.t()?, &half)?, &want, EXACT)
}

pub(super) fn triangle(probe: &mut Probe) -> Outcome {
    for shape in [&[1, 1][..], &[7, 5], &[2, 3, 5, 9], &[33, 70], &[1, 300]] {
        let (data, x) = probe.normal(shape.len() as u64, shape)?;
        let data = sample::widen(&data);
        for diagonal in [0, 1, -2, 6, -40] {
            probe.device().trim();
            let what = format!("{shape:?}, diagonal {diagonal}");
            let at = diagonal as i64;
            probe.check(&what, &x.tril(diagonal)?, &oracle::tril(&data, shape, at), EXACT)?;
            probe.check(&what, &x.triu(diagonal)?, &oracle::triu(&data, shape, at), EXACT)?;
        }
    }
    let (data, x) = probe.normal(9, &[6, 4, 5])?;
    let turned = moved::permute(&sample::widen(&data), &[6, 4, 5], &[1, 0, 2]);
    let got = x.transpose(0, 1)?.tril(0)?;
    probe.check("transposed", &got, &oracle::tril(&turned, &[4, 6, 5], 0), EXACT)
}

pub(super) fn one_hot(probe: &mut Probe) -> Outcome {
    for (n, classes) in [(1, 1), (5, 3), (257, 7), (3, 1000)] {
        let ids: Vec<i64> =
            sample::tokens(n as u64, n, classes).iter().map(|&i| i.into()).collect();
        for signed in [false, true] {
            let got = tensor(probe, &ids, &[n], signed)?.one_hot(classes as usize)?;
            let want = oracle::one_hot(&ids, classes as usize);
            probe.check(&format!("{n} ids, {classes} classes"), &got, &want, EXACT)?;
        }
    }
    Ok(())
}

/// A tensor's shape, a dimension, the index's shape.
type Picked = (&'static [usize], usize, &'static [usize]);

const PICKED: [Picked; 7] = [
    (&[1], 0, &[1]),
    (&[5], 0, &[700]),
    (&[4, 7], 1, &[4, 3]),
    (&[4, 7], 0, &[9, 5]),
    (&[3, 5, 33], 1, &[2, 300, 33]),
    (&[2, 3, 4, 5], 3, &[2, 3, 2, 70]),
    (&[600, 3], 1, &[600, 1]),
];

fn index(
    probe: &Probe,
    seed: u64,
    (shape, d, index): Picked,
    signed: bool,
) -> Outcome<(Vec<i64>, Tensor)> {
    let n = index.iter().product();
    let ids: Vec<i64> =
        sample::tokens(seed, n, shape[d] as u32).iter().map(|&i| i.into()).collect();
    let tensor = tensor(probe, &ids, index, signed)?;
    Ok((ids, tensor))
}

pub(super) fn gather(probe: &mut Probe) -> Outcome {
    for picked in PICKED {
        let (shape, d, of) = picked;
        for signed in [false, true] {
            let (ids, at) = index(probe, 1, picked, signed)?;
            let (data, x) = probe.normal(2, shape)?;
            let want = pick::gather(&sample::widen(&data), shape, d, &ids, of, f64::NAN);
            probe.check(&format!("{picked:?}"), &x.gather(d, &at)?, &want, EXACT)?;
        }
        // Views on both sides.
        let back: Vec<usize> = (0..shape.len()).rev().collect();
        let (ids, at) = index(probe, 3, picked, false)?;
        let (data, x) = probe.normal(4, shape)?;
        let want = pick::gather(&sample::widen(&data), shape, d, &ids, of, f64::NAN);
        let want = moved::permute(&want, of, &back);
        let got = x.permute(&back)?.gather(shape.len() - 1 - d, &at.permute(&back)?)?;
        probe.check(&format!("{picked:?}, turned"), &got, &want, EXACT)?;
    }
    // Integers, and places that are not there.
    let x = probe.tensor(&[7i32, -8, i32::MIN], &[3])?;
    let at = probe.tensor(&[2i32, -1, 0, 3, i32::MAX, i32::MIN, 1], &[7])?;
    let want = [f64::from(i32::MIN), -1.0, 7.0, -1.0, -1.0, -1.0, -8.0];
    probe.compare::<i32>("integers", &x.gather(0, &at)?, &want, EXACT)
}

/// Long columns, few and many, into short ones and long ones.
const LONG: [Picked; 6] = [
    (&[1], 0, &[3000]),
    (&[50], 0, &[20_001]),
    (&[4000], 0, &[4000]),
    (&[70, 3], 0, &[5000, 3]),
    (&[2, 9, 5], 1, &[2, 1000, 3]),
    (&[2, 3], 1, &[2, 70_001]),
];

pub(super) fn scatter_add(probe: &mut Probe) -> Outcome {
    for (i, picked) in PICKED.into_iter().chain(LONG).enumerate() {
        let (shape, d, of) = picked;
        let (ids, at) = index(probe, i as u64, picked, i % 2 == 0)?;
        let (data, x) = probe.normal(2, shape)?;
        // Longer than the index, and turned: the source may be a view.
        let longer: Vec<usize> = of.iter().map(|n| n + 1).collect();
        let back: Vec<usize> = (0..of.len()).rev().collect();
        let (add, src) = probe.normal(3, &longer)?;
        let src = src.permute(&back)?.contiguous()?.permute(&back)?;
        let Some(got) = probe.taken(x.scatter_add(d, &at, &src))? else { continue };
        let (data, add) = (sample::widen(&data), sample::widen(&add));
        let sizes = |x: &[f64]| x.iter().map(|x| x.abs()).collect::<Vec<_>>();
        let want = pick::scatter_add(&data, shape, d, &ids, of, &add, &longer);
        let sizes = pick::scatter_add(&sizes(&data), shape, d, &ids, of, &sizes(&add), &longer);
        let rule = Tolerance::sum(of[d] + 1, sizes);
        probe.check(&format!("{picked:?}"), &got, &want, &rule)?;
    }
    Ok(())
}
