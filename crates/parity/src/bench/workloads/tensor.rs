//! Chapters 1 and 3: elements, rows and matrices.

use crate::Outcome;
use crate::bench::workload::{Inputs, Run, Shapes};
use crate::cases::Work;
use strata_ml::autograd::Product as Pair;
use strata_ml::matmul::{Epilogue, add_products, column_sum as add_rows, gemm_into};
use strata_ml::tensor::ops::{self, Map, Reduce, Zip};
use strata_ml::tensor::{DType, Tensor};

pub(super) const LIST: &[Work] = &[
    ("fill", fill),
    ("copy", copy),
    ("copy", transpose),
    ("cast", cast),
    ("map", map),
    ("zip", zip),
    ("zip", zip_row),
    ("zip_integers", zip_integers),
    ("where", choose),
    ("triangle", triangle),
    ("one_hot", one_hot),
    ("gather", gather),
    ("scatter_add", scatter_add),
    ("scatter_add", scatter_add_column),
    ("accumulate", accumulate),
    ("reduce", reduce_rows),
    ("reduce", reduce_all),
    ("argmax", argmax),
    ("cumsum", cumsum_rows),
    ("cumsum", cumsum_all),
    ("topk", |s, d| topk(s, d, 8)),
    ("topk", |s, d| topk(s, d, s.vocab)),
    ("multinomial", multinomial),
    ("matmul", |s, d| product(s, d, Product::Qkv)),
    ("matmul", |s, d| product(s, d, Product::Up)),
    ("matmul", |s, d| product(s, d, Product::Down)),
    ("matmul", |s, d| product(s, d, Product::Head)),
    ("matmul", |s, d| product(s, d, Product::Weights)),
    ("matmul", |s, d| product(s, d, Product::Inputs)),
    ("grouped_matmul", weight_gradients),
    ("column_sum", column_sum),
];

/// The weights of all layers, and the head's, from what went in and the gradient of what came out.
fn weight_gradients(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let (c, rows) = (s.width, s.rows());
    let of = |n: usize| device.noise(&[rows, n]);
    let (narrow, hidden, wide) = (of(c)?, of(4 * c)?, of(3 * c)?);
    let (logits, out) = (of(s.vocab)?, of(c)?);
    let mut list = vec![(&logits, &narrow)];
    // Six layers, as gpt-12m has.
    for _ in 0..6 {
        list.extend([(&hidden, &out), (&narrow, &hidden), (&narrow, &out), (&narrow, &wide)]);
    }
    let size = |t: &Tensor| t.shape().last().copied().unwrap_or(1);
    let places = list.iter().map(|(a, b)| size(a).saturating_mul(size(b)));
    let total = places.fold(0, usize::saturating_add);
    let arena = device.empty(DType::F32, &[total])?;
    ops::fill_bits(&arena, 0)?;
    let (mut products, mut at) = (Vec::new(), 0);
    for (a, b) in list {
        let (m, n) = (size(a), size(b));
        let numbers = m.saturating_mul(n);
        let into = arena.narrow(0, at, numbers)?.reshape(&[m, n])?;
        products.push(Pair { into, a: a.t()?, b: b.clone() });
        at = at.saturating_add(numbers);
    }
    let label = format!("{} weights over {rows} rows", products.len());
    Run::new(label, move || Ok(add_products(&products)?))
}

fn fill(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.empty(DType::F32, &[s.parameters])?;
    Run::new(format!("{} zeros", s.parameters), move || Ok(ops::fill_bits(&x, 0)?))
}

fn copy(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let shape = [s.rows(), 4 * s.width];
    let (x, y) = (device.noise(&shape)?, device.result(&shape)?);
    Run::new(format!("{:?}", x.shape()), move || Ok(ops::copy_into(&x, &y)?))
}

fn transpose(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.rows(), 4 * s.width])?.t()?;
    let y = device.result(&[4 * s.width, s.rows()])?;
    Run::new(format!("{:?}, transposed", x.shape()), move || Ok(ops::copy_into(&x, &y)?))
}

fn cast(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.parameters])?;
    Run::new(format!("{:?} to bf16", x.shape()), move || Ok(x.cast(DType::BF16).map(drop)?))
}

fn map(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.rows(), 4 * s.width])?;
    let shape = format!("tanh of {:?}", x.shape());
    Run::new(shape, move || Ok(ops::map(Map::Tanh, &x, 0.0, 0.0).map(drop)?))
}

fn zip(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let (a, b) = (device.noise(&[s.rows(), s.width])?, device.noise(&[s.rows(), s.width])?);
    let shape = format!("{:?} + the same", a.shape());
    Run::new(shape, move || Ok(ops::zip(Zip::Add, &a, &b).map(drop)?))
}

fn zip_row(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let (a, b) = (device.noise(&[s.rows(), 4 * s.width])?, device.noise(&[4 * s.width])?);
    let shape = format!("{:?} + a row", a.shape());
    Run::new(shape, move || Ok(ops::zip(Zip::Add, &a, &b).map(drop)?))
}

/// Ids from 0 to `n` that no pattern fits.
fn ids(device: &Inputs, shape: &[usize], n: usize) -> Outcome<Tensor> {
    Ok(device
        .wide_noise(shape)?
        .affine(n as f32 / 4.0, n as f32 / 2.0)?
        .clamp(0.0, n as f32 - 1.0)?
        .cast(DType::U32)?)
}

fn zip_integers(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let (a, b) = (ids(device, &[s.rows(), s.width], 4096)?, ids(device, &[s.rows(), s.width], 64)?);
    Run::new(format!("{:?} / the same", a.shape()), move || {
        Ok(ops::zip(Zip::Div, &a, &b).map(drop)?)
    })
}

fn choose(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let new = || device.noise(&[s.rows(), s.width]);
    let (cond, a, b) = (new()?.step(0.0)?, new()?, new()?);
    Run::new(format!("{:?}, half of each", a.shape()), move || Ok(cond.choose(&a, &b).map(drop)?))
}

fn triangle(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.rows(), s.width])?;
    Run::new(format!("lower of {:?}", x.shape()), move || Ok(x.tril(0).map(drop)?))
}

fn one_hot(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let (rows, classes) = (s.rows(), s.vocab);
    let x = ids(device, &[rows], classes)?;
    Run::new(format!("{rows} of {classes}"), move || Ok(x.one_hot(classes).map(drop)?))
}

fn gather(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.vocab, s.width])?;
    let at = ids(device, &[s.rows(), s.width], s.vocab)?;
    let shape = format!("{:?} of {:?}", at.shape(), x.shape());
    Run::new(shape, move || Ok(x.gather(0, &at).map(drop)?))
}

fn scatter_add(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let (x, src) = (device.noise(&[s.vocab, s.width])?, device.noise(&[s.rows(), s.width])?);
    let at = ids(device, &[s.rows(), s.width], s.vocab)?;
    let shape = format!("{:?} to {:?}", src.shape(), x.shape());
    Run::new(shape, move || Ok(ops::scatter_add_into(&x, 0, &at, &src)?))
}

fn scatter_add_column(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let (x, src) = (device.noise(&[s.vocab])?, device.noise(&[s.rows() * s.width])?);
    let at = ids(device, &[s.rows() * s.width], s.vocab)?;
    let shape = format!("{:?} to {:?}", src.shape(), x.shape());
    Run::new(shape, move || Ok(ops::scatter_add_into(&x, 0, &at, &src)?))
}

fn accumulate(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let (a, b) = (device.noise(&[s.rows(), s.width])?, device.noise(&[s.rows(), s.width])?);
    Run::new(format!("{:?}", a.shape()), move || Ok(ops::accumulate(&a, &b, 1e-3)?))
}

fn reduce_rows(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.rows(), s.width])?;
    let shape = format!("rows of {:?}", x.shape());
    Run::new(shape, move || Ok(ops::reduce(Reduce::Sum, &x, &[1], false, 1.0).map(drop)?))
}

fn reduce_all(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.parameters])?;
    let shape = format!("all of {:?}", x.shape());
    Run::new(shape, move || Ok(ops::reduce(Reduce::Sum, &x, &[0], false, 1.0).map(drop)?))
}

fn argmax(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.rows(), s.vocab])?;
    Run::new(format!("{:?}", x.shape()), move || Ok(x.argmax().map(drop)?))
}

fn cumsum_rows(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.rows(), s.width])?;
    Run::new(format!("rows of {:?}", x.shape()), move || Ok(x.cumsum(1).map(drop)?))
}

fn cumsum_all(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.rows() * s.width])?;
    Run::new(format!("{:?}", x.shape()), move || Ok(x.cumsum(0).map(drop)?))
}

fn topk(s: &Shapes, device: &Inputs, k: usize) -> Outcome<Run> {
    let x = device.noise(&[s.batch, s.vocab])?;
    Run::new(format!("{k} of {:?}", x.shape()), move || Ok(x.topk(k).map(drop)?))
}

fn multinomial(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.batch, s.vocab])?.square()?;
    let shape = format!("1 of {:?}", x.shape());
    Run::new(shape, move || Ok(x.multinomial(1, 1, true).map(drop)?))
}

/// The products of a block and the head, and the gradients of the widest.
#[derive(Clone, Copy)]
enum Product {
    Qkv,
    Up,
    Down,
    Head,
    Weights,
    Inputs,
}

fn product(s: &Shapes, device: &Inputs, which: Product) -> Outcome<Run> {
    let (rows, c, v) = (s.rows(), s.width, s.vocab);
    let (m, k, n, what) = match which {
        Product::Qkv => (rows, c, 3 * c, "bias"),
        Product::Up => (rows, c, 4 * c, "bias, gelu"),
        Product::Down => (rows, 4 * c, c, "bias, residual"),
        Product::Head => (rows, c, v, "b transposed"),
        Product::Weights => (c, rows, 4 * c, "a transposed, accumulate"),
        Product::Inputs => (rows, 4 * c, c, "b transposed"),
    };
    let a = match which {
        Product::Weights => device.noise(&[k, m])?.t()?,
        _ => device.noise(&[m, k])?,
    };
    let b = match which {
        Product::Head | Product::Inputs => device.noise(&[n, k])?.t()?,
        _ => device.noise(&[k, n])?,
    };
    // Gradients of weights add up in f32.
    let out = match which {
        Product::Weights => device.zeros(&[m, n])?,
        _ => device.result(&[m, n])?,
    };
    let bias = device.wide_noise(&[n])?;
    let biased = matches!(which, Product::Qkv | Product::Up | Product::Down);
    let residual = matches!(which, Product::Down).then(|| device.noise(&[m, n])).transpose()?;
    let gelu = matches!(which, Product::Up);
    let activated = gelu.then(|| device.result(&[m, n])).transpose()?;
    Run::new(format!("[{m}, {k}] by [{k}, {n}], {what}"), move || {
        let epilogue = Epilogue {
            alpha: 1.0,
            accumulate: matches!(which, Product::Weights),
            bias: biased.then_some(&bias),
            residual: residual.as_ref(),
            activated: activated.as_ref(),
        };
        Ok(gemm_into(&out, &a, &b, epilogue)?)
    })
}

fn column_sum(s: &Shapes, device: &Inputs) -> Outcome<Run> {
    let x = device.noise(&[s.rows(), 4 * s.width])?;
    let out = device.zeros(&[4 * s.width])?;
    Run::new(format!("{:?}", x.shape()), move || Ok(add_rows(&out, &x, true)?))
}
