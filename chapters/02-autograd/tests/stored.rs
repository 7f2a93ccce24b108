//! Gradients of variables in 16 bits: of their dtype, and close to those of f32.
use strata_autograd::{Var, choose, concat};
use strata_device::{Device, Machine, testing::testing_devices};
use strata_tensor::{DType, Result, Tensor};

type Function = fn(&Var, &Var) -> Result<Var>;

/// Each with `x` in f32 or in bf16; `y` is positive.
const FUNCTIONS: [(&str, Function); 36] = [
    ("add", |x, y| x.add(y)),
    ("sub", |x, y| x.sub(y)),
    ("mul", |x, y| x.mul(y)),
    ("div", |x, y| x.div(y)),
    ("maximum", |x, y| x.maximum(y)),
    ("minimum", |x, y| x.minimum(y)),
    ("pow", |x, y| y.pow(x)),
    ("affine", |x, _| x.affine(1.5, -0.25)),
    ("neg", |x, _| x.neg()),
    ("exp", |x, _| x.exp()),
    ("log", |_, y| y.log()),
    ("sqrt", |_, y| y.sqrt()),
    ("square", |x, _| x.square()),
    ("tanh", |x, _| x.tanh()),
    ("relu", |x, _| x.relu()),
    ("sigmoid", |x, _| x.sigmoid()),
    ("abs", |x, _| x.abs()),
    ("sin", |x, _| x.sin()),
    ("cos", |x, _| x.cos()),
    ("recip", |_, y| y.recip()),
    ("clamp", |x, _| x.clamp(-1.0, 1.0)),
    ("powf", |_, y| y.powf(1.5)),
    ("broadcast", |x, y| x.mul(&y.narrow(0, 1, 1)?)),
    ("sum", |x, _| x.sum(&[0], true)),
    ("mean", |x, _| x.mean(&[1], false)),
    ("max", |x, _| x.max(&[1], false)),
    ("min", |x, _| x.min(&[0], true)),
    ("norm", |x, _| x.norm(&[1], true)),
    ("cumsum", |x, _| x.cumsum(0)),
    ("topk", |x, _| Ok(x.topk(3)?.0)),
    ("tril", |x, _| x.tril(1)),
    ("where", |x, y| choose(&x.value().step(0.5)?, x, y)),
    ("concat", |x, y| concat(&[x, y], 1)),
    ("narrow", |x, _| x.narrow(1, 1, 3)),
    // Used twice, so that gradients are added up, once out of place and once in place.
    ("thrice", |x, y| x.mul(y)?.add(&x.neg()?)?.add(&x.tanh()?)),
    ("transpose", |x, y| x.transpose(0, 1)?.contiguous()?.mul(&y.transpose(0, 1)?)),
];

/// Numbers from `low` to 2 that bf16 has.
fn of(device: &Device, seed: u64, shape: &[usize], low: f32, dtype: DType) -> Tensor {
    let unit = Tensor::uniform(device, shape, seed).unwrap();
    unit.affine(2.0 - low, low).unwrap().cast(DType::BF16).unwrap().cast(dtype).unwrap()
}

fn values(t: &Tensor) -> Vec<f32> {
    t.cast(DType::F32).unwrap().to_vec().unwrap()
}

/// Value and gradients.
fn run(device: &Device, f: Function, dtype: DType) -> [Vec<f32>; 3] {
    let [x, y] =
        [(1, -2.0), (2, 0.25)].map(|(seed, low)| Var::leaf(of(device, seed, &[5, 7], low, dtype)));
    let out = f(&x, &y).unwrap();
    assert_eq!(out.value().dtype(), dtype);
    out.backward_with(of(device, 3, out.shape(), -2.0, dtype)).unwrap();
    let grad = |v: &Var| {
        let grad = v.grad();
        assert!(grad.as_ref().is_none_or(|grad| grad.dtype() == dtype));
        grad.as_ref().map(values).unwrap_or_default()
    };
    [values(out.value()), grad(&x), grad(&y)]
}

#[test]
fn gradients_are_those_of_f32_up_to_their_last_digits() {
    for device in testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu) {
        for (name, f) in FUNCTIONS {
            let pairs = run(&device, f, DType::BF16).into_iter().zip(run(&device, f, DType::F32));
            for (half, whole) in pairs {
                assert_eq!(half.len(), whole.len(), "{name}");
                let largest = whole.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
                let off = half.iter().zip(&whole).map(|(a, b)| (a - b).abs());
                let off = off.fold(0.0, f32::max);
                assert!(off <= 0.015 * largest, "{name}: off by {off} of {largest}");
            }
        }
    }
}

#[test]
fn backward_begins_with_a_one_of_the_dtype() {
    for device in testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu) {
        for dtype in [DType::BF16, DType::F16] {
            let x = Var::leaf(of(&device, 1, &[5, 7], -2.0, dtype));
            x.square().unwrap().sum_all().unwrap().backward().unwrap();
            let grad = x.grad().unwrap();
            assert_eq!(grad.dtype(), dtype);
            let twice: Vec<f32> = values(x.value()).iter().map(|x| 2.0 * x).collect();
            assert_eq!(values(&grad), twice);
        }
    }
}
