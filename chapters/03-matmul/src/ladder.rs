//! The ladder of `matmul`: every rung takes the same bindings and params.
use crate::{cpu, hopper, tensor_core};
use strata_device::room::room;
use strata_device::{
    Arch, DType, Device, Kernel, Ladder, Launch, Machine, Needs, Outcome, Precision, Result, Rung,
    Slice, Stored, kernel,
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
    static NAIVE = "matmul/1_naive"(matmul) { cuda, wgsl, cpu: cpu::naive in "src/cpu/naive.rs" }
    static COALESCED = "matmul/2_coalesced"(matmul) { cuda, wgsl }
    static TILED = "matmul/3_tiled"(matmul) { cuda, wgsl }
    static REGISTER_TILED = "matmul/4_register_tiled"(matmul) { cuda, wgsl }
    pub(crate) static SPLIT_SUM = "matmul/split_sum"(split_sum) { cuda, wgsl }
    pub(crate) static TENSOR_CORE = "matmul/7_tensor_core"(matmul) { cuda }
    pub(crate) static HOPPER = "matmul/8_hopper"(matmul) { cuda }
    static THREADED = "matmul/5_threaded"(matmul) {
        cpu: cpu::threaded in "src/cpu/threaded.rs"
    }
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

/// Which way the operands lie, for the rungs that load tiles.
fn tiles(launch: Launch, a: &Args, m: usize, n: usize) -> Launch {
    // Kernels walk on by the grid's width where there are more tiles than a grid may have groups.
    launch
        .spread(a.m.div_ceil(m) * a.n.div_ceil(n) * a.batches, 256)
        .constant("A_ALONG_K", (a.a.col == 1).into())
        .constant("B_ALONG_K", (a.b.row == 1 && a.b.col != 1).into())
}

/// Groups that keep a large card busy: two rounds of two for each of 132 multiprocessors.
const BUSY: usize = 512;
/// Terms of a sum worth a group of its own.
const SPAN_LEAST: usize = 128;

/// Whether nothing is stored in 16 bits: what the tiled rungs are written for.
fn all_f32(a: &Args) -> bool {
    [&a.a, &a.b, &a.out].iter().all(|m| m.tensor.dtype() == DType::F32)
}

fn tiles_of(a: &Args, side: usize) -> usize {
    a.m.div_ceil(side) * a.n.div_ceil(side) * a.batches
}

/// Rounds of a workgroup of `4_register_tiled` that adds up so many terms: those of the loops over k
/// and over a slab. All others have a fixed length and are unrolled by every compiler met so far; a
/// round is added for each all the same.
fn tile_rounds(terms: usize, width: u32) -> usize {
    let slab = if width == 8 { 8 } else { 16 };
    (terms.div_ceil(slab) + 1) * (slab + 9) + 3 * (width * width) as usize
}

/// The tile's width and the parts that k is split into. They depend on the shape alone: the same bits
/// on every card.
fn shape_of_tiles(a: &Args) -> (u32, usize) {
    let tiles = |side: usize| tiles_of(a, side);
    let parts = |side: usize| (BUSY / tiles(side)).clamp(1, (a.k / SPAN_LEAST).max(1));
    // Large tiles load less for each multiplication, but must be many enough, and full.
    let large = a.m > 64 && a.n > 64 && tiles(128) * parts(128) >= BUSY / 2;
    if large { (8, parts(128)) } else { (4, parts(64)) }
}

fn register_tiled(a: &Args, device: &Device) -> Result<Vec<Launch>> {
    let (width, parts) = shape_of_tiles(a);
    let side = 16 * width as usize;
    let tile = |launch: Launch| {
        tiles(launch, a, side, side)
            .constant("TM", width)
            .constant("TN", width)
            .constant("BK", if width == 8 { 8 } else { 16 })
    };
    if parts == 1 {
        let whole = tile(launch(&REGISTER_TILED, a, device)?);
        return Ok(vec![whole.constant("SPLIT", 0).rounds(tile_rounds(a.k, width))]);
    }
    let span = a.k.div_ceil(parts).next_multiple_of(16);
    let parts = a.k.div_ceil(span);
    // Sums are f32, whatever is multiplied.
    let scratch = device.alloc(4 * parts * a.batches * a.m * a.n)?.whole();
    let read = scratch.bytes as f64;
    let (bindings, params) = filled(a, device)?;
    let (flops, bytes) = cost(a);
    let results = (a.batches * a.m * a.n) as f64;
    // The sums are plain: the second launch has the epilogue.
    let sums = product::Bindings { c: scratch.clone(), ..bindings.clone() };
    let sums = tile(REGISTER_TILED.launch(sums, product::Params { span, ..params }))
        .constant("SPLIT", 1)
        .spread(tiles_of(a, side) * parts, 256)
        .rounds(tile_rounds(span, width))
        .cost(flops, bytes);
    let finish = product::Bindings {
        bias: flat_or(a.bias.as_ref(), &scratch),
        residual: flat_or(a.residual.as_ref(), &scratch),
        a: scratch.clone(),
        b: scratch,
        ..bindings
    };
    let finish = SPLIT_SUM.launch(finish, product::Params { span: parts, ..params });
    let finish = finishing(finish, a)
        .cover(a.batches * a.m * a.n, 256)
        .rounds(parts)
        .cost(results * parts as f64, read + results * a.out.tensor.dtype().size() as f64);
    Ok(vec![sums, finish])
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "matmul",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, device| each(&NAIVE, a, device)),
        Rung::new("2_coalesced", &[&COALESCED], |a, device| each(&COALESCED, a, device)),
        // region: rung
        Rung::new("3_tiled", &[&TILED], |a, device| {
            let launch = tiles(launch(&TILED, a, device)?, a, 16, 16);
            // The loop over a tile is unrolled by every compiler met so far.
            Ok(vec![launch.rounds(4 * a.k.div_ceil(16))])
        }),
        // end: rung
        Rung::new("4_register_tiled", &[&REGISTER_TILED, &SPLIT_SUM], register_tiled)
            .accepts(all_f32),
        Rung::new("7_tensor_core", &[&TENSOR_CORE, &SPLIT_SUM], tensor_core::plan)
            .needs(Needs { arch: Arch::AtLeast(80), ..Needs::NONE })
            .precision(Precision::Tf32)
            .exact(hopper::halves)
            .native(),
        Rung::new("8_hopper", &[&HOPPER], hopper::plan)
            .needs(Needs { arch: Arch::Exactly(90), ..Needs::NONE })
            .accepts(hopper::fits)
            .native(),
        Rung::new("5_threaded", &[&THREADED], |a, device| Ok(vec![launch(&THREADED, a, device)?])),
    ],
};
