//! The ladder of `matmul`: every rung takes the same bindings and params.
use crate::tiled::{self, all_f32, tiles};
use crate::{cpu, hopper, tensor_core};
use strata_device::room::room;
use strata_device::{
    Arch, Device, Kernel, Ladder, Launch, Machine, Needs, Outcome, Precision, Result, Rung, Slice,
    Stored, kernel,
};
use strata_tensor::Tensor;

/// A matrix, or a batch of them, and the steps between its elements.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub tensor: Tensor,
    pub row: usize,
    pub col: usize,
    /// Between products along the outer and the inner batch dimension; 0 where one serves all.
    pub outer: usize,
    pub inner: usize,
}

/// A product as kernels see it: at most two batch dimensions, one of the last two strides 1.
#[derive(Debug)]
pub(crate) struct Args {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    /// All products; product p is (p / inner, p % inner).
    pub batches: usize,
    pub inner: usize,
    pub a: Matrix,
    pub b: Matrix,
    pub out: Matrix,
    pub alpha: f32,
    pub accumulate: bool,
    /// Contiguous, as the two below.
    pub bias: Option<Tensor>,
    pub residual: Option<Tensor>,
    pub activated: Option<Tensor>,
}

kernel! {
    /// What every rung takes.
    pub(crate) mod product {
        bindings {
            a: read Stored,
            b: read Stored,
            bias: read f32,
            residual: read Outcome,
            c: write Outcome,
            activated: write Outcome,
        }
        params {
            m: usize,
            n: usize,
            k: usize,
            /// All products; product p is (p / inner, p % inner).
            batches: usize,
            inner: usize,
            /// `a[i, l]` is at offset + i row + l col + the batch's.
            a_offset: usize,
            a_row: usize,
            a_col: usize,
            a_outer: usize,
            a_inner: usize,
            b_offset: usize,
            b_row: usize,
            b_col: usize,
            b_outer: usize,
            b_inner: usize,
            /// Columns of c lie side by side.
            c_offset: usize,
            c_row: usize,
            c_outer: usize,
            c_inner: usize,
            alpha: f32,
            /// Terms of each sum that one workgroup adds up.
            span: usize,
        }
    }
    pub(crate) static NAIVE = "matmul/1_naive"(matmul) { cuda, wgsl, cpu: cpu::naive in "src/cpu/naive.rs" }
    static COALESCED = "matmul/2_coalesced"(matmul) { cuda, wgsl }
    static THREADED = "matmul/2_threaded"(matmul) {
        cpu: cpu::threaded in "src/cpu/threaded.rs"
    }
    static TILED = "matmul/3_tiled"(matmul) { cuda, wgsl }
    static REGISTER_TILED = "matmul/4_register_tiled"(matmul) { cuda, wgsl }
    static VECTORIZED = "matmul/5_vectorized"(matmul) { cuda, wgsl }
    static DOUBLE_BUFFERED = "matmul/6_double_buffered"(matmul) { cuda, wgsl }
    pub(crate) static SPLIT_SUM = "matmul/split_sum"(split_sum) { cuda, wgsl }
    pub(crate) static TENSOR_CORE = "matmul/7_tensor_core"(matmul) { cuda }
    pub(crate) static HOPPER = "matmul/8_hopper"(matmul) { cuda }
}

/// One launch with a thread for each element of the result.
fn each(kernel: &'static Kernel, a: &Args, device: &Device) -> Result<Vec<Launch>> {
    Ok(vec![launch(kernel, a, device)?.cover(a.batches * a.m * a.n, 256).rounds(a.k)])
}

/// What the CPU notes down for each row of the result, besides the result.
const ROW_BYTES: usize = 128;

/// One launch that does the whole op; the grid is the rung's own.
pub(crate) fn launch(kernel: &'static Kernel, a: &Args, device: &Device) -> Result<Launch> {
    let (bindings, params) = filled(a, device)?;
    let (flops, bytes) = cost(a);
    Ok(finishing(kernel.launch(bindings, params), a).cost(flops, bytes))
}

/// The bindings and params of the whole op.
pub(crate) fn filled(a: &Args, device: &Device) -> Result<(product::Bindings, product::Params)> {
    if device.machine() == Machine::Cpu {
        room("matmul", (a.batches * a.m).saturating_mul(ROW_BYTES))?;
    }
    let (left, a_offset) = a.a.tensor.binding_and_offset();
    let (right, b_offset) = a.b.tensor.binding_and_offset();
    let (out, c_offset) = a.out.tensor.binding_and_offset();
    let bindings = product::Bindings {
        // What an epilogue does not use must still be bound: `a` where it is only read, a scrap of
        // memory of its own where it could be written.
        bias: flat_or(a.bias.as_ref(), &left),
        residual: flat_or(a.residual.as_ref(), &left),
        activated: match &a.activated {
            Some(t) => t.binding(),
            None => device.alloc(4)?.whole(),
        },
        a: left,
        b: right,
        c: out,
    };
    let params = product::Params {
        m: a.m,
        n: a.n,
        k: a.k,
        batches: a.batches,
        inner: a.inner,
        a_offset,
        a_row: a.a.row,
        a_col: a.a.col,
        a_outer: a.a.outer,
        a_inner: a.a.inner,
        b_offset,
        b_row: a.b.row,
        b_col: a.b.col,
        b_outer: a.b.outer,
        b_inner: a.b.inner,
        c_offset,
        c_row: a.out.row,
        c_outer: a.out.outer,
        c_inner: a.out.inner,
        alpha: a.alpha,
        span: a.k,
    };
    Ok((bindings, params))
}

/// The tensor, or something in its place that is never read: of no dtype.
pub(crate) fn flat_or(tensor: Option<&Tensor>, other: &Slice) -> Slice {
    tensor.map_or_else(|| Slice { dtype: None, ..other.clone() }, Tensor::binding)
}

/// The constants of the epilogue.
pub(crate) fn finishing(launch: Launch, a: &Args) -> Launch {
    launch
        .constant("ACCUMULATE", a.accumulate.into())
        .constant("BIAS", a.bias.is_some().into())
        .constant("RESIDUAL", a.residual.is_some().into())
        .constant("GELU", a.activated.is_some().into())
}

/// FLOPs and bytes of the whole op.
pub(crate) fn cost(a: &Args) -> (f64, f64) {
    let results = a.batches * a.m * a.n;
    let [left, right, out] = [&a.a, &a.b, &a.out].map(|m| &m.tensor);
    let read = [left, right].map(|t| t.layout().extent() * t.dtype().size());
    let passes = 1 + usize::from(a.accumulate);
    let beside = [&a.residual, &a.activated].map(|t| t.as_ref().map_or(0, Tensor::nbytes));
    let bytes = read[0] + read[1] + beside[0] + beside[1] + passes * results * out.dtype().size();
    (2.0 * results as f64 * a.k as f64, bytes as f64)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "matmul",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, device| each(&NAIVE, a, device)),
        Rung::new("2_coalesced", &[&COALESCED], |a, device| each(&COALESCED, a, device)),
        Rung::new("2_threaded", &[&THREADED], |a, device| Ok(vec![launch(&THREADED, a, device)?])),
        // region: rung
        Rung::new("3_tiled", &[&TILED], |a, device| {
            let launch = tiles(launch(&TILED, a, device)?, a, 16, 16);
            // The loop over a tile is unrolled by every compiler met so far.
            Ok(vec![launch.rounds(4 * a.k.div_ceil(16))])
        }),
        // end: rung
        Rung::new("4_register_tiled", &[&REGISTER_TILED, &SPLIT_SUM], |a, device| {
            tiled::plan(&REGISTER_TILED, a, device)
        })
        .accepts(all_f32)
        .wide(),
        Rung::new("5_vectorized", &[&VECTORIZED, &SPLIT_SUM], |a, device| {
            tiled::plan(&VECTORIZED, a, device)
        })
        .accepts(all_f32)
        .wide(),
        Rung::new("6_double_buffered", &[&DOUBLE_BUFFERED, &SPLIT_SUM], |a, device| {
            tiled::plan(&DOUBLE_BUFFERED, a, device)
        })
        .accepts(all_f32)
        .wide(),
        Rung::new("7_tensor_core", &[&TENSOR_CORE, &SPLIT_SUM], tensor_core::plan)
            .needs(Needs { arch: Arch::AtLeast(80), ..Needs::NONE })
            .precision(Precision::Tf32)
            .exact(hopper::halves)
            .native(),
        Rung::new("8_hopper", &[&HOPPER], hopper::plan)
            .needs(Needs { arch: Arch::Exactly(90), ..Needs::NONE })
            .precision(Precision::Bf16)
            .exact(hopper::halves)
            .accepts(hopper::fits)
            .native(),
    ],
};
