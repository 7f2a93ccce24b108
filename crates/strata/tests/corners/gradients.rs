//! Gradients at the edges: powers at 0, the norm of nothing, and what a comparison left out.
use super::{INF, NAN, vector};
use strata_ml::autograd::Var;
use strata_ml::device::Device;
use strata_ml::device::testing::testing_devices;
use strata_ml::tensor::Result;

fn slope(device: &Device, x: &[f32], seed: f32, f: impl Fn(&Var) -> Result<Var>) -> Vec<f32> {
    let leaf = Var::leaf(vector(device, x));
    let y = f(&leaf).unwrap();
    let seed = strata_ml::tensor::Tensor::full(device, y.shape(), seed).unwrap();
    y.backward_with(seed).unwrap();
    leaf.grad().unwrap().to_vec().unwrap()
}

fn check(device: &Device, what: &str, got: &[f32], want: &[f32]) {
    for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
        let near = (got - want).abs() <= 1e-3 * want.abs();
        assert!(
            got == want || near || (got.is_nan() && want.is_nan()),
            "{device:?} {what}: {got} at {i}, not {want}"
        );
    }
}

#[test]
fn slopes_of_powers_at_zero_and_below() {
    for device in testing_devices() {
        let x = [0.0, -0.0, 2.0, -2.0, INF, NAN];
        let of = |e: f32| slope(&device, &x, 1.0, move |x| x.powf(e));
        check(&device, "x^0", &of(0.0), &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        check(&device, "x^1", &of(1.0), &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        check(&device, "x^2", &of(2.0), &[0.0, 0.0, 4.0, -4.0, INF, NAN]);
        check(&device, "x^3", &of(3.0), &[0.0, 0.0, 12.0, 12.0, INF, NAN]);
        check(&device, "x^-1", &of(-1.0), &[-INF, -INF, -0.25, -0.25, 0.0, NAN]);
        check(&device, "x^0.5", &of(0.5), &[INF, INF, 0.353_553, NAN, 0.0, NAN]);
    }
}

#[test]
fn slopes_of_a_power_of_two_variables() {
    for device in testing_devices() {
        let base = [0.0, 0.0, 0.0, 2.0, 2.0, -2.0];
        let exponent = [0.0, 1.0, 2.0, 3.0, 0.0, 2.0];
        let by_base =
            slope(&device, &base, 1.0, |x| x.pow(&Var::constant(vector(&device, &exponent))));
        check(&device, "by the base", &by_base, &[0.0, 1.0, 0.0, 12.0, 0.0, -4.0]);
        let by_exponent =
            slope(&device, &exponent, 1.0, |y| Var::constant(vector(&device, &base)).pow(y));
        let ln2 = std::f32::consts::LN_2;
        check(&device, "by the exponent", &by_exponent, &[0.0, 0.0, 0.0, 8.0 * ln2, ln2, NAN]);
    }
}

#[test]
fn the_norm_of_zeros_has_no_slope() {
    for device in testing_devices() {
        let norm = |x: &Var| x.norm(&[0], false);
        check(&device, "of zeros", &slope(&device, &[0.0; 3], 1.0, norm), &[0.0; 3]);
        check(
            &device,
            "of zeros, under infinity",
            &slope(&device, &[0.0; 3], INF, norm),
            &[0.0; 3],
        );
        check(
            &device,
            "of 3 and 4",
            &slope(&device, &[3.0, 4.0, 0.0], 2.0, norm),
            &[1.2, 1.6, 0.0],
        );
        check(&device, "of NaN", &slope(&device, &[3.0, NAN, 0.0], 1.0, norm), &[NAN; 3]);
        let rows = strata_ml::tensor::Tensor::from_slice(&device, &[0f32, 0.0, 3.0, 4.0], &[2, 2])
            .unwrap();
        let leaf = Var::leaf(rows);
        let y = leaf.norm(&[1], true).unwrap();
        check(&device, "by rows", &y.value().to_vec::<f32>().unwrap(), &[0.0, 5.0]);
        y.sum_all().unwrap().backward().unwrap();
        check(
            &device,
            "by rows",
            &leaf.grad().unwrap().to_vec::<f32>().unwrap(),
            &[0.0, 0.0, 0.6, 0.8],
        );
    }
}

#[test]
fn the_slope_of_a_quotient_by_a_small_number() {
    for device in testing_devices() {
        let x = || Var::constant(vector(&device, &[1e-25, 1.0, 1e25]));
        let got = slope(&device, &[1e-25, 2.0, 1e25], 1.0, |y| x().div(y));
        check(&device, "1/y", &got, &[-1e25, -0.25, -1e-25]);
    }
}

/// What a comparison leaves out gets 0, not 0 times what comes from above.
#[test]
fn what_is_cut_off_gets_nothing() {
    for device in testing_devices() {
        let x = [-1.0, 2.0, 5.0];
        for seed in [INF, NAN, 1.0] {
            let other = || Var::constant(vector(&device, &[0.0, 3.0, 3.0]));
            let of = |f: &dyn Fn(&Var) -> Result<Var>| slope(&device, &x, seed, f);
            check(&device, "relu", &of(&|x| x.relu()), &[0.0, seed, seed]);
            check(&device, "clamp", &of(&|x| x.clamp(0.0, 3.0)), &[0.0, seed, 0.0]);
            check(&device, "maximum", &of(&|x| x.maximum(&other())), &[0.0, 0.0, seed]);
            check(&device, "minimum", &of(&|x| x.minimum(&other())), &[seed, seed, 0.0]);
            check(&device, "max", &of(&|x| x.max(&[0], false)), &[0.0, 0.0, seed]);
            check(&device, "min", &of(&|x| x.min(&[0], false)), &[seed, 0.0, 0.0]);
        }
        check(
            &device,
            "max of NaN",
            &slope(&device, &[1.0, NAN], 1.0, |x| x.max(&[0], false)),
            &[0.0, 1.0],
        );
    }
}
