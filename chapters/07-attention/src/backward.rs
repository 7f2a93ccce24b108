use crate::problem::{MASK, Problem, Views, in_rows, view, view_together};
use crate::{Attended, Options, cpu, plan};
use strata_device::{Access, Kernel, Ladder, Launch, Machine, Needs, Rung, cpu_text};
use strata_tensor::{DType, Error, Layout, Result, Tensor, numel, ops::copy_into};

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

const NAIVE: &[Access] = &[
    Access::Read,  // q
    Access::Read,  // k
    Access::Read,  // v
    Access::Read,  // d_out
    Access::Read,  // lse
    Access::Read,  // state
    Access::Write, // scratch: P, then dP and dS
    Access::Write, // grads
];

const FLASH: &[Access] = &[
    Access::Read,  // q
    Access::Read,  // k
    Access::Read,  // v
    Access::Read,  // d_out
    Access::Read,  // lse
    Access::Read,  // delta
    Access::Read,  // state
    Access::Write, // grads
];

static PROBABILITIES: Kernel = Kernel::new("attention_backward/1_naive", "probabilities", NAIVE)
    .heeds(MASK)
    .cuda(strata_kernels::source("attention_backward/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("attention_backward/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::probabilities)
    .rust(cpu_text!("chapters/07-attention" / "src/cpu/naive_backward.rs", probabilities));
static SOFTMAX_BACKWARD: Kernel =
    Kernel::new("attention_backward/1_naive", "softmax_backward", NAIVE)
        .cuda(strata_kernels::source("attention_backward/1_naive"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("attention_backward/1_naive"), strata_shaders::INCLUDES)
        .cpu(cpu::softmax_backward)
        .rust(cpu_text!("chapters/07-attention" / "src/cpu/naive_backward.rs", softmax_backward));
static NAIVE_DKDV: Kernel = Kernel::new("attention_backward/1_naive", "dkdv", NAIVE)
    .heeds(MASK)
    .cuda(strata_kernels::source("attention_backward/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("attention_backward/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::naive_dkdv)
    .rust(cpu_text!("chapters/07-attention" / "src/cpu/naive_backward.rs", naive_dkdv));
static NAIVE_DQ: Kernel = Kernel::new("attention_backward/1_naive", "dq", NAIVE)
    .heeds(MASK)
    .cuda(strata_kernels::source("attention_backward/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("attention_backward/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::naive_dq)
    .rust(cpu_text!("chapters/07-attention" / "src/cpu/naive_backward.rs", naive_dq));

static DELTA: Kernel = Kernel::new(
    "attention_backward/3_flash1_delta",
    "delta",
    // out, d_out, state, delta
    &[Access::Read, Access::Read, Access::Read, Access::Write],
)
.cuda(strata_kernels::source("attention_backward/3_flash1_delta"), strata_kernels::INCLUDES)
.wgsl(strata_shaders::source("attention_backward/3_flash1_delta"), strata_shaders::INCLUDES)
.cpu(cpu::delta)
.rust(cpu_text!("chapters/07-attention" / "src/cpu/delta.rs", delta));
static DKDV: Kernel = Kernel::new("attention_backward/3_flash1_dkdv", "dkdv", FLASH)
    .heeds(MASK)
    .cuda(strata_kernels::source("attention_backward/3_flash1_dkdv"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("attention_backward/3_flash1_dkdv"), strata_shaders::INCLUDES)
    .cpu(cpu::dkdv)
    .rust(cpu_text!("chapters/07-attention" / "src/cpu/flash1_backward.rs", dkdv));
static DQ: Kernel = Kernel::new("attention_backward/3_flash1_dq", "dq", FLASH)
    .heeds(MASK)
    .cuda(strata_kernels::source("attention_backward/3_flash1_dq"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("attention_backward/3_flash1_dq"), strata_shaders::INCLUDES)
    .cpu(cpu::dq)
    .rust(cpu_text!("chapters/07-attention" / "src/cpu/flash1_backward.rs", dq));

fn naive(a: &Args, device: &strata_device::Device) -> strata_device::Result<Vec<Launch>> {
    let p = &a.problem;
    let scratch = plan::scratch(device, &[2, p.batch, p.heads, p.rows, p.keys])?;
    let ((q, q_view), (k, k_view), (v, v_view)) = (view(&p.q), view(&p.k), view(&p.v));
    let (d_out, out_view) = view(&a.d_out);
    let (into, grads) = view_together([&a.grads.dq, &a.grads.dk, &a.grads.dv]);
    let views = Views { q: q_view, k: k_view, v: v_view, out: out_view, grads };
    let draw = if p.drops() { plan::DRAW } else { 0 };
    let launch = |kernel, n: usize, rounds: usize, products: f64, touched: usize| {
        let launch = Launch::new(kernel).bind(&q).bind(&k).bind(&v).bind(&d_out);
        let launch = launch.bind(&a.lse.flat()).bind(&p.state()).bind(&scratch.flat()).bind(&into);
        let flops = 2.0 * products * p.pairs() * p.dim as f64;
        p.finish(launch, views).cover(n, 256).rounds(rounds).cost(flops, 4.0 * touched as f64)
    };
    let (pairs, queries, keys) = (scratch.numel() / 2, p.q.numel(), p.k.numel());
    Ok(vec![
        launch(&PROBABILITIES, pairs, p.dim + draw, 2.0, 2 * (queries + keys + pairs)),
        launch(&SOFTMAX_BACKWARD, p.all_rows(), (2 + draw) * p.keys, 0.0, 3 * pairs),
        launch(&NAIVE_DKDV, keys, p.rows, 2.0, 2 * (queries + keys + pairs)),
        launch(&NAIVE_DQ, queries, p.keys, 1.0, queries + keys + pairs),
    ])
}

fn flash1(a: &Args, device: &strata_device::Device) -> strata_device::Result<Vec<Launch>> {
    let p = &a.problem;
    let ((q, q_view), (k, k_view), (v, v_view)) = (view(&p.q), view(&p.k), view(&p.v));
    let (d_out, d_out_view) = view(&a.d_out);
    let (out, out_view) = view(&a.out);
    let delta = plan::scratch(device, &[p.batch, p.heads, p.rows])?;
    let rows = p.all_rows();
    let first = Launch::new(&DELTA).bind(&out).bind(&d_out).bind(&p.state()).bind(&delta.flat());
    let first = p
        .finish(first, Views { q: out_view, out: d_out_view, ..Views::default() })
        .cover(rows, 256)
        .rounds(p.dim)
        .cost(2.0 * a.out.numel() as f64, 4.0 * (2 * a.out.numel() + rows) as f64);

    let (into, grads) = view_together([&a.grads.dq, &a.grads.dk, &a.grads.dv]);
    let views = Views { q: q_view, k: k_view, v: v_view, out: d_out_view, grads };
    let tiles = plan::Tiles::new(device, p, 4, &views);
    let launch = |kernel, products: f64, written: usize| {
        let launch = Launch::new(kernel).bind(&q).bind(&k).bind(&v).bind(&d_out);
        let launch = launch.bind(&a.lse.flat()).bind(&delta.flat()).bind(&p.state()).bind(&into);
        let read = 2 * (p.q.numel() + p.k.numel() + rows);
        let flops = 2.0 * products * p.pairs() * p.dim as f64;
        p.finish(launch, views).cost(flops, 4.0 * (read + written) as f64)
    };
    let (queries, keys) = (p.q.numel(), p.k.numel());
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
        Rung {
            name: "1_naive",
            kernels: &[&PROBABILITIES, &SOFTMAX_BACKWARD, &NAIVE_DKDV, &NAIVE_DQ],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: naive,
        },
        Rung {
            name: "3_flash1",
            kernels: &[&DELTA, &DKDV, &DQ],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: flash1,
        },
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
/// Deterministic: every sum is made by one workgroup in a fixed order.
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
    let (nq, nk) = (q.numel().next_multiple_of(64), k.numel().next_multiple_of(64));
    // One binding shows all three, and kernels count its elements with 32 bits.
    let elements = numel("attention_backward", &[nq.saturating_add(nk).saturating_add(k.numel())])?;
    let buffer = q.device().alloc(elements.saturating_mul(size_of::<f32>()))?;
    let part = |offset: usize, of: &Tensor| {
        let layout = Layout { offset, ..Layout::contiguous(of.shape()) };
        Tensor::from_buffer(buffer.clone(), DType::F32, layout)
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
    let packed = Tensor::empty_for("attention_backward", qkv.device(), DType::F32, qkv.shape())?;
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
        tensor.expect_dtype(op, DType::F32)?;
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
        let cut = |x: &Tensor| x.narrow(2, from, to - from);
        // The queries are the last of the keys, those of a half the last of the ones they see.
        let keys = if p.options.causal { p.keys - (p.rows - to) } else { p.keys };
        let (q, k, v) = (cut(&p.q)?, p.k.narrow(2, 0, keys)?, p.v.narrow(2, 0, keys)?);
        let attended = Attended { out: cut(&a.out)?, lse: cut(&a.lse)? };
        let mask = p.options.key_mask.as_ref().map(|mask| mask.narrow(1, 0, keys)).transpose()?;
        let options = Options { key_mask: mask, ..p.options.clone() };
        let grads = backward(&q, &k, &v, &attended, &cut(&a.d_out)?, &options)?;
        copy_into(&grads.dq, &cut(&a.grads.dq)?)?;
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
