//! Shapes that nobody means: lengths beyond any integer, no lengths at all, seven dimensions, axes that
//! are not there. Every public op answers with a result or an error that names it; none panics, and none
//! takes memory that the answer does not need. What has a ladder is found by looking (`ladders.rs`); here
//! are views, and what takes more than tensors.
mod ladders;
mod small;

use proptest::prelude::*;
use small::small;
use strata_ml::adamw::{AdamWConfig, SgdConfig, adamw, adamw_with_shadow, sgd, sgd_with_shadow};
use strata_ml::attention::{
    Options, attention_weights, backward, forward, merge_heads, split_heads, split_qkv,
};
use strata_ml::autograd::{Var, concat, stack};
use strata_ml::device::{DType, Device, Machine, StepState};
use strata_ml::matmul::{Epilogue, column_sum, gemm_into, linear, linear_tied, matmul};
use strata_ml::tensor::ops::{self, Reduce, Zip};
use strata_ml::tensor::{Error, Layout, Result, Tensor};

/// Lengths with a meaning, near one, or beyond all.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        6 => 0..5usize,
        2 => prop::sample::select(vec![31, 64, 65, 255, 256, 1000, 65_535, 65_536]),
        2 => prop::sample::select(vec![
            1 << 20, 1 << 24, (1 << 31) - 1, 1 << 31, u32::MAX as usize, 1 << 32, (1 << 32) + 1,
        ]),
        1 => prop::sample::select(vec![
            1 << 33, 1 << 40, 1 << 62, usize::MAX / 4 + 1, usize::MAX / 2, usize::MAX - 1, usize::MAX,
        ]),
        1 => any::<usize>(),
    ]
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(length(), 0..=8)
}

/// Each machine plans its launches in its own way.
fn machine() -> impl Strategy<Value = Machine> {
    prop::sample::select(&Machine::ALL[..])
}

/// A tensor of that shape, if there can be one: a number repeated, or nothing at all.
fn tensor(device: &Device, dtype: DType, shape: &[usize]) -> Option<Tensor> {
    if shape.contains(&0) {
        return Tensor::empty(device, dtype, shape).ok();
    }
    let one = Tensor::zeros(device, dtype, &[1]).ok()?;
    one.broadcast_to(shape).ok()
}

/// What an op may answer: anything, but an error is a sentence that names it.
fn answered<T>(op: &str, outcome: Result<T>) {
    let Err(error) = outcome else { return };
    let text = error.to_string();
    assert!(text.len() > op.len().min(4), "{op}: {text:?}");
    if let Error::Room { op, shape, bytes, .. } = &error {
        assert!(!op.is_empty() && text.contains(&format!("{shape:?}")), "{text}");
        assert!(text.contains(&bytes.to_string()), "{text}");
    }
}

/// The process may not have more than this: an allocation beyond it ends the test. Checkers, whose
/// shadows are larger, are told so by themselves.
fn bounded() {
    #[cfg(target_os = "linux")]
    if std::env::var_os("STRATA_CHECKED").is_none() {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::As).maximum;
        let bound = Rlimit { current: Some(3 << 30), maximum };
        setrlimit(Resource::As, bound).unwrap();
    }
}

fn config(cases: u32) -> ProptestConfig {
    bounded();
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn tensors_are_made_or_refused(machine in machine(), shape in shape(), n in length()) {
        let device = small(machine);
        for dtype in DType::ALL {
            answered("empty", Tensor::empty(&device, dtype, &shape));
            answered("zeros", Tensor::zeros(&device, dtype, &shape));
        }
        answered("full", Tensor::full(&device, &shape, 1.0));
        answered("randn", Tensor::randn(&device, &shape, 1));
        answered("uniform", Tensor::uniform(&device, &shape, 1));
        answered("arange", Tensor::arange(&device, n));
        answered("from_slice", Tensor::from_slice(&device, &[1f32; 6], &shape));
    }

    #[test]
    fn layouts_are_within_their_buffer_or_refused(machine in machine(),
        shape in shape(), strides in prop::collection::vec(length(), 0..=8), offset in length(),
    ) {
        let device = small(machine);
        let buffer = device.alloc(1 << 16).unwrap();
        let layout = Layout { shape, strides, offset };
        for dtype in [DType::F32, DType::BF16] {
            let Ok(x) = Tensor::from_buffer(buffer.clone(), dtype, layout.clone()) else { continue };
            answered("contiguous", x.contiguous());
            answered("cast", x.cast(DType::U32));
            answered("copy", ops::copy_into(&x, &x));
            if x.numel() < 1 << 20 {
                answered("read", x.to_bytes());
            }
        }
    }

    #[test]
    fn views_lie_within_the_tensor(machine in machine(),
        from in shape(), to in shape(), d in 0..9usize, e in 0..9usize,
        start in length(), len in length(), step in length(),
        order in prop::collection::vec(0..9usize, 0..=8),
    ) {
        let device = small(machine);
        let Some(x) = tensor(&device, DType::F32, &from) else { return Ok(()) };
        answered("permute", x.permute(&order));
        answered("t", x.t());
        let views = [
            x.reshape(&to), x.broadcast_to(&to), x.transpose(d, e), x.narrow(d, start, len),
            x.slice_step(d, start, len, step), x.select(d, start), x.squeeze(d), x.unsqueeze(d),
        ];
        for view in views {
            let Ok(view) = view else { continue };
            prop_assert!(view.shape().len() <= 6);
            answered("sum_all", view.sum_all());
            answered("contiguous", view.contiguous());
            answered("narrow", view.narrow(0, 0, 1).and_then(|v| v.exp()));
            let spread = [&[2], view.shape()].concat();
            answered("broadcast_to", view.broadcast_to(&spread).and_then(|v| v.square()));
        }
        let var = Var::leaf(x.clone());
        let views = [
            var.reshape(&to), var.broadcast_to(&to), var.narrow(d, start, len),
            var.slice_step(d, start, len, step), var.permute(&order),
        ];
        for view in views.into_iter().flatten() {
            answered("backward", view.sum_all().and_then(|sum| sum.backward()));
        }
    }

    #[test]
    fn elementwise_ops_and_reductions_answer(machine in machine(),
        a in shape(), b in shape(), dims in prop::collection::vec(0..8usize, 0..=4), d in 0..9usize,
    ) {
        let device = small(machine);
        let (Some(a), Some(b)) = (tensor(&device, DType::F32, &a), tensor(&device, DType::F32, &b))
        else { return Ok(()) };
        answered("add", ops::zip(Zip::Add, &a, &b));
        answered("pow", ops::zip(Zip::Pow, &b, &a));
        answered("exp", a.exp());
        answered("clamp", a.clamp(0.0, 1.0));
        answered("mean", a.mean(&dims, d > 4));
        answered("max", ops::reduce(Reduce::Max, &a, &dims, d > 4, 2.0));
        answered("argmax", a.argmax());
        for dtype in DType::ALL {
            answered("cast", a.cast(dtype));
        }
        answered("where", a.choose(&b, &a));
        answered("tril", a.tril(d as isize - 4));
        answered("triu", b.triu(isize::MIN));
        answered("isnan", a.isnan());
        answered("zeros_like", a.zeros_like());
        answered("ones_like", a.ones_like());
        answered("concat", ops::concat(&[a.clone(), b.clone(), a.clone()], d));
        answered("stack", ops::stack(&[a.clone(), a.clone()], d));
        answered("copy", ops::copy_into(&a, &b));
        answered("accumulate", ops::accumulate(&a, &b, 1.0));
        answered("fill", ops::fill_bits(&a, 0));
        answered("write", a.write(&[0f32; 3]));
        answered("item", if a.numel() < 1 << 20 { a.item::<f32>() } else { Ok(0.0) });
        let (x, y) = (Var::leaf(a), Var::leaf(b));
        let sum = x.mul(&y).and_then(|z| z.mean(&dims, true)).and_then(|z| z.sum_all());
        answered("backward", sum.and_then(|sum| sum.backward()));
        answered("concat", concat(&[&x, &y], d));
        answered("stack", stack(&[&x, &x], d));
    }

    #[test]
    fn what_gathers_and_splits_answers(machine in machine(),
        a in shape(), b in shape(), d in 0..7usize, n in length(), m in length(),
    ) {
        let device = small(machine);
        // Of as many dimensions, and no longer, as well as of any other shape.
        let shorter: Vec<usize> = a.iter().zip(b.iter().chain([&n, &m])).map(|(&a, &b)| a.min(b)).collect();
        let Some(x) = tensor(&device, DType::F32, &a) else { return Ok(()) };
        for shape in [&a, &b, &shorter] {
            for dtype in [DType::I32, DType::U32, DType::F16] {
                let Some(ids) = tensor(&device, dtype, shape) else { continue };
                answered("rem", ids.rem(&ids));
                answered("eq", ids.eq(&x));
                answered("one_hot", ids.one_hot(n));
                answered("gather", x.gather(d, &ids));
                answered("gather", ids.gather(d, &ids));
                let Some(src) = tensor(&device, DType::F32, shape) else { continue };
                answered("scatter_add", x.scatter_add(d, &ids, &src));
                answered("scatter_add", x.scatter_add(d, &ids, &x));
                answered("scatter_add", ops::scatter_add_into(&x, d, &ids, &src));
                let (x, src) = (Var::leaf(x.clone()), Var::leaf(src));
                let sum = x.scatter_add(d, &ids, &src).and_then(|y| y.gather(d, &ids));
                answered("backward", sum.and_then(|y| y.sum_all()).and_then(|sum| sum.backward()));
            }
        }
        // So many views are an answer, for which this process has no room; of more, the list has none.
        let length = a.get(d).copied().unwrap_or(0);
        let too_many = |parts: usize| (1 << 21..1 << 26).contains(&parts);
        let every = if too_many(length.div_ceil(n.max(1))) { length } else { n };
        let chunks = if too_many(n.min(length)) { 1 } else { n };
        let parts =
            [x.split(d, &[n, m]), x.split_every(d, every), x.chunk(d, chunks), x.chunk(d, 2)];
        for parts in parts {
            if let Ok(parts) = &parts {
                let whole: usize = parts.iter().map(|part| part.shape()[d]).sum();
                prop_assert_eq!(whole, a[d]);
            }
            answered("parts", parts);
        }
    }

    #[test]
    fn products_answer(machine in machine(),
        a in shape(), b in shape(), m in length(), n in length(), k in length(), batch in length(),
    ) {
        let device = small(machine);
        let f32s = |shape: &[usize]| tensor(&device, DType::F32, shape);
        if let (Some(a), Some(b)) = (f32s(&a), f32s(&b)) {
            answered("matmul", matmul(&a, &b));
            answered("linear_tied", linear_tied(&Var::leaf(a.clone()), &Var::leaf(b.clone())));
            answered("column_sum", column_sum(&a, &b, true));
        }
        for (left, right) in [
            (vec![m, k], vec![k, n]),
            (vec![batch, m, k], vec![k, n]),
            (vec![batch, m, k], vec![batch, k, n]),
            (vec![2, batch, m, k], vec![batch, k, n]),
            (vec![2, 1, 3, m, k], vec![2, batch, 1, k, n]),
        ] {
            let (Some(a), Some(b)) = (f32s(&left), f32s(&right)) else { continue };
            answered("matmul", matmul(&a, &b));
            if let Ok(at) = a.t() {
                answered("matmul", at.t().and_then(|a| matmul(&a, &b)));
            }
            if let Ok(out) = Tensor::zeros(&device, DType::F32, &[m, n]) {
                let epilogue = Epilogue { residual: Some(&out), bias: Some(&b), ..Epilogue::default() };
                answered("matmul", gemm_into(&out, &a, &b, epilogue));
            }
            let (x, w) = (Var::leaf(a), Var::leaf(b));
            let sum = linear(&x, &w, None).and_then(|y| y.sum_all());
            answered("backward", sum.and_then(|sum| sum.backward()));
        }
    }

    #[test]
    fn attention_answers(machine in machine(),
        a in shape(), b in shape(), heads in length(), sizes in prop::collection::vec(length(), 5),
        causal in any::<bool>(), masked in any::<bool>(),
    ) {
        let device = small(machine);
        let f32s = |shape: &[usize]| tensor(&device, DType::F32, shape);
        let key_mask = if masked { f32s(&b) } else { None };
        let options = Options { causal, key_mask, ..Options::default() };
        for x in [f32s(&a), f32s(&b)].into_iter().flatten() {
            answered("split_qkv", split_qkv(&x, heads));
            answered("split_heads", split_heads(&x, heads));
            answered("merge_heads", merge_heads(&x));
            answered("attention", forward(&x, &x, &x, &options));
        }
        let &[batch, heads, rows, keys, dim] = &sizes[..] else { return Ok(()) };
        let (Some(q), Some(k)) = (f32s(&[batch, heads, rows, dim]), f32s(&[batch, heads, keys, dim]))
        else { return Ok(()) };
        let key_mask = if masked { f32s(&[batch, keys]) } else { None };
        let options = Options { causal, key_mask, ..Options::default() };
        answered("attention_weights", attention_weights(&q, &k, &options));
        for rung in ["1_naive", "3_flash1"] {
            let device = device.with_rung("attention", rung);
            let Some(q) = tensor(&device, DType::F32, q.shape()) else { continue };
            match forward(&q, &k, &k, &options) {
                Ok(attended) => {
                    answered("backward", backward(&q, &k, &k, &attended, &attended.out, &options));
                }
                Err(error) => answered::<()>("attention", Err(error)),
            }
        }
    }

    #[test]
    fn optimizers_answer(machine in machine(), shape in shape(), decayed in length()) {
        let device = small(machine);
        let Some(arena) = tensor(&device, DType::F32, &shape) else { return Ok(()) };
        let state = device.step_state(StepState::default()).unwrap();
        let norm = Tensor::zeros(&device, DType::F32, &[]).unwrap();
        let fresh = || Tensor::zeros(&device, DType::F32, &shape).unwrap_or_else(|_| arena.clone());
        let (p, g, m, v) = (fresh(), fresh(), fresh(), fresh());
        answered("adamw", adamw([&p, &g, &m, &v], &state, &norm, decayed, AdamWConfig::default()));
        answered("sgd", sgd(&p, &g, None, &state, &norm, decayed, SgdConfig::default()));
        let Some(shadow) = tensor(&device, DType::BF16, &shape) else { return Ok(()) };
        let (all, config) = ([&p, &g, &m, &v], AdamWConfig::default());
        answered("adamw", adamw_with_shadow(all, &shadow, &state, &norm, decayed, config));
        let (values, config) = ([&p, &shadow], SgdConfig::default());
        answered("sgd", sgd_with_shadow(values, &g, None, &state, &norm, decayed, config));
    }
}
