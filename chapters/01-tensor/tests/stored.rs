//! Floats of 16 bits: every op gives what f32 gives of the same numbers, rounded once, on every device
//! that has a rung for them. What moves or adds up words goes through f32, and works everywhere.
use strata_check::sample;
use strata_device::{Device, Machine, testing::testing_devices};
use strata_tensor::ops::{Map, Reduce, Zip, cumsum, map, reduce, scatter_add_into, zip};
use strata_tensor::{DType, Result, Tensor};

const HALVES: [DType; 2] = [DType::BF16, DType::F16];

const MAPS: [Map; 16] = [
    Map::Affine,
    Map::Exp,
    Map::Log,
    Map::Sqrt,
    Map::Tanh,
    Map::Relu,
    Map::Sigmoid,
    Map::Abs,
    Map::Recip,
    Map::Square,
    Map::Pow,
    Map::Sin,
    Map::Cos,
    Map::Clamp,
    Map::Step,
    Map::IsNan,
];

const ZIPS: [Zip; 14] = [
    Zip::Add,
    Zip::Sub,
    Zip::Mul,
    Zip::Div,
    Zip::Max,
    Zip::Min,
    Zip::Pow,
    Zip::Eq,
    Zip::Gt,
    Zip::Keep,
    Zip::Ne,
    Zip::Lt,
    Zip::Le,
    Zip::Ge,
];

fn of(device: &Device, seed: u64, shape: &[usize], dtype: DType) -> Tensor {
    let data = sample::uniform(seed, shape.iter().product(), -3.0, 3.0);
    Tensor::from_slice(device, &data, shape).unwrap().cast(dtype).unwrap()
}

fn wide(t: &Tensor) -> Tensor {
    t.cast(DType::F32).unwrap()
}

/// Bits, with all NaN made one.
fn bits(t: &Tensor) -> Vec<u32> {
    let values = wide(t).to_vec::<f32>().unwrap();
    values.into_iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() }).collect()
}

/// Holds a result against what f32 gives, rounded.
fn same(what: &str, got: &Tensor, of_wide: &Tensor, dtype: DType) {
    assert_eq!((got.dtype(), got.shape()), (dtype, of_wide.shape()), "{what}");
    assert_eq!(bits(got), bits(&of_wide.cast(dtype).unwrap()), "{what} of {dtype}");
}

/// Those whose kernels know floats of 16 bits.
fn devices() -> impl Iterator<Item = Device> {
    testing_devices().into_iter().filter(|device| device.machine() != Machine::Wgpu)
}

#[test]
fn functions_of_one_and_of_two_elements() {
    for device in devices() {
        for dtype in HALVES {
            // An odd number of elements, a transposed view, and one that is broadcast.
            let (x, y) = (of(&device, 1, &[37, 15], dtype), of(&device, 2, &[15, 37], dtype));
            let (turned, row) = (y.t().unwrap(), y.narrow(1, 3, 1).unwrap().t().unwrap());
            for op in MAPS {
                let run = |x: &Tensor| map(op, x, -1.3, 1.7).unwrap();
                same(op.name(), &run(&x), &run(&wide(&x)), dtype);
                same(op.name(), &run(&turned), &run(&wide(&turned)), dtype);
            }
            for (op, b) in ZIPS.into_iter().flat_map(|op| [(op, &turned), (op, &row)]) {
                let got = zip(op, &x, b).unwrap();
                let dtype = if op.compares() { DType::F32 } else { dtype };
                same(op.name(), &got, &zip(op, &wide(&x), &wide(b)).unwrap(), dtype);
            }
            let none = of(&device, 1, &[0, 3], dtype);
            assert_eq!(none.add(&row.narrow(1, 0, 1).unwrap()).unwrap().dtype(), dtype);
        }
    }
}

#[test]
fn sums_are_taken_in_f32() {
    for device in devices() {
        for rung in ["1_naive", "2_tree"] {
            let device = device.with_rung("reduce", rung);
            // The CPU has no tree.
            if device.machine() == Machine::Cpu && rung != "1_naive" {
                continue;
            }
            for dtype in HALVES {
                // Many terms to few outputs: the second launch of the tree rounds, the first does not.
                let x = of(&device, 3, &[3, 70_001], dtype);
                let (some, turned) = (of(&device, 4, &[129, 67], dtype), x.t().unwrap());
                for op in [Reduce::Sum, Reduce::Max, Reduce::Min] {
                    for (x, dims) in
                        [(&x, &[1][..]), (&some, &[0]), (&some, &[0, 1]), (&turned, &[0])]
                    {
                        let run = |x: &Tensor| reduce(op, x, dims, false, 0.37).unwrap();
                        same(op.name(), &run(x), &run(&wide(x)), dtype);
                    }
                }
            }
        }
    }
    // A sum in bf16 would stay at 256.
    for device in devices() {
        let ones = Tensor::full(&device, &[1024], 1.0).unwrap().cast(DType::BF16).unwrap();
        assert_eq!(wide(&ones.sum_all().unwrap()).item::<f32>().unwrap(), 1024.0);
    }
}

#[test]
fn what_moves_or_adds_up_words_goes_through_f32() {
    for device in testing_devices() {
        for dtype in HALVES {
            let (x, y) = (of(&device, 5, &[9, 67], dtype), of(&device, 6, &[67, 9], dtype));
            let turned = y.t().unwrap();
            let ids: Vec<u32> = (0..18).map(|i| i * 5 % 67).collect();
            let index = Tensor::from_slice(&device, &ids, &[9, 2]).unwrap();
            let few = of(&device, 7, &[9, 2], dtype);
            type Op<'a> = &'a dyn Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>;
            let ops: [(&str, Op); 9] = [
                ("where", &|x, y, _| x.choose(x, y)),
                ("where by f32", &|x, y, _| wide(y).choose(x, y)),
                ("tril", &|x, _, _| x.tril(2)),
                ("triu", &|_, y, _| y.triu(-3)),
                ("cumsum", &|_, y, _| y.cumsum(1)),
                ("cumsum back", &|x, _, _| cumsum(x, 0, true)),
                ("gather", &|_, y, _| y.gather(1, &index)),
                ("scatter_add", &|x, _, few| x.scatter_add(1, &index, few)),
                ("topk", &|x, _, _| Ok(x.topk(7)?.0)),
            ];
            for (name, op) in ops {
                let got = op(&x, &turned, &few).unwrap();
                same(name, &got, &op(&wide(&x), &wide(&turned), &wide(&few)).unwrap(), dtype);
            }
            let places = |x: &Tensor| x.topk(7).unwrap().1.to_vec::<u32>().unwrap();
            assert_eq!(places(&x), places(&wide(&x)));
            // In place, with a source of another dtype: a gradient in f32.
            let (out, source) = (x.contiguous().unwrap(), wide(&few));
            let want = wide(&x).scatter_add(1, &index, &source).unwrap();
            scatter_add_into(&out, 1, &index, &source).unwrap();
            same("scatter_add_into", &out, &want, dtype);
            // An index that is not there shows.
            let outside = Tensor::from_slice(&device, &[67u32], &[1, 1]).unwrap();
            assert_eq!(bits(&x.gather(1, &outside).unwrap()), [u32::MAX]);
        }
    }
}

#[test]
fn what_has_no_rung_says_so() {
    for device in testing_devices().into_iter().filter(|d| d.machine() == Machine::Wgpu) {
        let x = of(&device, 1, &[2, 3], DType::BF16);
        for (result, op, binding) in [
            (x.exp(), "exp", "x"),
            (x.neg(), "affine", "x"),
            (x.add(&x), "add", "a"),
            (x.ne(&x), "ne", "a"),
            (x.sum(&[1], false), "sum", "x"),
            (x.max(&[0], false), "max", "x"),
        ] {
            let want = format!(
                "{op} takes f32, got bf16 as `{binding}`: it has no rung for that; convert with `cast`"
            );
            assert_eq!(result.unwrap_err().to_string(), want);
        }
    }
}
