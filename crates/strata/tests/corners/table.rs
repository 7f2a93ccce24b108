//! The table of special values: every function of one element and of two.
use super::{INF, NAN, TINY, flush, same, vector};
use strata_ml::device::testing::testing_devices;
use strata_ml::device::{Device, Machine};
use strata_ml::gelu::{gelu_backward, gelu_forward};
use strata_ml::tensor::ops::{Map, Zip, map, zip};

/// What is special, and a few that are not.
pub const VALUES: [f32; 28] = [
    0.0,
    -0.0,
    INF,
    -INF,
    NAN,
    TINY,
    -TINY,
    1e-45,
    -1e-45,
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -2.0,
    3.0,
    -3.0,
    2.5,
    -2.5,
    1e10,
    -1e10,
    1e-10,
    -1e-10,
    88.5,
];

/// A function in float64, rounded once.
type Single = fn(f64, f64, f64) -> f64;

fn maps() -> Vec<(Map, f32, f32, Single, f32)> {
    let mut list: Vec<(Map, f32, f32, Single, f32)> = vec![
        (Map::Affine, 2.0, 1.0, |x, a, b| a * x + b, 1e-6),
        (Map::Affine, -1.0, -0.0, |x, _, _| -x, 0.0),
        (Map::Affine, 0.0, 1.0, |x, a, b| a * x + b, 1e-6),
        (Map::Exp, 0.0, 0.0, |x, _, _| x.exp(), 3e-5),
        (Map::Log, 0.0, 0.0, |x, _, _| x.ln(), 1e-6),
        (Map::Sqrt, 0.0, 0.0, |x, _, _| x.sqrt(), 1e-6),
        (Map::Tanh, 0.0, 0.0, |x, _, _| x.tanh(), 1e-6),
        (Map::Relu, 0.0, 0.0, |x, _, _| if x < 0.0 { 0.0 } else { x }, 0.0),
        (Map::Sigmoid, 0.0, 0.0, |x, _, _| 1.0 / (1.0 + (-x).exp()), 3e-5),
        (Map::Abs, 0.0, 0.0, |x, _, _| x.abs(), 0.0),
        (Map::Recip, 0.0, 0.0, |x, _, _| 1.0 / x, 1e-6),
        (Map::Square, 0.0, 0.0, |x, _, _| x * x, 1e-6),
        (Map::Sin, 0.0, 0.0, |x, _, _| x.sin(), 2e-3),
        (Map::Cos, 0.0, 0.0, |x, _, _| x.cos(), 2e-3),
        (Map::IsNan, 0.0, 0.0, |x, _, _| f64::from(u8::from(x.is_nan())), 0.0),
    ];
    for (low, high) in
        [(-1.0, 1.0), (-INF, INF), (0.0, 0.0), (-INF, -2.0), (f32::MIN, f32::MAX), (INF, INF)]
    {
        let held: Single = |x, low, high| {
            if x < low {
                low
            } else if x > high {
                high
            } else {
                x
            }
        };
        list.push((Map::Clamp, low, high, held, 0.0));
    }
    for threshold in [0.0, INF, -INF, NAN, f32::MAX, 1.0] {
        list.push((Map::Step, threshold, 0.0, |x, t, _| if x > t { 1.0 } else { 0.0 }, 0.0));
    }
    for exponent in VALUES {
        list.push((Map::Pow, exponent, 0.0, |x, e, _| x.powf(e), 3e-4));
    }
    list
}

fn zips() -> [(Zip, fn(f64, f64) -> f64, f32); 14] {
    [
        (Zip::Add, |x, y| x + y, 1e-6),
        (Zip::Sub, |x, y| x - y, 1e-6),
        (Zip::Mul, |x, y| x * y, 1e-6),
        (Zip::Div, |x, y| x / y, 1e-6),
        (Zip::Max, |x, y| if x > y || x.is_nan() { x } else { y }, 0.0),
        (Zip::Min, |x, y| if x < y || x.is_nan() { x } else { y }, 0.0),
        (Zip::Pow, f64::powf, 3e-4),
        (Zip::Eq, |x, y| f64::from(u8::from(x == y)), 0.0),
        (Zip::Gt, |x, y| f64::from(u8::from(x > y)), 0.0),
        (Zip::Keep, |x, y| if y == 0.0 { 0.0 } else { x }, 0.0),
        (Zip::Ne, |x, y| f64::from(u8::from(x != y)), 0.0),
        (Zip::Lt, |x, y| f64::from(u8::from(x < y)), 0.0),
        (Zip::Le, |x, y| f64::from(u8::from(x <= y)), 0.0),
        (Zip::Ge, |x, y| f64::from(u8::from(x >= y)), 0.0),
    ]
}

/// What a device may have read: on a GPU a subnormal may be 0.
fn read(device: &Device, x: f32) -> Vec<f32> {
    if device.machine() == Machine::Cpu { vec![x] } else { vec![x, flush(x)] }
}

#[test]
fn functions_of_one_element() {
    for device in testing_devices() {
        let mut wrong = Vec::new();
        for (op, alpha, beta, f, relative) in maps() {
            let got =
                map(op, &vector(&device, &VALUES), alpha, beta).unwrap().to_vec::<f32>().unwrap();
            for (&x, got) in VALUES.iter().zip(got) {
                // WGSL's sines are good to about 10,000.
                let far = matches!(op, Map::Sin | Map::Cos) && x.is_finite() && x.abs() > 1e4;
                if far && device.machine() == Machine::Wgpu {
                    continue;
                }
                let wide = |x: f32, a: f32| f(x.into(), a.into(), beta.into()) as f32;
                let right = |x| {
                    read(&device, alpha).iter().any(|&a| same(&device, got, wide(x, a), relative))
                };
                if !read(&device, x).into_iter().any(right) {
                    let want = wide(x, alpha);
                    wrong.push(format!(
                        "{} of {x:e} with {alpha:e}, {beta:e}: {got:e}, not {want:e}",
                        op.name()
                    ));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{}: {} wrong\n{}",
            device.info().label(),
            wrong.len(),
            wrong.join("\n")
        );
    }
}

#[test]
fn functions_of_two_elements() {
    let n = VALUES.len();
    for device in testing_devices() {
        let mut wrong = Vec::new();
        let (a, b) = (vector(&device, &VALUES), vector(&device, &VALUES));
        let (a, b) = (a.reshape(&[n, 1]).unwrap(), b.reshape(&[1, n]).unwrap());
        for (op, f, relative) in zips() {
            let got = zip(op, &a, &b).unwrap().to_vec::<f32>().unwrap();
            for (i, got) in got.into_iter().enumerate() {
                let (x, y) = (VALUES[i / n], VALUES[i % n]);
                let wide = |x: f32, y: f32| f(x.into(), y.into()) as f32;
                let right =
                    |x| read(&device, y).iter().any(|&y| same(&device, got, wide(x, y), relative));
                // Of 0 and -0 either is the larger.
                let zeros = matches!(op, Zip::Max | Zip::Min) && x == y && got == x;
                if !zeros && !read(&device, x).into_iter().any(right) {
                    wrong.push(format!(
                        "{} of {x:e} and {y:e}: {got:e}, not {:e}",
                        op.name(),
                        wide(x, y)
                    ));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{}: {} wrong\n{}",
            device.info().label(),
            wrong.len(),
            wrong.join("\n")
        );
    }
}

/// tanh GELU and its derivative, with their limits at the infinities.
fn gelu(x: f64) -> [f64; 2] {
    if x.abs() > 1e3 {
        return if x > 0.0 { [x, 1.0] } else { [0.0, 0.0] };
    }
    let c = (2.0 / std::f64::consts::PI).sqrt();
    let t = (c * (x + 0.044715 * x.powi(3))).tanh();
    let slope = 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * c * (1.0 + 3.0 * 0.044715 * x * x);
    [0.5 * x * (1.0 + t), slope]
}

#[test]
fn gelu_and_its_slope() {
    let values =
        [&VALUES[..], &[-5.0, -9.9, -10.1, -20.0, -100.0, -1e19, -1e20, -1e38, 1e20]].concat();
    for device in testing_devices() {
        let x = vector(&device, &values);
        let ones = vector(&device, &vec![1.0; values.len()]);
        for (rung, device) in super::rungs(&device, "gelu") {
            let device = device.with_rung("gelu_backward", rung);
            let on = |t: &strata_ml::tensor::Tensor| vector(&device, &t.to_vec::<f32>().unwrap());
            let y = gelu_forward(&on(&x)).unwrap().to_vec::<f32>().unwrap();
            let dx = gelu_backward(&on(&x), &on(&ones)).unwrap().to_vec::<f32>().unwrap();
            for ((&x, y), dx) in values.iter().zip(y).zip(dx) {
                let [want, slope] = gelu(x.into()).map(|w| w as f32);
                // Small results are the difference of larger ones: absolute.
                let near = |got: f32, want: f32| (got - want).abs() <= 1e-6 * want.abs().max(1.0);
                let fits = |got: f32, want: f32| {
                    got == want || near(got, want) || (got.is_nan() && want.is_nan())
                };
                assert!(fits(y, want), "{device:?} {rung}: gelu({x:e}) is {y:e}, not {want:e}");
                assert!(
                    fits(dx, slope),
                    "{device:?} {rung}: gelu'({x:e}) is {dx:e}, not {slope:e}"
                );
            }
        }
    }
}
