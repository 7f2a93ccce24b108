//! Every rung of `matmul` on every device against float64 loops.
mod common;

use common::{devices, rungs};
use proptest::prelude::*;
use strata_check::{Check, Tolerance, oracle::matmul::Matmul, sample};
use strata_device::{Device, Machine, Settings};
use strata_matmul::{Epilogue, gemm_into, matmul};
use strata_shapes as shapes;
use strata_tensor::{Result, Tensor};

/// What a case asks for beyond the product.
#[derive(Clone, Copy, Default, Debug)]
struct Extra {
    alpha: f32,
    accumulate: bool,
    bias: bool,
    residual: bool,
    gelu: bool,
}

fn wide(t: &Tensor) -> Vec<f64> {
    sample::widen(&t.to_vec::<f32>().expect("a read"))
}

/// Multiplies on this device and compares with the oracle.
fn check(
    rung: &str,
    a: &Tensor,
    b: &Tensor,
    extra: Extra,
) -> Result<(), Box<dyn std::error::Error>> {
    let (ra, rb) = (a.rank(), b.rank());
    let (m, k, n) = (a.shape()[ra - 2], a.shape()[ra - 1], b.shape()[rb - 1]);
    let batch =
        strata_tensor::broadcast_shapes("test", &a.shape()[..ra - 2], &b.shape()[..rb - 2])?;
    let whole = |t: &Tensor| t.broadcast_to(&[&batch[..], &t.shape()[t.rank() - 2..]].concat());
    let shape = [&batch[..], &[m, n]].concat();
    let count: usize = shape.iter().product();
    let device = a.device();
    let before = sample::normal(11, count);
    let (bias, residual) = (sample::normal(12, n), sample::normal(13, count));
    let out = match extra.accumulate {
        true => Tensor::from_slice(device, &before, &shape)?,
        false => Tensor::full(device, &shape, f32::NAN)?,
    };
    let activated = Tensor::full(device, &shape, f32::NAN)?;
    let bias_tensor = Tensor::from_slice(device, &bias, &[n])?;
    let residual_tensor = Tensor::from_slice(device, &residual, &shape)?;
    let epilogue = Epilogue {
        alpha: extra.alpha,
        accumulate: extra.accumulate,
        bias: extra.bias.then_some(&bias_tensor),
        residual: extra.residual.then_some(&residual_tensor),
        activated: extra.gelu.then_some(&activated),
    };
    gemm_into(&out, a, b, epilogue)?;
    let (bias, residual, before) =
        (sample::widen(&bias), sample::widen(&residual), sample::widen(&before));
    let oracle = Matmul {
        batch: batch.iter().product(),
        alpha: f64::from(extra.alpha),
        bias: extra.bias.then_some(&bias[..]),
        residual: extra.residual.then_some(&residual[..]),
        accumulate: extra.accumulate.then_some(&before[..]),
        ..Matmul::new(m, n, k)
    };
    let (a64, b64) = (wide(&whole(a)?), wide(&whole(b)?));
    let compare = |oracle: &Matmul, got: &Tensor| -> Result<(), Box<dyn std::error::Error>> {
        let want = oracle.run(&a64, &b64);
        Check::new("matmul", rung)
            .device(device.info().label())
            .input("a", a.shape())
            .input("b", b.shape())
            .output("c", &shape)
            .page("book/src/03-matmul.md")
            .compare(&got.to_vec::<f32>()?, &want.values, &Tolerance::sum(k, want.magnitudes))?;
        Ok(())
    };
    compare(&oracle, &out)?;
    if extra.gelu {
        compare(&Matmul { gelu: true, ..oracle }, &activated)?;
    }
    Ok(())
}

/// A matrix, stored transposed where asked for.
fn matrix(device: &Device, seed: u64, shape: &[usize], transposed: bool) -> Tensor {
    let r = shape.len();
    let mut stored = shape.to_vec();
    if transposed {
        stored.swap(r - 2, r - 1);
    }
    let data = sample::normal(seed, stored.iter().product());
    let t = Tensor::from_slice(device, &data, &stored).expect("a tensor");
    if transposed { t.t().expect("two dimensions") } else { t }
}

const PLAIN: Extra =
    Extra { alpha: 1.0, accumulate: false, bias: false, residual: false, gelu: false };

const EXTRAS: [Extra; 6] = [
    PLAIN,
    Extra { alpha: -0.5, accumulate: true, ..PLAIN },
    Extra { bias: true, ..PLAIN },
    Extra { bias: true, residual: true, ..PLAIN },
    Extra { bias: true, gelu: true, ..PLAIN },
    Extra { bias: true, residual: true, accumulate: true, ..PLAIN },
];

#[test]
fn every_rung_transpose_and_epilogue() {
    for device in devices() {
        for (rung, device) in rungs(device, "matmul") {
            for (m, n, k) in [(1, 1, 1), (17, 33, 9), (70, 67, 65), (5, 130, 40), (1, 70, 33)] {
                let case = |ta, tb, extra| {
                    let a = matrix(&device, 1, &[m, k], ta);
                    let b = matrix(&device, 2, &[k, n], tb);
                    check(rung, &a, &b, extra).unwrap();
                };
                for (ta, tb) in [(false, true), (true, false), (true, true)] {
                    case(ta, tb, PLAIN);
                }
                EXTRAS.into_iter().for_each(|extra| case(false, false, extra));
            }
        }
    }
}

#[test]
fn long_sums_are_split_and_many_products_take_large_tiles() {
    let gelu = Extra { bias: true, gelu: true, ..PLAIN };
    let all = Extra { bias: true, residual: true, accumulate: true, ..PLAIN };
    for device in devices() {
        for (rung, device) in rungs(device, "matmul") {
            // Parts of k of unequal length, on tiles that stick out.
            for (extra, transposed) in [(PLAIN, true), (gelu, false), (all, false)] {
                let a = matrix(&device, 1, &[2, 33, 500], transposed);
                check(rung, &a, &matrix(&device, 2, &[2, 500, 17], transposed), extra).unwrap();
            }
            // Enough tiles of 128 x 128 to fill a card, though nearly empty ones.
            for (ta, tb) in [(false, true), (true, false)] {
                let a = matrix(&device, 3, &[64, 130, 9], ta);
                let b = matrix(&device, 4, &[64, 9, 130], tb);
                check(rung, &a, &b, PLAIN).unwrap();
            }
        }
    }
}

#[test]
fn blocks_of_k_and_slabs() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    // More than one block of k, of rows and of columns.
    for (m, n, k) in [(30, 40, 1000), (2100, 9, 3), (13, 4200, 2), (6, 9, 800)] {
        for (ta, tb) in [(false, false), (true, true)] {
            let a = matrix(&device, 3, &[m, k], ta);
            let b = matrix(&device, 4, &[k, n], tb);
            check("2_threaded", &a, &b, Extra { bias: true, accumulate: true, ..PLAIN }).unwrap();
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let bits = |threads: usize, (m, n, k): (usize, usize, usize)| -> Vec<u32> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let device = Device::open("cpu", Settings::default()).unwrap();
            let a = matrix(&device, 1, &[m, k], true);
            let b = matrix(&device, 2, &[k, n], false);
            let c = matmul(&a, &b).unwrap().to_vec::<f32>().unwrap();
            c.into_iter().map(f32::to_bits).collect()
        })
    };
    for shape in [(100, 300, 500), (3, 700, 90), (400, 20, 385)] {
        let one = bits(1, shape);
        for threads in [2, 3, 8] {
            assert!(one == bits(threads, shape), "{threads} threads, {shape:?}");
        }
    }
}

#[test]
fn batches_broadcast_and_fold() {
    for device in devices() {
        for (rung, device) in rungs(device, "matmul") {
            let pairs: [(&[usize], &[usize]); 7] = [
                (&[3, 5, 7], &[7, 4]),
                (&[3, 5, 7], &[3, 7, 4]),
                (&[2, 3, 5, 7], &[2, 3, 7, 4]),
                (&[2, 1, 5, 7], &[1, 3, 7, 4]),
                (&[5, 7], &[2, 7, 4]),
                (&[2, 1, 2, 5, 3], &[1, 2, 1, 3, 4]),
                (&[9, 1, 40], &[9, 40, 3]),
            ];
            for (sa, sb) in pairs {
                for (ta, tb) in [(false, false), (true, false), (false, true)] {
                    let a = matrix(&device, 5, sa, ta);
                    let b = matrix(&device, 6, sb, tb);
                    check(rung, &a, &b, Extra { residual: true, ..PLAIN }).unwrap();
                }
            }
            // Heads as attention sees them: [B, T, H, D] shown as [B, H, T, D].
            let heads = |seed| matrix(&device, seed, &[2, 6, 3, 4], false).transpose(1, 2).unwrap();
            check(rung, &heads(7), &heads(8).t().unwrap(), PLAIN).unwrap();
            // Neither stride is 1: copied.
            let odd = matrix(&device, 9, &[8, 12], false).slice_step(1, 0, 12, 2).unwrap();
            check(rung, &odd, &odd.t().unwrap(), PLAIN).unwrap();
        }
    }
}

#[test]
fn writes_into_views_only_where_asked() {
    for device in devices() {
        for (rung, device) in rungs(device, "matmul") {
            let whole = Tensor::full(&device, &[2, 5, 3, 4], 7.0).unwrap();
            // The result [B, H, T, D] lands in memory of [B, T, H, D]; head 1 is left alone.
            let out = whole.transpose(1, 2).unwrap().slice_step(1, 0, 3, 2).unwrap();
            let a = matrix(&device, 1, &[2, 2, 5, 6], false);
            let b = matrix(&device, 2, &[2, 2, 6, 4], false);
            gemm_into(&out, &a, &b, Epilogue::default()).unwrap();
            let want = matmul(&a, &b).unwrap();
            assert_eq!(wide(&out), wide(&want), "{rung} on {device:?}");
            let rest = whole.narrow(2, 1, 1).unwrap();
            assert!(rest.to_vec::<f32>().unwrap().iter().all(|&x| x == 7.0), "{rung}");
        }
    }
}

#[test]
fn nothing_to_add_up_is_zero() {
    for device in devices() {
        for (rung, device) in rungs(device, "matmul") {
            let a = matrix(&device, 1, &[20, 0], false);
            let b = matrix(&device, 2, &[0, 30], false);
            check(rung, &a, &b, Extra { bias: true, ..PLAIN }).unwrap();
            assert_eq!(matmul(&b.t().unwrap(), &a.t().unwrap()).unwrap().shape(), [30, 20]);
            let none = matrix(&device, 1, &[0, 4], false);
            assert_eq!(matmul(&none, &matrix(&device, 2, &[4, 3], false)).unwrap().numel(), 0);
        }
    }
}

#[test]
fn sums_too_long_for_one_loop_are_refused_or_right() {
    for device in devices() {
        for (rung, device) in rungs(device, "matmul") {
            let a = matrix(&device, 1, &[2, 66_000], false);
            let b = matrix(&device, 2, &[66_000, 3], false);
            match matmul(&a, &b) {
                // Software adapters end loops early: rungs that would need longer ones say no.
                Err(error) if device.info().caps.software => {
                    assert!(["1_naive", "2_coalesced"].contains(&rung), "{rung}: {error}");
                    assert!(error.to_string().contains("does not take"), "{error}");
                }
                _ => check(rung, &a, &b, PLAIN).unwrap(),
            }
        }
    }
}

#[test]
fn errors_name_the_op_and_the_shapes() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let zeros = |shape: &[usize]| Tensor::full(&device, shape, 0.0).unwrap();
    let message = |r: Result<Tensor>| r.unwrap_err().to_string();
    let wrong = message(matmul(&zeros(&[2, 3]), &zeros(&[4, 5])));
    assert!(wrong.contains("matmul") && wrong.contains("[2, 3], [4, 5]"), "{wrong}");
    let wrong = message(matmul(&zeros(&[2, 2, 3]), &zeros(&[3, 3, 5])));
    assert!(wrong.contains("broadcast"), "{wrong}");
    let wrong = message(matmul(&zeros(&[3]), &zeros(&[3, 5])));
    assert!(wrong.contains("two dimensions"), "{wrong}");
    let huge = zeros(&[1, 1]).broadcast_to(&[70_000, 1]).unwrap();
    let wrong = message(matmul(&huge, &huge.t().unwrap()));
    assert!(wrong.contains("more elements"), "{wrong}");
    let (a, b) = (zeros(&[2, 3]), zeros(&[3, 5]));
    let into = |out: &Tensor, e: Epilogue| gemm_into(out, &a, &b, e).unwrap_err().to_string();
    assert!(into(&zeros(&[2, 4]), Epilogue::default()).contains("[2, 5], [2, 4]"));
    let repeated = zeros(&[1, 5]).broadcast_to(&[2, 5]).unwrap();
    assert!(into(&repeated, Epilogue::default()).contains("repeat"));
    let bias = zeros(&[4]);
    let wrong = into(&zeros(&[2, 5]), Epilogue { bias: Some(&bias), ..Epilogue::default() });
    assert!(wrong.contains("bias"), "{wrong}");
    let (out, other) = (zeros(&[2, 5]), zeros(&[2, 5]));
    let both = Epilogue { activated: Some(&other), residual: Some(&other), ..Epilogue::default() };
    assert!(into(&out, both).contains("GELU"));
    let square = zeros(&[3, 3]);
    assert!(gemm_into(&square, &square, &zeros(&[3, 3]), Epilogue::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ragged_shapes(p in shapes::matmul(100), extra in prop::sample::select(EXTRAS.to_vec())) {
        for device in devices() {
            // A software adapter is slow: it gets small shapes only.
            if device.machine() != Machine::Cpu && p.m * p.n * p.k * p.batch > 100_000 {
                continue;
            }
            for (rung, device) in rungs(device, "matmul") {
                let a = matrix(&device, 1, &[p.batch, p.m, p.k], p.trans_a);
                let b = matrix(&device, 2, &[p.batch, p.k, p.n], p.trans_b);
                check(rung, &a, &b, extra).unwrap();
            }
        }
    }
}
