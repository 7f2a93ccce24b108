//! Gradients of what chooses, splits and gathers: they go where an element came from, and nowhere else.
use strata_autograd::{Init, ParamBuilder, Var, check_gradients, choose, concat};
use strata_device::{Device, testing::testing_devices};
use strata_tensor::{DType, Element, Result, Tensor};

fn tensor<T: Element>(device: &Device, data: &[T], shape: &[usize]) -> Tensor {
    Tensor::from_slice(device, data, shape).unwrap()
}

fn leaf(device: &Device, data: &[f32], shape: &[usize]) -> Var {
    Var::leaf(tensor(device, data, shape))
}

fn grad(x: &Var) -> Vec<f32> {
    x.grad().expect("a gradient").to_vec().unwrap()
}

/// Every element's gradient differs.
fn weigh(y: Var) -> Result<Var> {
    let n = y.value().numel();
    let weights: Vec<f32> = (0..n).map(|i| 1.0 + 0.3 * (i % 7) as f32).collect();
    let weights = Tensor::from_slice(y.value().device(), &weights, y.shape())?;
    y.mul(&Var::constant(weights))?.sum_all()
}

fn check(name: &str, shapes: &[&[usize]], f: impl Fn(&Device, &[Var]) -> Result<Var>) {
    for device in testing_devices() {
        let make = |(i, s): (usize, &&[usize])| Tensor::randn(&device, s, i as u64).unwrap();
        let inputs: Vec<Tensor> = shapes.iter().enumerate().map(make).collect();
        for found in check_gradients(|v| weigh(f(&device, v)?), &inputs, 1e-2).unwrap() {
            assert!(found.error < 1e-2, "{name} on {device:?}: {found:?}");
        }
    }
}

#[test]
fn differences_agree() {
    let flags = |d: &Device, shape: &[usize]| {
        let data: Vec<i32> =
            (0..shape.iter().product()).map(|i: usize| (i % 3) as i32 - 1).collect();
        tensor(d, &data, shape)
    };
    check("where", &[&[2, 3], &[2, 3]], |d, v| choose(&flags(d, &[2, 3]), &v[0], &v[1]));
    check("where, stretched", &[&[3], &[2, 1]], |d, v| choose(&flags(d, &[4, 1, 3]), &v[0], &v[1]));
    check("where, one number", &[&[], &[5]], |d, v| choose(&flags(d, &[5]), &v[0], &v[1]));
    check("tril", &[&[2, 3, 5]], |_, v| v[0].tril(1));
    check("triu", &[&[5, 3]], |_, v| v[0].triu(-1));
    check("tril of a view", &[&[4, 3]], |_, v| v[0].transpose(0, 1)?.tril(0));
    check("gather", &[&[3, 4]], |d, v| v[0].gather(1, &tensor(d, &[3u32, 0, 3, 3, 1, 2], &[3, 2])));
    check("gather, shorter", &[&[3, 4]], |d, v| {
        v[0].gather(0, &tensor(d, &[2i32, 2, 0, 1, 2, 2], &[3, 2]))
    });
    let at = |d: &Device| tensor(d, &[1u32, 0, 1, 1, 1, 0], &[2, 3]);
    check("scatter_add", &[&[2, 3], &[2, 3]], |d, v| v[0].scatter_add(0, &at(d), &v[1]));
    check("scatter_add, shorter", &[&[4, 3], &[3, 5]], |d, v| v[0].scatter_add(0, &at(d), &v[1]));
    check("split", &[&[7, 2]], |_, v| {
        let parts = v[0].split(0, &[2, 1, 4])?;
        concat(&[&parts[2], &parts[0].square()?, &parts[2]], 0)
    });
    check("split_every", &[&[3, 5]], |_, v| {
        let parts = v[0].split_every(1, 2)?;
        concat(&[&parts[2], &parts[0].mul(&parts[1])?], 1)
    });
    check("chunk", &[&[5]], |_, v| v[0].chunk(0, 2)?[1].square());
}

#[test]
fn a_side_gets_nothing_where_it_was_not_chosen() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    for device in testing_devices() {
        // sqrt at 0 has an infinite slope: only what was chosen may see it.
        let x = leaf(&device, &[4.0, 0.0, -1.0, 9.0], &[4]);
        let zero = Var::constant(tensor(&device, &[0f32], &[]));
        let cond = x.value().gt(zero.value()).unwrap();
        let y = choose(&cond, &x, &zero.affine(0.0, 1.0).unwrap()).unwrap().sqrt().unwrap();
        y.sum_all().unwrap().backward().unwrap();
        assert_eq!(grad(&x), [0.25, 0.0, 0.0, 1.0 / 6.0]);
        // An upstream that is none stays on its side.
        let (a, b) = (leaf(&device, &[1.0; 3], &[3]), leaf(&device, &[2.0; 3], &[3]));
        let cond = tensor(&device, &[1f32, 0.0, 0.0], &[3]);
        choose(&cond, &a, &b)
            .unwrap()
            .backward_with(tensor(&device, &[inf, nan, 2.0], &[3]))
            .unwrap();
        assert_eq!(grad(&a), [inf, 0.0, 0.0]);
        let got = grad(&b);
        assert!(got[0] == 0.0 && got[1].is_nan() && got[2] == 2.0, "{got:?}");
        let x = leaf(&device, &[1.0; 4], &[2, 2]);
        let seed = tensor(&device, &[1.0, nan, 3.0, inf], &[2, 2]);
        x.tril(0).unwrap().backward_with(seed).unwrap();
        assert_eq!(grad(&x), [1.0, 0.0, 3.0, inf]);
    }
}

#[test]
fn both_sides_may_be_one_variable() {
    for device in testing_devices() {
        let x = leaf(&device, &[1.0, 2.0], &[2]);
        let cond = tensor(&device, &[1u32, 0], &[2]);
        choose(&cond, &x, &x.neg().unwrap()).unwrap().sum_all().unwrap().backward().unwrap();
        assert_eq!(grad(&x), [1.0, -1.0]);
        let at = tensor(&device, &[1u32, 1], &[2]);
        let y = x.scatter_add(0, &at, &x).unwrap();
        assert_eq!(y.value().to_vec::<f32>().unwrap(), [1.0, 5.0]);
        x.zero_grad().unwrap();
        y.backward_with(tensor(&device, &[10f32, 100.0], &[2])).unwrap();
        assert_eq!(grad(&x), [110.0, 200.0]);
    }
}

#[test]
fn parts_meet_in_one_gradient() {
    for device in testing_devices() {
        let x = leaf(&device, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[6]);
        let y = x.affine(1.0, 0.0).unwrap();
        y.retain_grad();
        // Parts, parts that overlap, one part twice, one not at all, and the whole, in either order.
        let parts = y.split(0, &[2, 2, 1, 1]).unwrap();
        let middle = y.narrow(0, 1, 4).unwrap();
        let spread = y.slice_step(0, 1, 6, 2).unwrap();
        let all = [&parts[0], &parts[0], &parts[2], &middle, &spread];
        let sums: Vec<Var> = all.iter().map(|v| v.sum_all().unwrap()).collect();
        let mut total = y.sum_all().unwrap();
        for sum in &sums {
            total = sum.add(&total).unwrap();
        }
        total = total.add(&y.affine(2.0, 0.0).unwrap().sum_all().unwrap()).unwrap();
        total.backward().unwrap();
        let want = [5.0, 7.0, 4.0, 5.0, 5.0, 4.0];
        assert_eq!(grad(&x), want, "{device:?}");
        assert_eq!(grad(&y), want);
        total.backward().unwrap();
        assert_eq!(grad(&x), want.map(|g| 2.0 * g));
    }
}

#[test]
fn parts_of_a_parameter_are_added_in_its_arena() {
    for device in testing_devices() {
        let builder = ParamBuilder::new();
        let w = builder.param("w", &[4, 3], Init::Normal(1.0), true);
        let all = builder.build(&device, 1).unwrap();
        let w = w.var().unwrap().clone();
        let parts = w.split_every(0, 2).unwrap();
        let loss = parts[1].sum_all().unwrap().add(&w.narrow(1, 0, 1).unwrap().sum_all().unwrap());
        let loss = loss.unwrap();
        let want = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 1.0, 1.0, 2.0, 1.0, 1.0];
        for times in [1.0, 2.0] {
            loss.backward().unwrap();
            assert_eq!(grad(&w), want.map(|g| times * g), "{device:?}");
        }
        all.zero_grad().unwrap();
        let at = tensor(&device, &[2i32, 2, 0], &[1, 3]);
        let picked = w.gather(0, &at).unwrap().sum_all().unwrap();
        for times in [1.0, 2.0] {
            picked.backward().unwrap();
            let mut want = [0.0; 12];
            (want[6], want[7], want[2]) = (times, times, times);
            assert_eq!(grad(&w), want, "{device:?}");
        }
    }
}

#[test]
fn sixteen_bits_are_cut_too() {
    for device in testing_devices() {
        let x = leaf(&device, &[1.0, 2.0, 3.0, 4.0], &[4]);
        let parts = x.cast(DType::BF16).unwrap().split(0, &[1, 3]).unwrap();
        let sum = parts[1].cast(DType::F32).unwrap().sum_all().unwrap();
        sum.add(&parts[0].cast(DType::F32).unwrap().sum_all().unwrap())
            .unwrap()
            .backward()
            .unwrap();
        assert_eq!(grad(&x), [1.0; 4]);
    }
}

#[test]
fn integers_have_no_slope() {
    for device in testing_devices() {
        let x = Var::leaf(tensor(&device, &[1i32, 2, 3], &[3]));
        let at = tensor(&device, &[0u32, 2], &[2]);
        let made = [
            x.add(&x).unwrap(),
            x.gather(0, &at).unwrap(),
            choose(x.value(), &x, &x).unwrap(),
            x.unsqueeze(0).unwrap().tril(0).unwrap(),
        ];
        assert!(made.iter().all(|v| !v.requires_grad() && v.inputs().is_empty()));
        assert_eq!(made[0].value().to_vec::<i32>().unwrap(), [2, 4, 6]);
        assert_eq!(made[1].value().to_vec::<i32>().unwrap(), [1, 3]);
    }
}

#[test]
fn an_index_outside_shows_in_the_gradient() {
    for device in testing_devices() {
        let x = leaf(&device, &[1.0, 2.0, 3.0], &[3]);
        let y = x.gather(0, &tensor(&device, &[1i32, -1], &[2])).unwrap();
        assert!(y.value().to_vec::<f32>().unwrap()[1].is_nan());
        y.backward_with(tensor(&device, &[5f32, 7.0], &[2])).unwrap();
        let got = grad(&x);
        assert!(got[0].is_nan() && got[1] == 5.0 && got[2] == 0.0, "{got:?}");
    }
}
