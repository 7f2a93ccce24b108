//! Activations in 16 bits: what f32 gives of the same numbers, rounded once; statistics and the
//! parameters' gradients stay f32. Every rung on every device that has one for them.
use strata_autograd::{ParamBuilder, Var};
use strata_check::sample;
use strata_device::{Device, Machine, testing::testing_devices};
use strata_layernorm::{LayerNorm, ParameterGrads, ladders, layernorm_backward, layernorm_forward};
use strata_tensor::{DType, Tensor};

const EPS: f32 = 1e-5;
const HALVES: [DType; 2] = [DType::BF16, DType::F16];

fn of(device: &Device, seed: u64, shape: &[usize], dtype: DType) -> Tensor {
    let data = sample::uniform(seed, shape.iter().product(), -3.0, 5.0);
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

/// Those whose kernels know floats of 16 bits.
fn devices() -> impl Iterator<Item = Device> {
    testing_devices().into_iter().filter(|device| device.machine() != Machine::Wgpu)
}

/// The device with each rung forced that takes such rows.
fn forced(device: &Device, width: usize) -> Vec<Device> {
    let taken = ["1_naive", if width > 8192 { "3_wide" } else { "2_block" }];
    let force = |rung| ladders().iter().fold(device.clone(), |d, l| d.with_rung(l.op, rung));
    taken.map(force).into()
}

#[test]
fn sixteen_bits_are_f32_rounded_once() {
    for device in devices() {
        for (rows, width) in [(70, 131), (2, 8200)] {
            for device in forced(&device, width) {
                HALVES.into_iter().for_each(|dtype| compare(&device, [rows, width], dtype));
            }
        }
    }
}

fn compare(device: &Device, [rows, width]: [usize; 2], dtype: DType) {
    let [x, dy] = [1, 3].map(|seed| of(device, seed, &[rows, width], dtype));
    let [gamma, beta] = [4, 5].map(|seed| of(device, seed, &[width], DType::F32));
    let got = layernorm_forward(&x, &gamma, &beta, EPS).unwrap();
    let want = layernorm_forward(&wide(&x), &gamma, &beta, EPS).unwrap();
    same("out", &got.out, &want.out, dtype);
    same("mean", &got.mean, &want.mean, DType::F32);
    same("rstd", &got.rstd, &want.rstd, DType::F32);

    let backward = |x: &Tensor, dy: &Tensor| {
        let [dgamma, dbeta] = [6, 7].map(|seed| of(device, seed, &[width], DType::F32));
        let to = ParameterGrads { dgamma, dbeta, accumulate: true };
        let dx = layernorm_backward(x, &gamma, &got.mean, &got.rstd, dy, Some(&to)).unwrap();
        (dx, to)
    };
    let (dx, to) = backward(&x, &dy);
    let (want, wanted) = backward(&wide(&x), &wide(&dy));
    same("dx", &dx, &want, dtype);
    same("dgamma", &to.dgamma, &wanted.dgamma, DType::F32);
    same("dbeta", &to.dbeta, &wanted.dbeta, DType::F32);
}

#[test]
fn what_has_no_rung_says_so() {
    for device in testing_devices() {
        for dtype in HALVES {
            let x = of(&device, 1, &[2, 3], dtype);
            let (gain, narrow) = (of(&device, 2, &[3], DType::F32), of(&device, 2, &[3], dtype));
            let says = |error: strata_tensor::Error, part: String| {
                assert!(error.to_string().contains(&part), "{error}, not {part}");
            };
            if device.machine() == Machine::Wgpu {
                let error = layernorm_forward(&x, &gain, &gain, EPS).unwrap_err();
                says(error, format!("layernorm takes f32, got {dtype} as `x`"));
                continue;
            }
            // Parameters that are vectors are f32 beside activations of any dtype.
            let error = layernorm_forward(&x, &narrow, &gain, EPS).unwrap_err();
            says(error, format!("layernorm takes f32, got {dtype} as `gamma`"));
        }
    }
}

#[test]
fn the_tape_keeps_activations_in_16_bits_and_parameters_in_f32() {
    for device in devices() {
        let width = 33;
        let gradients = |dtype: DType| {
            let build = ParamBuilder::new();
            let layer = LayerNorm::new(&build, width);
            build.build(&device, 0).unwrap();
            let [x, residual, dy] =
                [1, 2, 3].map(|seed| of(&device, seed, &[9, width], DType::BF16).cast(dtype));
            let (x, residual) = (Var::leaf(x.unwrap()), Var::leaf(residual.unwrap()));
            let (sum, out) = layer.forward_residual(&x, &residual).unwrap();
            assert_eq!((sum.value().dtype(), out.value().dtype()), (dtype, dtype));
            out.backward_with(dy.unwrap()).unwrap();
            let dx = x.grad().unwrap();
            assert_eq!(dx.dtype(), dtype);
            let parameters = [&layer.weight, &layer.bias].map(|p| p.var().unwrap().grad().unwrap());
            assert!(parameters.iter().all(|grad| grad.dtype() == DType::F32));
            [&dx, &residual.grad().unwrap(), &parameters[0], &parameters[1]].map(values)
        };
        for (half, whole) in gradients(DType::BF16).iter().zip(&gradients(DType::F32)) {
            let largest = whole.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
            let off = half.iter().zip(whole).fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
            assert!(off <= 0.01 * largest, "off by {off} of {largest}");
        }
    }
}
