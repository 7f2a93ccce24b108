//! LayerNorm against the float64 oracle: every rung on every device here.
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_autograd::{ParamBuilder, Var};
use strata_check::{Check, Tolerance, gradient, oracle::layernorm as oracle, sample};
use strata_device::{Device, Machine, testing::testing_devices};
use strata_layernorm::{
    LayerNorm, ParameterGrads, layernorm, layernorm_backward, layernorm_forward,
};
use strata_shapes as shapes;
use strata_tensor::{DType, Tensor};

const EPS: f32 = 1e-5;

/// Every rung of the chapter that stands on this device and takes rows of any width up to what the
/// block rungs hold, with the device that takes it.
fn rungs(device: &Device) -> Vec<(&'static str, Device)> {
    all_rungs(device).into_iter().filter(|r| r.0 != "3_wide").collect()
}

fn all_rungs(device: &Device) -> Vec<(&'static str, Device)> {
    let ladders = strata_layernorm::ladders();
    let here = ladders[0].rungs.iter().filter(|r| r.machines.contains(&device.machine()));
    here.map(|rung| {
        let force = |d: Device, l: &strata_device::LadderInfo| d.with_rung(l.op, rung.name);
        (rung.name, ladders.iter().fold(device.clone(), force))
    })
    .collect()
}

struct Data {
    rows: usize,
    width: usize,
    x: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    dy: Vec<f32>,
}

impl Data {
    fn new(rows: usize, width: usize, seed: u64) -> Self {
        let n = rows * width;
        // Off center and of another scale, so that a wrong mean shows.
        let x = sample::normal(seed, n).iter().map(|x| 3.0 * x + 5.0).collect();
        Data {
            rows,
            width,
            x,
            gamma: sample::uniform(seed ^ 2, width, 0.5, 2.0),
            beta: sample::normal(seed ^ 3, width),
            dy: sample::normal(seed ^ 4, n),
        }
    }

    fn tensor(&self, device: &Device, data: &[f32]) -> Tensor {
        let rank = if data.len() == self.width && self.rows != 1 { 1 } else { 2 };
        Tensor::from_slice(device, data, &[self.rows, self.width][2 - rank..]).unwrap()
    }

    fn vector(&self, device: &Device, data: &[f32]) -> Tensor {
        Tensor::from_slice(device, data, &[self.width]).unwrap()
    }
}

fn read(t: &Tensor) -> Vec<f32> {
    t.to_vec().unwrap()
}

fn compare(rung: &str, device: &Device, d: &Data) {
    let check = |op: &str| {
        let check = Check::new(op, rung).device(device.info().label());
        check.input("x", &[d.rows, d.width]).output("y", &[d.rows, d.width])
    };
    let wide = sample::widen;
    let (x, gamma, beta) =
        (d.tensor(device, &d.x), d.vector(device, &d.gamma), d.vector(device, &d.beta));
    let want = oracle::forward(&wide(&d.x), &wide(&d.gamma), &wide(&d.beta), EPS.into());
    // With two numbers a row, rstd may be large: it scales the rounding of x - mean.
    let steep = want.rstd.iter().fold(1.0, |a: f64, &b| a.max(b));
    let long = 1.0 + d.width as f64 / 2000.0; // one running sum, in the naive rung
    // Beta may take most of xhat gamma away, and leaves a few ulps of a product of up to 20.
    let close = Tolerance::close(8e-6 * steep * long, 1e-5);
    let got = layernorm_forward(&x, &gamma, &beta, EPS).unwrap();
    let again = layernorm_forward(&x, &gamma, &beta, EPS).unwrap();
    check("layernorm").again(&read(&again.out)).compare(&read(&got.out), &want.y, &close).unwrap();
    check("mean")
        .compare(&read(&got.mean), &want.mean, &Tolerance::close(5e-6 * long, 1e-6))
        .unwrap();
    let rtol = 4e-6 * steep.max(1.0).powi(2);
    check("rstd").compare(&read(&got.rstd), &want.rstd, &Tolerance::close(1e-6, rtol)).unwrap();

    let dy = d.tensor(device, &d.dy);
    let start = d.vector(device, &d.beta);
    let to = ParameterGrads {
        dgamma: start.clone(),
        dbeta: d.vector(device, &d.gamma),
        accumulate: true,
    };
    let dx = layernorm_backward(&x, &gamma, &got.mean, &got.rstd, &dy, Some(&to)).unwrap();
    let want = oracle::backward(&wide(&d.x), &wide(&d.gamma), &wide(&d.dy), EPS.into());
    let bound = Tolerance::close(1e-5 * steep.powi(2) * long, 1e-5);
    check("layernorm_backward").compare(&read(&dx), &want.dx, &bound).unwrap();
    let add =
        |a: &[f64], b: &[f32]| a.iter().zip(b).map(|(a, b)| a + f64::from(*b)).collect::<Vec<_>>();
    let bound = Tolerance::close(2e-6 * (d.rows as f64).sqrt() * (8.0 + steep), 1e-5);
    check("dgamma").compare(&read(&to.dgamma), &add(&want.dgamma, &d.beta), &bound).unwrap();
    check("dbeta").compare(&read(&to.dbeta), &add(&want.dbeta, &d.gamma), &bound).unwrap();

    let fresh = ParameterGrads { dgamma: start.clone(), accumulate: false, ..to };
    layernorm_backward(&x, &gamma, &got.mean, &got.rstd, &dy, Some(&fresh)).unwrap();
    check("dgamma, overwritten").compare(&read(&fresh.dgamma), &want.dgamma, &bound).unwrap();
}

#[test]
fn every_rung_agrees_with_the_oracle() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            let cases = if device.machine() == Machine::Cpu { 20 } else { 5 };
            let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
            TestRunner::new(config)
                .run(&(shapes::length(70), 2..400usize, any::<u64>()), |(rows, width, seed)| {
                    compare(rung, &device, &Data::new(rows, width, seed));
                    Ok(())
                })
                .unwrap();
        }
    }
}

#[test]
fn wide_rows_and_many_rows() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            for (rows, width) in [(3, 1024), (2, 1025), (2, 5000), (1100, 5)] {
                compare(rung, &device, &Data::new(rows, width, 9));
            }
        }
        // Wider than the block rungs take: the wide ones step in.
        for (rung, device) in all_rungs(&device).into_iter().filter(|r| r.0 != "2_block") {
            compare(rung, &device, &Data::new(3, 8193, 10));
            compare(rung, &device, &Data::new(2, 10_000, 11));
        }
        compare("any", &device, &Data::new(1, 8193, 10));
        // Asked for by name, a block rung says that it does not take them.
        let block = device.with_rung("layernorm", "2_block");
        let [x, gain] = [&[1, 8193][..], &[8193]].map(|s| Tensor::ones(&block, s).unwrap());
        let error = layernorm_forward(&x, &gain, &gain, EPS).unwrap_err().to_string();
        let want = "layernorm: rung 2_block does not take f32 [1, 8193], f32 [8193], f32 [8193], ";
        assert!(
            error.starts_with(want) && error.ends_with("; 1_naive, 3_wide would serve"),
            "{error}"
        );
        assert!(!error.contains('{'), "{error}");
    }
}

#[test]
fn equal_numbers_become_the_bias() {
    for device in testing_devices() {
        for (_, device) in rungs(&device) {
            let x = Tensor::full(&device, &[3, 6], 1e4).unwrap();
            let (gamma, beta) =
                (Tensor::ones(&device, &[6]).unwrap(), Tensor::full(&device, &[6], 0.25).unwrap());
            let y = layernorm_forward(&x, &gamma, &beta, EPS).unwrap();
            assert_eq!(read(&y.out), [0.25; 18]);
            // One number a row is its own mean.
            let one = Tensor::ones(&device, &[1]).unwrap();
            let y = layernorm_forward(&x.reshape(&[18, 1]).unwrap(), &one, &one, EPS).unwrap();
            assert_eq!(read(&y.out), [1.0; 18]);
        }
    }
}

#[test]
fn a_large_mean_does_not_spoil_the_variance() {
    // E[x²] - mean² would be off by a factor here; the deviations are not.
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            let x: Vec<f32> = (0..64).map(|i| 4096.0 + (i % 2) as f32).collect();
            let t = Tensor::from_slice(&device, &x, &[64]).unwrap();
            let (gamma, beta) =
                (Tensor::ones(&device, &[64]).unwrap(), Tensor::full(&device, &[64], 0.0).unwrap());
            let y = layernorm_forward(&t, &gamma, &beta, EPS).unwrap();
            let want = oracle::forward(&sample::widen(&x), &[1.0; 64], &[0.0; 64], EPS.into());
            let check = Check::new("layernorm", rung).device(device.info().label());
            check.compare(&read(&y.out), &want.y, &Tolerance::close(1e-5, 1e-5)).unwrap();
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let d = Data::new(3, 5, 11);
    let wide = sample::widen;
    let (x, gamma, beta, dy) = (wide(&d.x), wide(&d.gamma), wide(&d.beta), wide(&d.dy));
    let eps = f64::from(EPS);
    for device in testing_devices() {
        let vars =
            [d.tensor(&device, &d.x), d.vector(&device, &d.gamma), d.vector(&device, &d.beta)]
                .map(Var::leaf);
        let out = layernorm(&vars[0], &vars[1], &vars[2], EPS).unwrap();
        out.backward_with(d.tensor(&device, &d.dy)).unwrap();
        let got = vars.map(|v| read(&v.grad().unwrap()));
        let check = Check::new("layernorm", "tape").device(device.info().label());
        let bound = Tolerance::close(1e-5, 1e-5);
        let f =
            |x: &[f64], g: &[f64], b: &[f64]| gradient::dot(&oracle::forward(x, g, b, eps).y, &dy);
        gradient::check(&check, &got[0], |x| f(x, &gamma, &beta), &x, &bound).unwrap();
        gradient::check(&check, &got[1], |g| f(&x, g, &beta), &gamma, &bound).unwrap();
        gradient::check(&check, &got[2], |b| f(&x, &gamma, b), &beta, &bound).unwrap();
    }
}

#[test]
fn the_layer_accumulates_into_its_arena() {
    for device in testing_devices() {
        let d = Data::new(6, 9, 12);
        let build = ParamBuilder::new();
        let layer = LayerNorm::new(&build.at("ln_1"), 9);
        let model = build.build(&device, 0).unwrap();
        assert_eq!(model.infos()[0].name, "ln_1.weight");
        let want =
            oracle::backward(&sample::widen(&d.x), &[1.0; 9], &sample::widen(&d.dy), EPS.into());
        for times in 1..=2 {
            let x = Var::constant(d.tensor(&device, &d.x));
            layer.forward(&x).unwrap().backward_with(d.tensor(&device, &d.dy)).unwrap();
            let got = read(&layer.weight.var().unwrap().grad().unwrap());
            let want: Vec<f64> = want.dgamma.iter().map(|g| g * f64::from(times)).collect();
            let check = Check::new("layernorm", "arena").device(device.info().label());
            check.compare(&got, &want, &Tolerance::close(2e-5, 1e-5)).unwrap();
        }
    }
}

#[test]
fn mistakes_are_errors() {
    for device in testing_devices() {
        let x = Tensor::randn(&device, &[2, 3], 1).unwrap();
        let (three, four) =
            (Tensor::ones(&device, &[3]).unwrap(), Tensor::ones(&device, &[4]).unwrap());
        let says = |r: strata_tensor::Result<strata_layernorm::Normalized>, part: &str| {
            let error = r.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        says(layernorm_forward(&x, &four, &three, EPS), "shape [3]");
        says(layernorm_forward(&x, &three, &three, f32::NAN), "eps is NaN");
        says(layernorm_forward(&x, &three, &three, -1.0), "eps is -1");
        let empty = Tensor::zeros(&device, DType::F32, &[4, 0]).unwrap();
        says(layernorm_forward(&empty, &three, &three, EPS), "last dimension above 0");
        let scalar = Tensor::ones(&device, &[]).unwrap();
        says(layernorm_forward(&scalar, &three, &three, EPS), "last dimension above 0");
        let none = Tensor::zeros(&device, DType::F32, &[0, 3]).unwrap();
        assert_eq!(layernorm_forward(&none, &three, &three, EPS).unwrap().mean.shape(), [0]);
        let twice =
            ParameterGrads { dgamma: three.clone(), dbeta: three.clone(), accumulate: false };
        let y = layernorm_forward(&x, &three, &three, EPS).unwrap();
        let error = layernorm_backward(&x, &three, &y.mean, &y.rstd, &x, Some(&twice)).unwrap_err();
        assert!(error.to_string().contains("give each its own"), "{error}");
    }
}

#[test]
fn the_demo_runs() {
    let device = Device::open("cpu", Default::default()).unwrap();
    let mut text = Vec::new();
    strata_layernorm::demo(&mut text, &device).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("of a copy"));
}
