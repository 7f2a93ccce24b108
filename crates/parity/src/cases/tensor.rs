use super::{Entry, dtypes, picked, ranked};
use crate::{Outcome, Probe};
use strata_check::oracle::{copy as moved, map as scalar, reduce as sums, zip as pairs};
use strata_check::{Tolerance, sample};
use strata_ml::device::Machine;
use strata_ml::tensor::Tensor;
use strata_ml::tensor::ops::{self, Map, Reduce, Zip};

pub(super) const CASES: &[Entry] = &[
    ("fill", fill),
    ("copy", copy),
    ("cast", dtypes::cast),
    ("map", map),
    ("zip", zip),
    ("zip_integers", picked::zip),
    ("where", picked::choose),
    ("triangle", picked::triangle),
    ("one_hot", picked::one_hot),
    ("gather", picked::gather),
    ("scatter_add", picked::scatter_add),
    ("accumulate", accumulate),
    ("reduce", reduce),
    ("argmax", argmax),
    ("cumsum", ranked::cumsum),
    ("topk", ranked::topk),
    ("multinomial", ranked::multinomial),
];

fn fill(probe: &mut Probe) -> Outcome {
    for n in [1, 255, 257, 70_000] {
        probe.device().trim();
        let got = Tensor::full(probe.device(), &[n], -1.25)?;
        probe.check("fill", &got, &vec![-1.25; n], &Tolerance::Exact)?;
    }
    dtypes::fill_halves(probe)
}

fn copy(probe: &mut Probe) -> Outcome {
    let exact = &Tolerance::Exact;
    let (data, x) = probe.normal(1, &[3, 17, 33])?;
    let wide = sample::widen(&data);
    let row = x.narrow(0, 2, 1)?;
    let views = [
        ("permuted", x.permute(&[2, 0, 1])?, moved::permute(&wide, &[3, 17, 33], &[2, 0, 1])),
        (
            "narrowed",
            x.narrow(2, 5, 20)?.select(1, 3)?,
            moved::gather(&wide, &[3, 20], &[17 * 33, 1], 3 * 33 + 5),
        ),
        (
            "broadcast",
            row.broadcast_to(&[4, 17, 33])?,
            moved::gather(&wide, &[4, 17, 33], &[0, 33, 1], 2 * 17 * 33),
        ),
        ("from the middle", row, wide[2 * 17 * 33..].to_vec()),
        ("whole", x, wide),
    ];
    for (what, view, want) in views {
        probe.device().trim();
        let Some(got) = probe.taken(ops::copy(&view))? else { continue };
        probe.check(what, &got, &want, exact)?;
    }
    // Into a view: what lies between its elements stays.
    let room = probe.tensor(&[7f32; 5 * 12], &[5, 12])?;
    let (data, source) = probe.normal(2, &[6, 5])?;
    let copied = ops::copy_into(&source.t()?, &room.slice_step(1, 1, 12, 2)?);
    if probe.taken(copied)?.is_some() {
        let mut want = vec![7.0; 60];
        for (i, x) in data.iter().enumerate() {
            want[i % 5 * 12 + 1 + i / 5 * 2] = f64::from(*x);
        }
        probe.check("into a view", &room, &want, exact)?;
    }
    // Between neighbors: they stay. Odd lengths, and more elements than one workgroup's.
    for (n, from) in [(1, 64), (2, 0), (3, 128), (255, 64), (1030, 5), (4099, 64)] {
        let room = probe.tensor(&vec![7f32; from + n + 5], &[from + n + 5])?;
        let (data, source) = probe.normal(n as u64, &[n])?;
        if probe.taken(ops::copy_into(&source, &room.narrow(0, from, n)?))?.is_some() {
            let want = [&vec![7.0; from], &sample::widen(&data)[..], &[7.0; 5]].concat();
            probe.check(&format!("{n} between neighbors"), &room, &want, exact)?;
        }
    }
    dtypes::copy_halves(probe)
}

/// What each function may be off by. The CPU's and CUDA's libraries are good to a few units in the
/// last place; WGSL promises less: <https://www.w3.org/TR/WGSL/#floating-point-accuracy>.
fn map_rule(probe: &Probe, op: Map) -> Tolerance {
    let (atol, rtol) = match op {
        Map::Affine => (1e-6, 1e-6),
        Map::Exp if probe.on(Machine::Wgpu) => (0.0, 3e-6),
        Map::Sigmoid if probe.on(Machine::Wgpu) => (0.0, 4e-6),
        Map::Log if probe.on(Machine::Wgpu) => (5e-7, 1e-6),
        Map::Sin | Map::Cos if probe.on(Machine::Wgpu) => (5e-4, 0.0),
        Map::Pow if probe.on(Machine::Wgpu) => (0.0, 1e-5),
        _ => (1e-7, 1e-6),
    };
    Tolerance::close(atol, rtol)
}

type Function = fn(f64) -> f64;
type Pairwise = fn(f64, f64) -> f64;

/// Every function with its parameters and its oracle.
const MAPS: [(Map, f32, f32, Function); 16] = [
    (Map::Affine, 1.5, -0.25, |x| 1.5 * x - 0.25),
    (Map::Exp, 0.0, 0.0, scalar::exp),
    (Map::Log, 0.0, 0.0, scalar::log),
    (Map::Sqrt, 0.0, 0.0, scalar::sqrt),
    (Map::Tanh, 0.0, 0.0, scalar::tanh),
    (Map::Relu, 0.0, 0.0, scalar::relu),
    (Map::Sigmoid, 0.0, 0.0, scalar::sigmoid),
    (Map::Abs, 0.0, 0.0, scalar::abs),
    (Map::Recip, 0.0, 0.0, scalar::recip),
    (Map::Square, 0.0, 0.0, scalar::square),
    (Map::Pow, 1.5, 0.0, |x| x.powf(1.5)),
    (Map::Sin, 0.0, 0.0, scalar::sin),
    (Map::Cos, 0.0, 0.0, scalar::cos),
    (Map::Clamp, 1.5, 2.5, |x| x.clamp(1.5, 2.5)),
    (Map::Step, 1.5, 0.0, |x| if x > 1.5 { 1.0 } else { 0.0 }),
    (Map::IsNan, 0.0, 0.0, |x| if x.is_nan() { 1.0 } else { 0.0 }),
];

fn map(probe: &mut Probe) -> Outcome {
    for (i, (op, alpha, beta, f)) in MAPS.into_iter().enumerate() {
        let positive = matches!(op, Map::Log | Map::Sqrt | Map::Pow);
        let low = if positive { 0.01 } else { -8.0 };
        let data = probe.held(sample::uniform(i as u64, 9 * 37, low, 8.0));
        let x = probe.tensor(&data, &[9, 37])?;
        let got = ops::map(op, &x.t()?, alpha, beta)?;
        let want = scalar::map(&moved::transpose(&sample::widen(&data), 9, 37), f);
        probe.check(&format!("{op:?}"), &got, &want, &map_rule(probe, op))?;
    }
    let (data, x) = probe.normal(20, &[1])?;
    let want = [f64::from(data[0]).abs()];
    probe.check("one number", &ops::map(Map::Abs, &x, 0.0, 0.0)?, &want, &Tolerance::Exact)
}

const ZIPS: [(Zip, Pairwise); 14] = [
    (Zip::Add, pairs::add),
    (Zip::Sub, pairs::sub),
    (Zip::Mul, pairs::mul),
    (Zip::Div, pairs::div),
    (Zip::Max, pairs::max),
    (Zip::Min, pairs::min),
    (Zip::Pow, pairs::pow),
    (Zip::Eq, |a, b| if a == b { 1.0 } else { 0.0 }),
    (Zip::Gt, |a, b| if a > b { 1.0 } else { 0.0 }),
    (Zip::Keep, |a, b| if b == 0.0 { 0.0 } else { a }),
    (Zip::Ne, |a, b| if a != b { 1.0 } else { 0.0 }),
    (Zip::Lt, |a, b| if a < b { 1.0 } else { 0.0 }),
    (Zip::Le, |a, b| if a <= b { 1.0 } else { 0.0 }),
    (Zip::Ge, |a, b| if a >= b { 1.0 } else { 0.0 }),
];

fn zip(probe: &mut Probe) -> Outcome {
    // Coarse numbers, so that some are equal; positive, so that powers exist.
    let draw = |seed, n| -> Vec<f32> {
        sample::uniform(seed, n, 1.0, 9.0).iter().map(|x| x.floor() / 2.0).collect()
    };
    let (left, right) = (vec![3, 1, 35], vec![11, 35]);
    let (a, b) = (draw(1, 105), draw(2, 385));
    let (x, y) = (probe.tensor(&a, &left)?, probe.tensor(&b, &right)?);
    for (op, f) in ZIPS {
        probe.device().trim();
        let want = pairs::zip(&sample::widen(&a), &left, &sample::widen(&b), &right, f);
        let rtol = if op == Zip::Pow { 1e-5 } else { 3e-7 };
        let got = ops::zip(op, &x, &y)?;
        probe.check(op.name(), &got, &want, &Tolerance::close(0.0, rtol))?;
    }
    let turned = y.t()?;
    let want: Vec<f64> =
        moved::transpose(&sample::widen(&b), 11, 35).iter().map(|x| x + x).collect();
    probe.check(
        "a view with itself",
        &ops::zip(Zip::Add, &turned, &turned)?,
        &want,
        &Tolerance::Exact,
    )
}

fn accumulate(probe: &mut Probe) -> Outcome {
    for n in [1, 257, 70_001] {
        let ((a, out), (b, x)) = (probe.normal(1, &[n])?, probe.normal(2, &[n])?);
        ops::accumulate(&out, &x, -0.5)?;
        let want: Vec<f64> =
            a.iter().zip(&b).map(|(a, b)| f64::from(*a) - 0.5 * f64::from(*b)).collect();
        probe.check("sum", &out, &want, &Tolerance::close(1e-6, 1e-6))?;
    }
    Ok(())
}

fn reduce(probe: &mut Probe) -> Outcome {
    // At either side of what the tree takes, and of where a long sum is shared by workgroups.
    let shapes: [(&[usize], &[usize]); 11] = [
        (&[4, 63], &[1]),
        (&[6, 64], &[1]),
        (&[8191], &[0]),
        (&[40_001], &[0]),
        (&[5, 7], &[1]),
        (&[3, 200], &[1]),
        (&[130, 70], &[0]),
        (&[5, 100, 40], &[1]),
        (&[40, 5, 7], &[0, 2]),
        (&[20_000], &[0]),
        (&[5, 9000], &[1]),
    ];
    for (shape, dims) in shapes {
        // Far from zero, where what a sum rounds off is large; but not so many terms that the naive
        // rung's one running sum drifts off, which is why no device is given it for these.
        let n = shape.iter().product();
        let far = if sums::terms(shape, dims) < 10_000 { 1000.0 } else { 0.0 };
        let data = sample::normal(shape[0] as u64, n);
        let data = probe.held(data.iter().map(|x| x + far).collect());
        let x = probe.tensor(&data, shape)?;
        let wide = sample::widen(&data);
        for op in [Reduce::Sum, Reduce::Max, Reduce::Min] {
            probe.device().trim();
            let Some(got) = probe.taken(ops::reduce(op, &x, dims, false, 0.5))? else { continue };
            let (want, rule) = match op {
                Reduce::Sum => {
                    let sizes = sums::sum_abs(&wide, shape, dims).iter().map(|m| m / 2.0).collect();
                    let rule = Tolerance::sum(sums::terms(shape, dims), sizes);
                    (sums::sum(&wide, shape, dims), rule)
                }
                Reduce::Max => (sums::max(&wide, shape, dims), Tolerance::Exact),
                Reduce::Min => (sums::min(&wide, shape, dims), Tolerance::Exact),
            };
            let want: Vec<f64> = want.iter().map(|x| x / 2.0).collect();
            probe.check(&format!("{op:?} of {shape:?} over {dims:?}"), &got, &want, &rule)?;
        }
    }
    Ok(())
}

fn argmax(probe: &mut Probe) -> Outcome {
    for (rows, width) in [(3, 5), (4, 63), (4, 70), (2, 1300), (300, 64), (2, 40_001)] {
        // Rounded, so that the largest number often comes twice.
        let n = rows * width;
        let data: Vec<f32> = sample::normal(n as u64, n).iter().map(|x| x.round()).collect();
        let x = probe.tensor(&data, &[rows, width])?;
        let Some(got) = probe.taken(x.argmax())? else { continue };
        let want = sums::argmax(&sample::widen(&data), &[rows, width], &[1]);
        let want: Vec<f64> = want.iter().map(|&i| i as f64).collect();
        probe.check_indices("argmax", &got, &want)?;
    }
    Ok(())
}
