//! Both optimizers and the norm against the float64 oracles: every rung on every device here.
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_adamw::{AdamWConfig, SgdConfig, adamw, global_norm, sgd};
use strata_check::{Check, Tolerance, oracle, sample};
use strata_device::{Buffer, Device, LadderInfo, Machine, StepState, testing::testing_devices};
use strata_shapes as shapes;
use strata_tensor::{DType, Tensor};

fn ladder(op: &str) -> LadderInfo {
    strata_adamw::ladders().into_iter().find(|l| l.op == op).unwrap()
}

/// Every rung of an op that stands on a device here, with a handle that takes it.
fn rungs(op: &'static str) -> Vec<(&'static str, Device)> {
    let mut all = Vec::new();
    for device in testing_devices() {
        for rung in ladder(op).rungs.iter().filter(|r| r.machines.contains(&device.machine())) {
            all.push((rung.name, device.with_rung(op, rung.name)));
        }
    }
    all
}

fn cases(device: &Device) -> Config {
    let cases = if device.machine() == Machine::Cpu { 20 } else { 6 };
    Config { failure_persistence: None, ..Config::with_cases(cases) }
}

fn vector(device: &Device, data: &[f32]) -> Tensor {
    Tensor::from_slice(device, data, &[data.len()]).unwrap()
}

fn scalar(device: &Device, x: f32) -> Tensor {
    Tensor::from_slice(device, &[x], &[]).unwrap()
}

fn read(t: &Tensor) -> Vec<f32> {
    t.to_vec().unwrap()
}

fn state(device: &Device, step: u32, lr: f32) -> Buffer {
    device.step_state(StepState { step, lr, ..StepState::default() }).unwrap()
}

/// An oracle for the first `decayed` elements and one for the rest.
fn oracles(config: &AdamWConfig, lr: f32) -> [oracle::adamw::AdamW; 2] {
    let (beta1, beta2) = config.betas;
    let eps = f64::from(config.eps);
    [f64::from(config.weight_decay), 0.0].map(|decay| oracle::adamw::AdamW {
        lr: lr.into(),
        beta1,
        beta2,
        eps,
        decay,
    })
}

fn follow_adamw(rung: &str, device: &Device, n: usize, seed: u64, clip: bool) {
    let n = if rung == "2_vectorized" { n.next_multiple_of(4) } else { n };
    let decayed = (seed as usize) % (n + 1);
    let lr = 0.01;
    let max_norm = clip.then_some(0.5 + (seed % 7) as f32 * (n as f32).sqrt() / 3.0);
    let config = AdamWConfig { betas: (0.9, 0.95), weight_decay: 0.1, clip: max_norm, eps: 1e-6 };
    let values = sample::normal(seed, n);
    let tensor = vector(device, &values);
    let (m, v) = (vector(device, &vec![0.0; n]), vector(device, &vec![0.0; n]));
    let mut want = [sample::widen(&values), vec![0.0; n], vec![0.0; n]];
    for step in 1..=4 {
        let g = sample::normal(seed ^ u64::from(step) << 8, n);
        let grads = vector(device, &g);
        let norm = global_norm(&grads).unwrap();
        adamw([&tensor, &grads, &m, &v], &state(device, step, lr), &norm, decayed, config).unwrap();
        let mut g = sample::widen(&g);
        if let Some(max) = max_norm {
            oracle::clip::clip(&mut g, max.into());
        }
        let [with, without] = oracles(&config, lr);
        let [p, wm, wv] = &mut want;
        let d = decayed;
        with.step(&mut p[..d], &mut wm[..d], &mut wv[..d], &g[..d], step);
        without.step(&mut p[d..], &mut wm[d..], &mut wv[d..], &g[d..], step);
    }
    let check =
        |name: &str| Check::new(format!("adamw: {name}"), rung).device(device.info().label());
    let close = Tolerance::close(2e-6, 2e-6);
    check("values").compare(&read(&tensor), &want[0], &close).unwrap();
    check("m").compare(&read(&m), &want[1], &Tolerance::close(1e-6, 2e-6)).unwrap();
    check("v").compare(&read(&v), &want[2], &Tolerance::close(1e-7, 4e-6)).unwrap();
}

#[test]
fn adamw_follows_the_oracle() {
    for (rung, device) in rungs("adamw") {
        TestRunner::new(cases(&device))
            .run(&(shapes::length(3000), any::<u64>(), any::<bool>()), |(n, seed, clip)| {
                follow_adamw(rung, &device, n, seed, clip);
                Ok(())
            })
            .unwrap();
        // More elements than one task, or one workgroup.
        follow_adamw(rung, &device, 70_001, 3, true);
    }
}

/// Moments as they are after `step - 1` equal gradients: then the corrected moments are the gradient
/// itself, and every error of the bias correction shows in the step.
#[test]
fn bias_correction_keeps_its_digits_for_ten_thousand_steps() {
    let steps = [1, 2, 3, 7, 10, 55, 100, 693, 1000, 5000, 9999, 10_000, u32::MAX];
    for (rung, device) in rungs("adamw") {
        for betas in [(0.9, 0.999), (0.9, 0.95), (0.0, 0.0), (0.99, 0.9999)] {
            for step in steps {
                let config = AdamWConfig { betas, weight_decay: 0.0, ..AdamWConfig::default() };
                let g: f64 = 0.25;
                let power = |beta: f64| beta.powf(f64::from(step));
                let before = |beta: f64, x: f64| {
                    if beta == 0.0 { 0.0 } else { (1.0 - power(beta) / beta) * x }
                };
                let m0 = before(betas.0, g) as f32;
                let v0 = before(betas.1, g * g) as f32;
                let (m, v) = (vector(&device, &[m0; 4]), vector(&device, &[v0; 4]));
                let (p, grads) = (vector(&device, &[0.0; 4]), vector(&device, &[g as f32; 4]));
                adamw(
                    [&p, &grads, &m, &v],
                    &state(&device, step, 1.0),
                    &scalar(&device, 1.0),
                    0,
                    config,
                )
                .unwrap();
                let corrected = |beta: f64, x: f64, before: f32| {
                    (beta * f64::from(before) + (1.0 - beta) * x) / (1.0 - power(beta))
                };
                let m1 = corrected(betas.0, g, m0);
                let v1 = corrected(betas.1, g * g, v0);
                let want = -m1 / (v1.sqrt() + f64::from(config.eps));
                let label = format!("bias correction, betas {betas:?}, step {step}");
                Check::new(label, rung)
                    .device(device.info().label())
                    .compare(&read(&p), &[want; 4], &Tolerance::close(0.0, 2e-6))
                    .unwrap();
            }
        }
    }
}

#[test]
fn sgd_follows_the_oracle() {
    for (rung, device) in rungs("sgd") {
        TestRunner::new(cases(&device))
            .run(&(shapes::length(2000), any::<u64>(), any::<bool>()), |(n, seed, moving)| {
                let momentum = if moving { 0.9 } else { 0.0 };
                let config = SgdConfig { momentum, weight_decay: 0.01, clip: Some(3.0) };
                let decayed = (seed as usize) % (n + 1);
                let values = sample::normal(seed, n);
                let tensor = vector(&device, &values);
                let velocity = vector(&device, &vec![0.0; n]);
                let (mut want, mut u) = (sample::widen(&values), vec![0.0; n]);
                for step in 1..=3 {
                    let g = sample::normal(seed ^ u64::from(step) << 8, n);
                    let grads = vector(&device, &g);
                    let norm = global_norm(&grads).unwrap();
                    let held = moving.then_some(&velocity);
                    sgd(&tensor, &grads, held, &state(&device, step, 0.1), &norm, decayed, config)
                        .unwrap();
                    let mut g = sample::widen(&g);
                    oracle::clip::clip(&mut g, 3.0);
                    for i in 0..decayed {
                        g[i] += f64::from(config.weight_decay) * want[i];
                    }
                    oracle::sgd::momentum(
                        &mut want,
                        &mut u,
                        &g,
                        f64::from(0.1f32),
                        momentum.into(),
                    );
                }
                Check::new("sgd", rung)
                    .device(device.info().label())
                    .compare(&read(&tensor), &want, &Tolerance::close(2e-6, 2e-6))
                    .unwrap();
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn the_norm_is_the_norm_twice_the_same() {
    for (rung, device) in rungs("global_norm") {
        let compare = |n: usize, seed: u64| {
            let x = sample::normal(seed, n);
            let tensor = vector(&device, &x);
            let (got, again) = (global_norm(&tensor).unwrap(), global_norm(&tensor).unwrap());
            let want = oracle::clip::global_norm(&sample::widen(&x));
            Check::new("global_norm", rung)
                .device(device.info().label())
                .input("x", &[n])
                .again(&read(&again))
                .compare(&read(&got), &[want], &Tolerance::close(1e-30, 2e-6))
                .unwrap();
        };
        TestRunner::new(cases(&device))
            .run(&(shapes::length(9000), any::<u64>()), |(n, seed)| {
                compare(n, seed);
                Ok(())
            })
            .unwrap();
        compare(300_001, 5);
        let nothing = Tensor::empty(&device, DType::F32, &[0]).unwrap();
        assert_eq!(read(&global_norm(&nothing).unwrap()), [0.0]);
    }
}

#[test]
fn what_is_not_finite_stays_visible_and_changes_nothing() {
    for (rung, device) in rungs("global_norm") {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut x = vec![1.0; 5000];
            x[4321] = bad;
            let norm = global_norm(&vector(&device, &x)).unwrap().item::<f32>().unwrap();
            assert!(!norm.is_finite(), "{rung} on {}: {bad} became {norm}", device.info().label());
        }
    }
    for (rung, device) in rungs("adamw") {
        let config = AdamWConfig { clip: Some(1.0), ..AdamWConfig::default() };
        for bad in [f32::NAN, f32::INFINITY] {
            let fresh = |x: f32| vector(&device, &[x; 4]);
            let (p, g, m, v) = (fresh(3.0), fresh(bad), fresh(0.5), fresh(0.25));
            let norm = scalar(&device, bad);
            adamw([&p, &g, &m, &v], &state(&device, 1, 0.1), &norm, 4, config).unwrap();
            let now = [read(&p), read(&m), read(&v)];
            assert_eq!(now, [[3.0; 4], [0.5; 4], [0.25; 4]], "{rung} on {}", device.info().label());
        }
    }
    for (rung, device) in rungs("sgd") {
        // With a velocity and without, clipped and not: the norm is looked at in each.
        for (momentum, clip) in [(0.9, Some(1.0)), (0.9, None), (0.0, Some(1.0)), (0.0, None)] {
            for bad in [f32::NAN, f32::INFINITY] {
                let fresh = |x: f32| vector(&device, &[x; 4]);
                let (p, g, u) = (fresh(3.0), fresh(bad), fresh(0.5));
                let held = (momentum > 0.0).then_some(&u);
                let config = SgdConfig { momentum, weight_decay: 0.01, clip };
                let norm = scalar(&device, bad);
                sgd(&p, &g, held, &state(&device, 1, 0.1), &norm, 4, config).unwrap();
                let now = [read(&p), read(&u)];
                assert_eq!(now, [[3.0; 4], [0.5; 4]], "{rung} on {}", device.info().label());
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let device = &testing_devices()[0];
    let (four, five) = (vector(device, &[0.0; 4]), vector(device, &[0.0; 5]));
    let (one, st) = (scalar(device, 0.0), state(device, 1, 0.1));
    let base = AdamWConfig::default();
    let run = |arenas: [&Tensor; 4], state: &Buffer, norm: &Tensor, config| {
        adamw(arenas, state, norm, 0, config).unwrap_err().to_string()
    };
    let fresh = [(); 3].map(|()| vector(device, &[0.0; 4]));
    let good = [&four, &fresh[0], &fresh[1], &fresh[2]];
    assert!(run([&four, &five, &four, &four], &st, &one, base).contains("[4], [5]"));
    assert!(run(good, &st, &four, base).contains("one number"));
    assert!(run(good, &device.alloc(8).unwrap(), &one, base).contains("step_state"));
    let cases = [
        (AdamWConfig { betas: (1.0, 0.9), ..base }, "beta"),
        (AdamWConfig { betas: (0.9, 1.0 - 1e-12), ..base }, "beta"),
        (AdamWConfig { betas: (0.9, f64::NAN), ..base }, "beta"),
        (AdamWConfig { eps: 0.0, ..base }, "eps"),
        (AdamWConfig { weight_decay: -0.1, ..base }, "weight decay"),
        (AdamWConfig { weight_decay: f32::INFINITY, ..base }, "weight decay"),
        (AdamWConfig { clip: Some(0.0), ..base }, "clipping"),
        (AdamWConfig { clip: Some(f32::NAN), ..base }, "clipping"),
    ];
    for (config, word) in cases {
        let message = run(good, &st, &one, config);
        assert!(message.contains(word), "{message}");
    }
    let momentum = SgdConfig { momentum: 0.9, ..SgdConfig::default() };
    let message = sgd(&four, &fresh[0], None, &st, &one, 0, momentum).unwrap_err().to_string();
    assert!(message.contains("velocity"), "{message}");
}

#[test]
fn one_memory_in_two_roles_is_refused_by_name() {
    for device in testing_devices() {
        let st = state(&device, 1, 0.1);
        let one = scalar(&device, 1.0);
        let [p, g, m, v] = [1.0, 2.0, 0.0, 0.0].map(|x| vector(&device, &[x; 4]));
        let adam = |arenas| adamw(arenas, &st, &one, 0, AdamWConfig::default()).unwrap_err();
        let plain = |p, g, u| {
            let momentum = if u { 0.9 } else { 0.0 };
            let config = SgdConfig { momentum, ..SgdConfig::default() };
            sgd(p, g, u.then_some(&v), &st, &one, 0, config)
        };
        for (error, words) in [
            (adam([&p, &p, &m, &v]), ["adamw", "values and gradients"]),
            (adam([&p, &g, &m, &m]), ["adamw", "m and v"]),
            (adam([&p, &g, &g, &v]), ["adamw", "gradients and m"]),
            (plain(&p, &p, false).unwrap_err(), ["sgd", "values and gradients"]),
            (plain(&v, &g, true).unwrap_err(), ["sgd", "values and velocity"]),
        ] {
            let said = error.to_string();
            assert!(words.iter().all(|word| said.contains(word)), "{said}");
        }
        assert_eq!((read(&p), read(&v)), (vec![1.0; 4], vec![0.0; 4]), "nothing moved");
        plain(&p, &g, false).unwrap();
    }
}

/// For lists of tensors: what a loop over them would move twice.
#[test]
fn a_parameter_listed_twice_is_refused_by_its_places() {
    for device in testing_devices() {
        let (w, b) = (vector(&device, &[0.0; 256]), vector(&device, &[0.0; 3]));
        let nothing = Tensor::empty(&device, DType::F32, &[0]).unwrap();
        let halves = [0, 128].map(|from| w.narrow(0, from, 128).unwrap());
        let turned = w.reshape(&[16, 16]).unwrap().t().unwrap();
        let once = |list: &[&Tensor]| strata_adamw::once("sgd", list);
        once(&[]).unwrap();
        once(&[&w, &b, &nothing, &nothing]).unwrap();
        once(&[&halves[1], &b, &halves[0]]).unwrap();
        for (list, words) in [
            (vec![&w, &w], "parameter 1 is parameter 0 again"),
            (vec![&b, &w, &nothing, &w.clone()], "parameter 3 is parameter 1 again"),
            (vec![&halves[1], &b, &w], "parameters 0 and 2 are views"),
            (vec![&turned, &w], "parameters 0 and 1 are views"),
        ] {
            let said = once(&list).unwrap_err().to_string();
            assert!(said.starts_with("sgd: ") && said.contains(words), "{said}");
        }
    }
}
