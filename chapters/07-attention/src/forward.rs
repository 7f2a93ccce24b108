use crate::params::{MaskedState, Params, View, shared};
use crate::problem::{Problem, view};
use crate::{Options, cpu, plan};
use strata_device::{Kernel, Ladder, Launch, Rung, Slice, Stored, kernel};
use strata_tensor::{DType, Result, Tensor, bytes_of};

/// What attention returns.
#[derive(Clone, Debug)]
pub struct Attended {
    /// `[batch, heads, rows, head_dim]`; in memory `[batch, rows, heads, head_dim]`, so that
    /// [`merge_heads`](crate::merge_heads) costs nothing.
    pub out: Tensor,
    /// `[batch, heads, rows]`, f32: log-sum-exp of each query's scores, all that backward needs to
    /// make any probability again.
    pub lse: Tensor,
}

#[derive(Debug)]
pub(crate) struct Args {
    problem: Problem,
    out: Tensor,
    lse: Tensor,
}

kernel! {
    /// What the three naive kernels take.
    pub(crate) mod attend {
        bindings {
            q: read Stored,
            k: read Stored,
            v: read Stored,
            state: read MaskedState,
            probabilities: write f32,
            out: write Stored,
            lse: write f32,
        }
        params of shared
    }
    static SCORES = "attention/1_naive"(scores) {
        cuda, wgsl, cpu: cpu::scores in "src/cpu/naive.rs", heeds ["MASK"]
    }
    static SOFTMAX = "attention/1_naive"(softmax) {
        cuda, wgsl, cpu: cpu::softmax in "src/cpu/naive.rs", heeds ["MASK"]
    }
    static WEIGHTED_SUM = "attention/1_naive"(weighted_sum) {
        cuda, wgsl, cpu: cpu::weighted_sum in "src/cpu/naive.rs", heeds ["MASK"]
    }
}

kernel! {
    /// What the flash kernel takes.
    pub(crate) mod attend_tiled {
        bindings {
            q: read Stored,
            k: read Stored,
            v: read Stored,
            state: read MaskedState,
            out: write Stored,
            lse: write f32,
        }
        params of shared
    }
    static FLASH1 = "attention/3_flash1"(flash1) {
        cuda, wgsl, cpu: cpu::flash1 in "src/cpu/flash1.rs", heeds ["MASK"]
    }
}

/// Probabilities of all queries for all keys: scores, then softmax. The naive rung's first half.
fn materialise(
    problem: &Problem,
    probabilities: &Tensor,
    out: &Slice,
    lse: &Tensor,
) -> [Launch; 2] {
    let (n, all) = (probabilities.numel(), problem.all_rows());
    let to = (out.clone(), View::default());
    let launch = |kernel| naive(kernel, problem, probabilities, to.clone(), lse);
    let io = bytes_of([&problem.q, &problem.k, probabilities]);
    let scores = launch(&SCORES).cover(n, 256).rounds(problem.dim);
    let scores = scores.cost(2.0 * problem.pairs() * problem.dim as f64, io);
    let softmax = launch(&SOFTMAX).cover(all, 64);
    let draws = if problem.drops() { plan::DRAW } else { 0 };
    let softmax = softmax.rounds((3 + draws) * problem.keys);
    [scores, softmax.cost(5.0 * problem.pairs(), bytes_of([probabilities, probabilities, lse]))]
}

fn naive(
    kernel: &'static Kernel,
    problem: &Problem,
    probabilities: &Tensor,
    (out, out_view): (Slice, View),
    lse: &Tensor,
) -> Launch {
    let ((q, q_view), (k, k_view), (v, v_view)) =
        (view(&problem.q), view(&problem.k), view(&problem.v));
    let (state, probabilities, lse) = (problem.state(), probabilities.binding(), lse.binding());
    let bindings = attend::Bindings { q, k, v, state, probabilities, out, lse };
    let params = Params { q: q_view, k: k_view, v: v_view, out: out_view, ..problem.params() };
    problem.launch(kernel, bindings, params)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "attention",
    rungs: &[
        Rung::new("1_naive", &[&SCORES, &SOFTMAX, &WEIGHTED_SUM], |a, device| {
            let p = &a.problem;
            let probabilities = plan::scratch(device, &[p.batch, p.heads, p.rows, p.keys])?;
            let out = view(&a.out);
            let [scores, softmax] = materialise(p, &probabilities, &out.0, &a.lse);
            let sum = naive(&WEIGHTED_SUM, p, &probabilities, out, &a.lse)
                .cover(a.out.numel(), 256)
                .rounds(p.keys)
                .cost(2.0 * p.pairs() * p.dim as f64, bytes_of([&probabilities, &p.v, &a.out]));
            Ok(vec![scores, softmax, sum])
        }),
        Rung::new("3_flash1", &[&FLASH1], |a, device| {
            let p = &a.problem;
            let ((q, q_view), (k, k_view), (v, v_view)) = (view(&p.q), view(&p.k), view(&p.v));
            let (out, out_view) = view(&a.out);
            let (state, lse) = (p.state(), a.lse.binding());
            let bindings = attend_tiled::Bindings { q, k, v, state, out, lse };
            let params = Params { q: q_view, k: k_view, v: v_view, out: out_view, ..p.params() };
            let io = bytes_of([&p.q, &p.k, &p.v, &a.out, &a.lse]);
            let launch = p.launch(&FLASH1, bindings, params);
            let launch = plan::Tiles::new(device, p, 3, &params).over_queries(launch, p);
            let launch = launch.rounds(plan::tile_rounds(p, p.keys, 1, 1));
            Ok(vec![launch.cost(4.0 * p.pairs() * p.dim as f64, io)])
        }),
    ],
};

/// `softmax(scale Q K^T) V` for each batch and head (Vaswani et al., 2017).
///
/// `q` is `[batch, heads, rows, head_dim]`, `k` and `v` are `[batch, heads, keys, head_dim]`,
/// `head_dim` at most 128. Batch, heads and rows may have any strides, so the three parts of a
/// packed projection are read where they lie ([`split_qkv`](crate::split_qkv)). All three are stored in
/// one dtype, and the output in the same; scores, probabilities and sums are f32 whatever it is.
///
/// # Errors
/// Shapes, dtypes or devices that do not fit; more queries than keys with a causal mask; a dropout
/// probability outside [0, 1); a mask of keys, and a kernel of an overlay that knows of none.
pub fn forward(q: &Tensor, k: &Tensor, v: &Tensor, options: &Options) -> Result<Attended> {
    let mut problem = Problem::new("attention", q, k, v, options)?;
    let (batch, heads, rows, dim) = (problem.batch, problem.heads, problem.rows, problem.dim);
    let device = problem.device().clone();
    let out = Tensor::empty_for("attention", &device, q.dtype(), &[batch, rows, heads, dim])?;
    let out = out.transpose(1, 2)?;
    let lse = Tensor::empty_for("attention", &device, DType::F32, &[batch, heads, rows])?;
    if !problem.is_empty() {
        problem.room("attention", 2)?;
        problem.place_mask("attention")?;
        LADDER.run(&Args { problem, out: out.clone(), lse: lse.clone() }, &device)?;
    }
    Ok(Attended { out, lse })
}

/// The probabilities themselves, `[batch, heads, rows, keys]`, without dropout: for looking at what
/// a model attends to. Takes memory for all of them, as the naive rung does.
///
/// # Errors
/// As [`forward`].
pub fn attention_weights(q: &Tensor, k: &Tensor, options: &Options) -> Result<Tensor> {
    let options = Options { dropout: None, ..options.clone() };
    let mut problem = Problem::new("attention_weights", q, k, k, &options)?;
    let device = problem.device().clone();
    let shape = [problem.batch, problem.heads, problem.rows, problem.keys];
    let weights = Tensor::empty_for("attention_weights", &device, DType::F32, &shape)?;
    if problem.is_empty() || problem.keys == 0 {
        return Ok(weights);
    }
    problem.place_mask("attention_weights")?;
    let lse = Tensor::empty_for("attention_weights", &device, DType::F32, &shape[..3])?;
    // Bound where the output would be; neither of the two kernels touches it.
    let unused = device.alloc(4)?.whole();
    for launch in materialise(&problem, &weights, &unused, &lse) {
        device.launch(&launch)?;
    }
    Ok(weights)
}
