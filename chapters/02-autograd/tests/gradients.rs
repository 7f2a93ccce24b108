//! Every op's gradient against central differences of the op itself.
use proptest::prelude::*;
use strata_autograd::{Var, check_gradients, concat, stack};
use strata_device::testing::testing_devices;
use strata_device::{Device, random::Stream};
use strata_tensor::{Result, Tensor};

/// Numbers between 0.5 and 1.5, away from the kinks of relu and max and the poles of log and 1/x.
fn positive(device: &Device, shape: &[usize], seed: u64) -> Tensor {
    let mut stream = Stream::new(seed, 3);
    let data: Vec<f32> = (0..shape.iter().product()).map(|_| 0.5 + stream.uniform()).collect();
    Tensor::from_slice(device, &data, shape).unwrap()
}

/// A weighted sum, so that each element's gradient differs.
fn weigh(y: Var) -> Result<Var> {
    let n = y.value().numel();
    let weights: Vec<f32> = (0..n).map(|i| 1.0 + 0.3 * (i % 7) as f32).collect();
    let weights = Tensor::from_slice(y.value().device(), &weights, y.shape())?;
    y.mul(&Var::constant(weights))?.sum_all()
}

fn check(name: &str, shapes: &[&[usize]], f: impl Fn(&[Var]) -> Result<Var>) {
    for device in testing_devices() {
        let inputs: Vec<Tensor> =
            shapes.iter().enumerate().map(|(i, s)| positive(&device, s, i as u64)).collect();
        for found in check_gradients(|v| weigh(f(v)?), &inputs, 1e-2).unwrap() {
            // In f32 the differences themselves are good to about three digits.
            assert!(found.error < 1e-2, "{name} on {device:?}: {found:?}");
        }
    }
}

#[test]
fn single_element_functions() {
    check("affine", &[&[3]], |v| v[0].affine(-2.0, 0.5));
    check("exp", &[&[3]], |v| v[0].exp());
    check("log", &[&[3]], |v| v[0].log());
    check("sqrt", &[&[3]], |v| v[0].sqrt());
    check("square", &[&[3]], |v| v[0].square());
    check("tanh", &[&[3]], |v| v[0].tanh());
    check("relu", &[&[4]], |v| v[0].affine(1.0, -1.02)?.relu());
    check("sigmoid", &[&[3]], |v| v[0].sigmoid());
    check("powf", &[&[3]], |v| v[0].powf(2.5));
    check("neg", &[&[3]], |v| v[0].neg());
    check("abs", &[&[3, 5]], |v| v[0].affine(1.0, -1.02)?.abs());
    check("sin", &[&[7]], |v| v[0].affine(3.0, -2.0)?.sin());
    check("cos", &[&[7]], |v| v[0].affine(3.0, -2.0)?.cos());
    check("recip", &[&[5]], |v| v[0].recip());
    check("clamp", &[&[3, 5]], |v| v[0].clamp(0.75, 1.2));
}

#[test]
fn pairs_with_broadcasting() {
    let shapes: [&[usize]; 2] = [&[2, 3], &[3]];
    check("add", &shapes, |v| v[0].add(&v[1]));
    check("sub", &shapes, |v| v[0].sub(&v[1]));
    check("mul", &shapes, |v| v[0].mul(&v[1]));
    check("div", &shapes, |v| v[0].div(&v[1]));
    check("maximum", &[&[2, 3], &[2, 1]], |v| v[0].maximum(&v[1].affine(1.0, 0.033)?));
    check("minimum", &[&[2, 3], &[2, 1]], |v| v[0].minimum(&v[1].affine(1.0, 0.033)?));
    check("pow", &[&[2, 3], &[3]], |v| v[0].pow(&v[1].affine(2.0, -1.5)?));
    check("pow of a number", &[&[], &[5, 1]], |v| v[0].pow(&v[1]));
    check("both stretch", &[&[2, 1], &[1, 3]], |v| v[0].mul(&v[1]));
    check("a number", &[&[], &[2]], |v| v[0].div(&v[1]));
}

#[test]
fn shapes_and_reductions() {
    check("reshape", &[&[2, 3]], |v| v[0].reshape(&[3, 2]));
    check("permute", &[&[2, 3, 2]], |v| v[0].permute(&[2, 0, 1]));
    check("transpose then reshape", &[&[2, 3]], |v| v[0].transpose(0, 1)?.reshape(&[6]));
    check("narrow", &[&[4, 2]], |v| v[0].narrow(0, 1, 2));
    check("slice_step", &[&[7, 3]], |v| v[0].slice_step(0, 1, 6, 2));
    check("select", &[&[3, 5, 2]], |v| v[0].select(1, 3));
    check("squeeze", &[&[3, 1, 2]], |v| v[0].squeeze(1)?.transpose(0, 1));
    check("unsqueeze", &[&[3, 2]], |v| v[0].unsqueeze(1));
    check("contiguous", &[&[3, 5]], |v| v[0].transpose(0, 1)?.contiguous());
    check("broadcast_to", &[&[1, 3]], |v| v[0].broadcast_to(&[2, 2, 3]));
    check("sum", &[&[2, 3, 2]], |v| v[0].sum(&[0, 2], false));
    check("mean", &[&[2, 3]], |v| v[0].mean(&[1], true));
    check("max_last", &[&[2, 4]], |v| v[0].max_last());
    check("max over two", &[&[3, 2, 5]], |v| v[0].max(&[2, 0], false));
    check("max over the middle", &[&[3, 5, 2]], |v| v[0].max(&[1], true));
    check("min over two", &[&[3, 2, 5]], |v| v[0].min(&[0, 1], true));
    check("min of all", &[&[7]], |v| v[0].min(&[0], false));
    check("stack", &[&[3, 2], &[3, 2], &[3, 2]], |v| stack(&[&v[0], &v[1], &v[2]], 1));
    check("concat", &[&[2, 2], &[2, 3]], |v| concat(&[&v[0], &v[1]], 1));
}

#[test]
fn a_wrong_backward_is_caught() {
    let device = &testing_devices()[0];
    let x = positive(device, &[3], 1);
    let wrong = |v: &[Var]| {
        let out = v[0].value().square()?;
        let y = Var::from_op("wrong", out, &[&v[0]], |g, grads| grads.add(0, g.clone()));
        y.sum_all()
    };
    let found = check_gradients(wrong, &[x], 1e-2).unwrap();
    assert!(found[0].error > 0.2, "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn broadcasting_sums_back_to_each_operand(
        a in 1usize..4, b in 1usize..4, c in 1usize..4, mask in 0u8..64,
    ) {
        let device = &testing_devices()[0];
        let pick = |bit: u8, n: usize| if mask & (1 << bit) != 0 { 1 } else { n };
        let left = [pick(0, a), pick(1, b), pick(2, c)];
        let right = [pick(3, a), pick(4, b), pick(5, c)];
        let x = Var::leaf(positive(device, &left, 1));
        let y = Var::leaf(positive(device, &right, 2));
        let z = x.mul(&y).unwrap();
        let n = z.value().numel() as f32;
        z.sum_all().unwrap().backward().unwrap();
        // Sum over x of x·dx equals the sum of z, since z is linear in x; likewise y.
        let total: f32 = z.value().sum_all().unwrap().item().unwrap();
        for v in [&x, &y] {
            let g = v.grad().unwrap();
            prop_assert_eq!(g.shape(), v.shape());
            let dot: f32 = g.mul(v.value()).unwrap().sum_all().unwrap().item().unwrap();
            prop_assert!((dot - total).abs() <= 1e-4 * n, "{} against {}", dot, total);
        }
    }
}
