use super::Entry;
use crate::{Outcome, Probe};
use strata_check::oracle::{matmul::Matmul, reduce as sums};
use strata_check::{Tolerance, sample};
use strata_ml::autograd::Product;
use strata_ml::matmul::{Epilogue, add_products, column_sum as add_rows, gemm_into};
use strata_ml::tensor::Tensor;

pub(super) const CASES: &[Entry] =
    &[("matmul", matmul), ("grouped_matmul", grouped), ("column_sum", column_sum)];

/// What is asked for beyond the product.
#[derive(Clone, Copy, Default)]
struct Extra {
    halve: bool,
    accumulate: bool,
    bias: bool,
    residual: bool,
    gelu: bool,
    /// Results in f32, whatever the factors are stored in: as where gradients add up.
    wide: bool,
}

const PLAIN: Extra = Extra {
    halve: false,
    accumulate: false,
    bias: false,
    residual: false,
    gelu: false,
    wide: false,
};

/// Every epilogue, with other transposes each time. Each is a kernel of its own to compile, which
/// takes a software adapter longer than to run it: four that hold everything.
const EXTRAS: [(Extra, bool, bool); 4] = [
    (PLAIN, false, false),
    (Extra { halve: true, accumulate: true, wide: true, ..PLAIN }, true, false),
    (Extra { bias: true, residual: true, ..PLAIN }, true, true),
    (Extra { bias: true, gelu: true, ..PLAIN }, false, true),
];

fn matmul(probe: &mut Probe) -> Outcome {
    for (m, n, k) in [(1, 1, 1), (17, 33, 9), (1, 70, 33), (70, 67, 65)] {
        for (extra, ta, tb) in EXTRAS {
            product(probe, 1, [m, n, k], (ta, tb), extra)?;
        }
    }
    // Rows that start at multiples of 16 bytes, which is what copy engines ask for.
    for (extra, ta, tb) in EXTRAS {
        product(probe, 1, [136, 200, 72], (ta, tb), extra)?;
    }
    product(probe, 2, [72, 264, 24], (true, true), PLAIN)?;
    // Sizes that whole tiles divide, and batches.
    product(probe, 1, [64, 128, 32], (false, false), PLAIN)?;
    product(probe, 3, [20, 12, 40], (false, true), EXTRAS[2].0)?;
    product(probe, 3, [9, 16, 5], (true, false), Extra { wide: true, ..PLAIN })
}

/// A batch of matrices, stored transposed where asked for.
fn matrices(
    probe: &Probe,
    seed: u64,
    shape: [usize; 3],
    turned: bool,
) -> Outcome<(Vec<f32>, Tensor)> {
    let [batch, rows, cols] = shape;
    let stored = if turned { [batch, cols, rows] } else { shape };
    let (data, tensor) = probe.normal(seed, &stored)?;
    Ok((data, if turned { tensor.t()? } else { tensor }))
}

fn product(
    probe: &mut Probe,
    batch: usize,
    [m, n, k]: [usize; 3],
    (ta, tb): (bool, bool),
    extra: Extra,
) -> Outcome {
    let shape = [batch, m, n];
    let (a, x) = matrices(probe, 1, [batch, m, k], ta)?;
    let (b, y) = matrices(probe, 2, [batch, k, n], tb)?;
    let (before, held) = probe.wide_normal(3, &shape)?;
    let (bias, bias_tensor) = probe.wide_normal(4, &[n])?;
    let (residual, residual_tensor) = probe.normal(5, &shape)?;
    let out = match (extra.accumulate, extra.wide) {
        (true, _) => held,
        (false, true) => probe.wide_poison(&shape)?,
        (false, false) => probe.poison(&shape)?,
    };
    let activated = probe.poison(&shape)?;
    let epilogue = Epilogue {
        alpha: if extra.halve { 0.5 } else { 1.0 },
        accumulate: extra.accumulate,
        bias: extra.bias.then_some(&bias_tensor),
        residual: extra.residual.then_some(&residual_tensor),
        activated: extra.gelu.then_some(&activated),
    };
    if probe.taken(gemm_into(&out, &x, &y, epilogue))?.is_none() {
        return Ok(());
    }
    let (bias, residual, before) =
        (sample::widen(&bias), sample::widen(&residual), sample::widen(&before));
    let oracle = Matmul {
        batch,
        trans_a: ta,
        trans_b: tb,
        alpha: if extra.halve { 0.5 } else { 1.0 },
        bias: extra.bias.then_some(&bias[..]),
        residual: extra.residual.then_some(&residual[..]),
        accumulate: extra.accumulate.then_some(&before[..]),
        ..Matmul::new(m, n, k)
    };
    let (a, b) = (sample::widen(&a), sample::widen(&b));
    let what = format!("[{m}, {k}] by [{k}, {n}], {batch} of them");
    let want = oracle.run(&a, &b);
    let rule = probe.products(Tolerance::sum(k, want.magnitudes), |seen| {
        oracle.run(&seen(&a), &seen(&b)).values
    });
    probe.check(&what, &out, &want.values, &rule)?;
    if extra.gelu {
        let oracle = Matmul { gelu: true, ..oracle };
        let want = oracle.run(&a, &b);
        let rule = probe.products(Tolerance::sum(k, want.magnitudes), |seen| {
            oracle.run(&seen(&a), &seen(&b)).values
        });
        probe.check(&format!("gelu of {what}"), &activated, &want.values, &rule)?;
    }
    Ok(())
}

/// Products of one k that add to places of one arena: whole tiles, ragged ones, a single row.
fn grouped(probe: &mut Probe) -> Outcome {
    let k = 72;
    let sizes = [(136, 200), (8, 8), (64, 392), (1, 5), (33, 16)];
    // Places of parameters begin at multiples of 64 numbers.
    let room = |(m, n): (usize, usize)| (m * n).next_multiple_of(64);
    let total = sizes.into_iter().map(room).sum();
    for some in [&sizes[..3], &sizes[..]] {
        let (before, arena) = probe.wide_normal(11, &[total])?;
        let mut want = sample::widen(&before);
        let mut most = want.iter().map(|x| x.abs()).collect::<Vec<_>>();
        let (mut products, mut at) = (Vec::new(), 0);
        for (i, &(m, n)) in some.iter().enumerate() {
            let (x, a) = probe.normal(20 + i as u64, &[k, m])?;
            let (dy, b) = probe.normal(40 + i as u64, &[k, n])?;
            let oracle = Matmul { trans_a: true, ..Matmul::new(m, n, k) };
            let sums = oracle.run(&sample::widen(&x), &sample::widen(&dy));
            for (e, (sum, size)) in sums.values.iter().zip(&sums.magnitudes).enumerate() {
                want[at + e] += sum;
                most[at + e] += size;
            }
            let into = arena.narrow(0, at, m * n)?.reshape(&[m, n])?;
            products.push(Product { into, a: a.t()?, b });
            at += room((m, n));
        }
        if probe.taken(add_products(&products))?.is_none() {
            continue;
        }
        let what = format!("{} products over {k} rows", some.len());
        probe.check(&what, &arena, &want, &Tolerance::sum(k, most))?;
    }
    Ok(())
}

fn column_sum(probe: &mut Probe) -> Outcome {
    for (rows, columns) in [(1, 1), (37, 70), (256, 3), (257, 3), (300, 5), (3, 520), (40_001, 2)] {
        let (data, x) = probe.normal(rows as u64, &[rows, columns])?;
        let wide = sample::widen(&data);
        for accumulate in [false, true] {
            let (start, held) = probe.wide_normal(7, &[columns])?;
            let out = if accumulate { held } else { probe.wide_poison(&[columns])? };
            if probe.taken(add_rows(&out, &x, accumulate))?.is_none() {
                continue;
            }
            let mut want = sums::sum(&wide, &[rows, columns], &[0]);
            let mut sizes = sums::sum_abs(&wide, &[rows, columns], &[0]);
            for (i, start) in start.iter().enumerate().filter(|_| accumulate) {
                want[i] += f64::from(*start);
                sizes[i] += f64::from(start.abs());
            }
            let what = format!("[{rows}, {columns}], accumulate {accumulate}");
            probe.check(&what, &out, &want, &Tolerance::sum(rows, sizes))?;
        }
    }
    Ok(())
}
