//! Scores in 16 bits: what f32 gives of the same numbers, rounded once; losses and what is kept of a
//! row stay f32. Every rung on every device that has one for them.
use strata_autograd::Var;
use strata_check::sample;
use strata_device::{Device, Machine, testing::testing_devices};
use strata_loss::{
    CrossEntropy, IGNORE, cross_entropy, cross_entropy_backward, cross_entropy_backward_with,
    cross_entropy_forward, cross_entropy_forward_with, cross_entropy_with, ladders, log_softmax,
    log_softmax_backward, log_softmax_forward, softmax, softmax_backward, softmax_forward,
};
use strata_tensor::{DType, Result, Tensor};

const HALVES: [DType; 2] = [DType::BF16, DType::F16];

fn of(device: &Device, seed: u64, shape: &[usize], dtype: DType) -> Tensor {
    let data = sample::uniform(seed, shape.iter().product(), -3.0, 3.0);
    Tensor::from_slice(device, &data, shape).unwrap().cast(dtype).unwrap()
}

fn wide(t: &Tensor) -> Tensor {
    t.cast(DType::F32).unwrap()
}

fn values(t: &Tensor) -> Vec<f32> {
    wide(t).to_vec().unwrap()
}

/// Holds a result against what f32 gives, rounded.
fn same(what: &str, got: &Tensor, of_wide: &Tensor, dtype: DType) {
    assert_eq!(got.dtype(), dtype, "{what}");
    assert_eq!(values(got), values(&of_wide.cast(dtype).unwrap()), "{what} of {dtype}");
}

/// The first rung of every ladder, and the last.
fn forced(device: &Device) -> [Device; 2] {
    let force = |at: fn(usize) -> usize| {
        let rung = |d: Device, l: &strata_device::LadderInfo| {
            d.with_rung(l.op, l.rungs[at(l.rungs.len())].name)
        };
        ladders().iter().fold(device.clone(), rung)
    };
    [force(|_| 0), force(|n| n - 1)]
}

/// Those whose kernels know floats of 16 bits.
fn devices() -> impl Iterator<Item = Device> {
    testing_devices().into_iter().filter(|device| device.machine() != Machine::Wgpu)
}

fn targets(device: &Device, rows: usize, width: usize) -> Tensor {
    let ids: Vec<u32> = (0..rows as u32).map(|i| i * 7 % width as u32).collect();
    let ids: Vec<u32> = ids.into_iter().map(|id| if id == 3 { IGNORE } else { id }).collect();
    Tensor::from_slice(device, &ids, &[rows]).unwrap()
}

#[test]
fn sixteen_bits_are_f32_rounded_once() {
    for device in devices().flat_map(|device| forced(&device)) {
        for (dtype, shape) in
            HALVES.into_iter().flat_map(|d| [[70, 131], [3, 1000]].map(|s| (d, s)))
        {
            rows_of_probabilities(&device, shape, dtype);
            losses(&device, shape, dtype);
        }
    }
}

fn rows_of_probabilities(device: &Device, shape: [usize; 2], dtype: DType) {
    let [x, dy] = [1, 2].map(|seed| of(device, seed, &shape, dtype));
    type Forward = fn(&Tensor) -> Result<Tensor>;
    type Backward = fn(&Tensor, &Tensor) -> Result<Tensor>;
    let pairs: [(&str, Forward, Backward); 2] = [
        ("softmax", softmax_forward, softmax_backward),
        ("log_softmax", log_softmax_forward, log_softmax_backward),
    ];
    for (name, forward, backward) in pairs {
        let y = forward(&x).unwrap();
        same(name, &y, &forward(&wide(&x)).unwrap(), dtype);
        let dx = backward(&y, &dy).unwrap();
        same(name, &dx, &backward(&wide(&y), &wide(&dy)).unwrap(), dtype);
    }
}

fn losses(device: &Device, [rows, width]: [usize; 2], dtype: DType) {
    let logits = of(device, 3, &[rows, width], dtype);
    let (targets, dloss) = (targets(device, rows, width), Tensor::full(device, &[], 0.5).unwrap());
    let got = cross_entropy_forward(&logits, &targets).unwrap();
    let want = cross_entropy_forward(&wide(&logits), &targets).unwrap();
    same("mean", &got.mean, &want.mean, DType::F32);
    same("losses", &got.rows, &want.rows, DType::F32);
    same("lse", &got.lse, &want.lse, DType::F32);
    let dlogits = cross_entropy_backward(&logits, &targets, &got, &dloss, 2.0).unwrap();
    let of_wide = cross_entropy_backward(&wide(&logits), &targets, &want, &dloss, 2.0).unwrap();
    same("dlogits", &dlogits, &of_wide, dtype);

    let weights = sample::uniform(4, width, 0.0, 2.0);
    let weights = Tensor::from_slice(device, &weights, &[width]).unwrap();
    for class_weights in [None, Some(weights)] {
        let with = CrossEntropy { label_smoothing: 0.1, class_weights };
        let got = cross_entropy_forward_with(&logits, &targets, &with).unwrap();
        let want = cross_entropy_forward_with(&wide(&logits), &targets, &with).unwrap();
        same("smoothed mean", &got.mean, &want.mean, DType::F32);
        same("smoothed losses", &got.rows, &want.rows, DType::F32);
        let gradient = |logits: &Tensor| {
            cross_entropy_backward_with(logits, &targets, &got, &dloss, 2.0).unwrap()
        };
        same("smoothed dlogits", &gradient(&logits), &gradient(&wide(&logits)), dtype);
    }
}

#[test]
fn gradients_on_the_tape_have_the_dtype_of_the_scores() {
    for device in devices() {
        let targets = targets(&device, 9, 33);
        let smooth = CrossEntropy { label_smoothing: 0.2, class_weights: None };
        let gradients = |dtype: DType| {
            let x = of(&device, 5, &[9, 33], DType::BF16).cast(dtype).unwrap();
            let dy = of(&device, 6, &[9, 33], DType::BF16).cast(dtype).unwrap();
            let of = |f: &dyn Fn(&Var) -> Var| {
                let x = Var::leaf(x.clone());
                let y = f(&x);
                match y.shape().len() {
                    0 => y.backward().unwrap(),
                    _ => y.backward_with(dy.clone()).unwrap(),
                }
                let dx = x.grad().unwrap();
                assert_eq!(dx.dtype(), dtype);
                values(&dx)
            };
            [
                of(&|x| softmax(x).unwrap()),
                of(&|x| log_softmax(x).unwrap()),
                of(&|x| cross_entropy(x, &targets).unwrap()),
                of(&|x| cross_entropy_with(x, &targets, &smooth).unwrap()),
            ]
        };
        for (half, whole) in gradients(DType::BF16).iter().zip(&gradients(DType::F32)) {
            let largest = whole.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
            let off = half.iter().zip(whole).fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
            assert!(off <= 0.01 * largest, "off by {off} of {largest}");
        }
    }
}

#[test]
fn what_has_no_rung_says_so() {
    for device in testing_devices() {
        for dtype in HALVES {
            let x = of(&device, 1, &[2, 5], dtype);
            let targets = Tensor::from_slice(&device, &[1u32, 2], &[2]).unwrap();
            let says = |error: strata_tensor::Error, part: String| {
                assert!(error.to_string().contains(&part), "{error}, not {part}");
            };
            if device.machine() == Machine::Wgpu {
                let error = cross_entropy_forward(&x, &targets).unwrap_err();
                says(error, format!("cross_entropy takes f32, got {dtype} as `logits`"));
                continue;
            }
            // Class weights are f32 beside scores of any dtype.
            let class_weights = Some(of(&device, 2, &[5], dtype));
            let with = CrossEntropy { label_smoothing: 0.0, class_weights };
            let error = cross_entropy_forward_with(&x, &targets, &with).unwrap_err();
            says(error, format!("cross_entropy takes f32, got {dtype} as `classes`"));
            let error = softmax_backward(&x, &wide(&x)).unwrap_err();
            says(error, format!("softmax_backward takes {dtype}, got f32 as `dy`"));
        }
    }
}
