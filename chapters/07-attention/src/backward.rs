use crate::params::{MaskedState, Params, shared};
use crate::problem::{Problem, in_rows, view, view_together};
use crate::{Attended, Options, cpu, plan};
use strata_device::{Ladder, Launch, Machine, Rung, StepState, Stored, kernel};
use strata_tensor::{Error, Layout, Result, Tensor, bytes_of, numel, ops::copy_into};

/// Gradients of the inputs, each with its input's shape; three views of one buffer.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// Of the queries.
    pub dq: Tensor,
    /// Of the keys.
    pub dk: Tensor,
    /// Of the values.
    pub dv: Tensor,
}

#[derive(Debug)]
pub(crate) struct Args {
    problem: Problem,
    out: Tensor,
    lse: Tensor,
    d_out: Tensor,
    grads: Gradients,
}

kernel! {
    /// What the four naive kernels take.
    pub(crate) mod gradients {
        bindings {
            q: read Stored,
            k: read Stored,
            v: read Stored,
            d_out: read Stored,
            lse: read f32,
            state: read MaskedState,
            scratch: write f32,
            grads: write Stored,
        }
        params of shared
    }
    static PROBABILITIES = "attention_backward/1_naive"(probabilities) {
        cuda, wgsl, cpu: cpu::probabilities in "src/cpu/naive_backward.rs", heeds ["MASK"]
    }
    static SOFTMAX_BACKWARD = "attention_backward/1_naive"(softmax_backward) {
        cuda, wgsl, cpu: cpu::softmax_backward in "src/cpu/naive_backward.rs"
    }
    static NAIVE_DKDV = "attention_backward/1_naive"(dkdv) {
        cuda, wgsl, cpu: cpu::naive_dkdv in "src/cpu/naive_backward.rs", heeds ["MASK"]
    }
    static NAIVE_DQ = "attention_backward/1_naive"(dq) {
        cuda, wgsl, cpu: cpu::naive_dq in "src/cpu/naive_backward.rs", heeds ["MASK"]
    }
}

kernel! {
    /// A sum for each query. The params' `q` describes the output, their `out` its gradient.
    pub(crate) mod row_sums {
        bindings {
            out: read Stored,
            d_out: read Stored,
            state: read StepState,
            of_rows: write f32,
        }
        params of shared
    }
    static DELTA = "attention_backward/3_flash1_delta"(delta) {
        cuda, wgsl, cpu: cpu::delta in "src/cpu/delta.rs"
    }
}

kernel! {
    /// What the two flash kernels take.
    pub(crate) mod gradients_tiled {
        bindings {
            q: read Stored,
            k: read Stored,
            v: read Stored,
            d_out: read Stored,
            lse: read f32,
            delta: read f32,
            state: read MaskedState,
            grads: write Stored,
        }
        params of shared
    }
    static DKDV = "attention_backward/3_flash1_dkdv"(dkdv) {
        cuda, wgsl, cpu: cpu::dkdv in "src/cpu/flash1_backward.rs", heeds ["MASK"]
    }
    static DQ = "attention_backward/3_flash1_dq"(dq) {
        cuda, wgsl, cpu: cpu::dq in "src/cpu/flash1_backward.rs", heeds ["MASK"]
    }
}

fn naive(a: &Args, device: &strata_device::Device) -> strata_device::Result<Vec<Launch>> {
    let p = &a.problem;
    let scratch = plan::scratch(device, &[2, p.batch, p.heads, p.rows, p.keys])?;
    let ((q, q_view), (k, k_view), (v, v_view)) = (view(&p.q), view(&p.k), view(&p.v));
    let (d_out, out) = view(&a.d_out);
    let (grads, [dq, dk, dv]) = view_together([&a.grads.dq, &a.grads.dk, &a.grads.dv]);
    let params = Params { q: q_view, k: k_view, v: v_view, out, dq, dk, dv, ..p.params() };
    let (lse, state, both) = (a.lse.binding(), p.state(), scratch.binding());
    let bindings = gradients::Bindings { q, k, v, d_out, lse, state, scratch: both, grads };
    let draw = if p.drops() { plan::DRAW } else { 0 };
    let launch = |kernel, n: usize, rounds: usize, products: f64, touched: usize| {
        let launch = p.launch(kernel, bindings.clone(), params);
        let flops = 2.0 * products * p.pairs() * p.dim as f64;
        launch.cover(n, 256).rounds(rounds).cost(flops, touched as f64)
    };
    let [pairs, queries, keys] = [scratch.numel() / 2, p.q.numel(), p.k.numel()];
    let (read, kept) = (p.q.nbytes() + p.k.nbytes(), scratch.nbytes() / 2);
    Ok(vec![
        launch(&PROBABILITIES, pairs, p.dim + draw, 2.0, 2 * (read + kept)),
        launch(&SOFTMAX_BACKWARD, p.all_rows(), (2 + draw) * p.keys, 0.0, 3 * kept),
        launch(&NAIVE_DKDV, keys, p.rows, 2.0, 2 * (read + kept)),
        launch(&NAIVE_DQ, queries, p.keys, 1.0, read + kept),
    ])
}

fn flash1(a: &Args, device: &strata_device::Device) -> strata_device::Result<Vec<Launch>> {
    let p = &a.problem;
    let ((q, q_view), (k, k_view), (v, v_view)) = (view(&p.q), view(&p.k), view(&p.v));
    let (d_out, d_out_view) = view(&a.d_out);
    let (out, out_view) = view(&a.out);
    let sums = plan::scratch(device, &[p.batch, p.heads, p.rows])?;
    let (rows, state, of_rows, delta) = (p.all_rows(), p.state(), sums.binding(), sums.binding());
    let first = row_sums::Bindings { out, d_out: d_out.clone(), state: state.clone(), of_rows };
    let first = p
        .launch(&DELTA, first, Params { q: out_view, out: d_out_view, ..p.params() })
        .cover(rows, 256)
        .rounds(p.dim)
        .cost(2.0 * a.out.numel() as f64, bytes_of([&a.out, &a.d_out, &sums]));

    let (grads, [dq, dk, dv]) = view_together([&a.grads.dq, &a.grads.dk, &a.grads.dv]);
    let out = d_out_view;
    let params = Params { q: q_view, k: k_view, v: v_view, out, dq, dk, dv, ..p.params() };
    let lse = a.lse.binding();
    let bindings = gradients_tiled::Bindings { q, k, v, d_out, lse, delta, state, grads };
    let tiles = plan::Tiles::new(device, p, 4, &params);
    let launch = |kernel, products: f64, written: usize| {
        let read = 2 * (p.q.nbytes() + p.k.nbytes() + sums.nbytes());
        let flops = 2.0 * products * p.pairs() * p.dim as f64;
        p.launch(kernel, bindings.clone(), params).cost(flops, (read + written) as f64)
    };
    let (queries, keys) = (p.q.nbytes(), p.k.nbytes());
    if device.machine() == Machine::Cpu {
        let both = tiles.over_keys(launch(&DKDV, 5.0, queries + 2 * keys), p);
        return Ok(vec![first, both.constant("FUSED", 1)]);
    }
    let dkdv = tiles.over_keys(launch(&DKDV, 4.0, 2 * keys), p);
    let dkdv = dkdv.rounds(plan::tile_rounds(p, p.rows, 2, 2));
    let dq = tiles.over_queries(launch(&DQ, 3.0, queries), p);
    let dq = dq.rounds(plan::tile_rounds(p, p.keys, 2, 1));
    Ok(vec![first, dkdv, dq])
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "attention_backward",
    rungs: &[
        Rung::new("1_naive", &[&PROBABILITIES, &SOFTMAX_BACKWARD, &NAIVE_DKDV, &NAIVE_DQ], naive),
        Rung::new("3_flash1", &[&DELTA, &DKDV, &DQ], flash1),
    ],
};

/// Queries that are not halved any more: what is too long then is so for another reason.
const LEAST: usize = 64;

/// Gradients of queries, keys and values, for a gradient `d_out` of the output.
///
/// `attended` is what [`forward`](crate::forward()) returned for the same inputs and options. With
/// `P` as dropped out in forward:
///
/// ```text
/// dV = P^T dO    dP = dO V^T    dS = P (dP - rowsum(dO O))    dQ = scale dS K    dK = scale dS^T Q
/// ```
///
/// Deterministic: every sum is made by one workgroup in a fixed order, in f32. `d_out` is stored as the
/// inputs are, and so are their gradients.
///
/// # Errors
/// As [`forward`](crate::forward()); `d_out` is not shaped like the output; a cache was used.
pub fn backward(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    attended: &Attended,
    d_out: &Tensor,
    options: &Options,
) -> Result<Gradients> {
    let problem = Problem::new("attention_backward", q, k, v, options)?;
    // Each part starts where a binding may start.
    let (dtype, step) = (q.dtype(), 256 / q.dtype().size());
    let (nq, nk) = (q.numel().next_multiple_of(step), k.numel().next_multiple_of(step));
    // One binding shows all three, and kernels count its elements with 32 bits.
    let elements = numel("attention_backward", &[nq.saturating_add(nk).saturating_add(k.numel())])?;
    let buffer = q.device().alloc(elements.saturating_mul(dtype.size()))?;
    let part = |offset: usize, of: &Tensor| {
        let layout = Layout { offset, ..Layout::contiguous(of.shape()) };
        Tensor::from_buffer(buffer.clone(), dtype, layout)
    };
    let grads = Gradients { dq: part(0, q)?, dk: part(nq, k)?, dv: part(nq + nk, v)? };
    backward_into(problem, attended, d_out, grads)
}

/// [`backward`] with queries, keys and values packed as `[batch, rows, 3 * width]`: writes straight
/// into a gradient packed the same way, which it returns.
///
/// # Errors
/// As [`backward`].
pub fn backward_qkv(
    qkv: &Tensor,
    heads: usize,
    attended: &Attended,
    d_out: &Tensor,
    options: &Options,
) -> Result<Tensor> {
    let [q, k, v] = crate::split_qkv(qkv, heads)?;
    let problem = Problem::new("attention_backward", &q, &k, &v, options)?;
    let packed = Tensor::empty_for("attention_backward", qkv.device(), qkv.dtype(), qkv.shape())?;
    let [dq, dk, dv] = crate::split_qkv(&packed, heads)?;
    backward_into(problem, attended, d_out, Gradients { dq, dk, dv })?;
    Ok(packed)
}

fn backward_into(
    mut problem: Problem,
    attended: &Attended,
    d_out: &Tensor,
    grads: Gradients,
) -> Result<Gradients> {
    let op = "attention_backward";
    let (shape, device) = (problem.q.shape(), problem.device().clone());
    let fail = |reason: &str| Err(Error::shape(op, &[shape, d_out.shape()], reason));
    if d_out.shape() != shape || attended.out.shape() != shape {
        return fail("the output and its gradient have the shape of the queries");
    }
    if attended.lse.shape() != &shape[..3] {
        return fail("the log-sum-exp is that of other queries");
    }
    if problem.options.cached.is_some() {
        return Err(Error::value(op, "attention over a cache is for decoding and has no backward"));
    }
    for tensor in [d_out, &attended.out, &attended.lse] {
        tensor.expect_float(op)?;
        problem.q.same_device(op, tensor)?;
    }
    if problem.is_empty() {
        // No query: keys and values have no influence on anything.
        for grad in [&grads.dk, &grads.dv] {
            strata_tensor::ops::fill_bits(grad, 0)?;
        }
        return Ok(grads);
    }
    problem.room(op, 6)?;
    problem.place_mask(op)?;
    let (out, d_out, lse) = (in_rows(&attended.out)?, in_rows(d_out)?, attended.lse.contiguous()?);
    let args = Args { problem, out, lse, d_out, grads };
    match LADDER.run(&args, &device) {
        Err(error @ strata_device::Error::TooLong { .. }) => in_halves(&args, error)?,
        other => other?,
    }
    Ok(args.grads)
}

/// The same in two halves of the queries, for more of them than a device lets one workgroup sum up.
/// Dropout counts the queries from the first, so a half of them would draw another mask.
fn in_halves(a: &Args, why: strata_device::Error) -> Result<()> {
    let p = &a.problem;
    if p.rows <= LEAST || p.drops() {
        return Err(why.into());
    }
    let half = |from: usize, to: usize| {
        let rows = |x: &Tensor| x.narrow(2, from, to - from);
        // The queries are the last of the keys, those of a half the last of the ones they see.
        let keys = if p.options.causal { p.keys - (p.rows - to) } else { p.keys };
        let (q, k, v) = (rows(&p.q)?, p.k.narrow(2, 0, keys)?, p.v.narrow(2, 0, keys)?);
        let attended = Attended { out: rows(&a.out)?, lse: rows(&a.lse)? };
        let mask = p.options.key_mask.as_ref().map(|mask| mask.narrow(1, 0, keys)).transpose()?;
        let options = Options { key_mask: mask, ..p.options.clone() };
        let grads = backward(&q, &k, &v, &attended, &rows(&a.d_out)?, &options)?;
        copy_into(&grads.dq, &rows(&a.grads.dq)?)?;
        Ok::<_, Error>(grads)
    };
    let (first, second) = (half(0, p.rows / 2)?, half(p.rows / 2, p.rows)?);
    for (first, second, to) in
        [(&first.dk, &second.dk, &a.grads.dk), (&first.dv, &second.dv, &a.grads.dv)]
    {
        let (both, keys) = (first.shape()[2], second.shape()[2]);
        copy_into(&first.add(&second.narrow(2, 0, both)?)?, &to.narrow(2, 0, both)?)?;
        copy_into(&second.narrow(2, both, keys - both)?, &to.narrow(2, both, keys - both)?)?;
    }
    Ok(())
}
