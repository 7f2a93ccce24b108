//! The plan of the rung that only Hopper has: an engine copies, tensor cores read shared memory.
use crate::ladder::{Args, HOPPER, Matrix, launch};
use crate::tiled::along_k;
use strata_device::{Access, Binding, DType, Device, Launch, Result, Swizzle, TensorMap};
use strata_tensor::Tensor;

/// Rows of a tile.
pub(crate) const TILE_M: usize = 128;
/// Steps along k that lie in shared memory together, and lines of one block of them.
const BLOCK: usize = 64;
/// Threads: a producer's and two consumers' warpgroups.
pub(crate) const THREADS: u32 = 384;

/// Whether the copy engine can fetch both operands, and results can be stored by 16 bytes.
pub(crate) fn fits(a: &Args) -> bool {
    let eights = |numbers: &[usize]| numbers.iter().all(|n| n.is_multiple_of(8));
    let half = |m: &Matrix| {
        let t = &m.tensor;
        t.dtype().size() == 2 && eights(&[line(m), m.outer, m.inner, t.layout().offset])
    };
    let out = &a.out;
    let stored = eights(&[a.n, out.row, out.outer, out.inner, out.tensor.layout().offset]);
    a.k > 0 && half(&a.a) && half(&a.b) && stored
}

/// The step between an operand's lines, whose elements lie side by side.
fn line(m: &Matrix) -> usize {
    if m.col == 1 { m.row } else { m.col }
}

/// How an operand lies: `lines` rows of a or columns of b, along k where `along_k`.
pub(crate) fn map(a: &Args, m: &Matrix, lines: usize, along_k: bool) -> TensorMap {
    let line = line(m);
    // A matrix that serves all batches is there once.
    let [outer, inner] = [(a.batches / a.inner, m.outer), (a.inner, m.inner)]
        .map(|(n, stride)| if stride == 0 { (1, line) } else { (n, stride) });
    let [rows, columns] = if along_k { [lines, a.k] } else { [a.k, lines] };
    TensorMap {
        of: from_first(&m.tensor),
        access: Access::Read,
        dtype: m.tensor.dtype(),
        shape: vec![outer.0, inner.0, rows, columns],
        strides: vec![outer.1, inner.1, line, 1],
        tile: vec![1, 1, BLOCK, BLOCK],
        swizzle: Swizzle::B128,
    }
}

/// One way to cut a product up.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    /// Columns of a tile.
    pub width: usize,
    /// Whether each consumer has tiles of its own, and one multiplies while the other stores.
    pub turns: bool,
    stages: usize,
    /// Pieces of results that a warp may have on their way.
    buffers: usize,
    /// What storing a tile costs, in steps along k: measured on an H200.
    store: usize,
}

/// The widest loads least; in turns the stores hide behind products, for which there must be registers.
const WIDE: Cut = Cut { width: 256, turns: false, stages: 4, buffers: 2, store: 148 };
pub(crate) const MIDDLE: Cut = Cut { width: 192, turns: false, stages: 4, buffers: 4, store: 148 };
const MIDDLE_IN_TURNS: Cut = Cut { turns: true, store: 46, ..MIDDLE };
const NARROW: Cut = Cut { width: 128, turns: true, stages: 5, buffers: 4, store: 60 };

/// The cut that takes the least time, by rounds of tiles.
fn cut(a: &Args, units: usize) -> Cut {
    let high = a.m.div_ceil(TILE_M) * a.batches;
    let time = |cut: &Cut| {
        let rounds = (high * a.n.div_ceil(cut.width)).div_ceil(units.max(1));
        rounds * cut.width * (a.k + cut.store)
    };
    let room = a.residual.is_none() && a.activated.is_none() && !a.accumulate;
    let second = if room { MIDDLE_IN_TURNS } else { MIDDLE };
    [WIDE, second, NARROW].into_iter().min_by_key(time).unwrap_or(NARROW)
}

/// Blocks that stay, the ring and what leaves it.
pub(crate) fn shape(launch: Launch, cut: Cut, tiles: usize, units: usize) -> Launch {
    let ring = cut.stages * (TILE_M + cut.width) * BLOCK * 2;
    // Eight warps' pieces of 2 KB; and blocks begin at multiples of 1 KB.
    let bytes = ring + cut.buffers * 8 * 2048 + 1024;
    launch
        .grid(tiles.min(units.max(1)), 1, 1)
        .block(THREADS, 1, 1)
        .shared(bytes as u32)
        .constant("BN", cut.width as u32)
        .constant("PINGPONG", cut.turns.into())
        .constant("STAGES", cut.stages as u32)
        .constant("BUFFERS", cut.buffers as u32)
}

/// Where results go: pieces of 16 rows by 128 bytes.
pub(crate) fn results(
    of: Binding,
    dtype: DType,
    shape: [usize; 4],
    strides: [usize; 4],
) -> TensorMap {
    TensorMap {
        of,
        access: Access::Write,
        dtype,
        shape: shape.into(),
        strides: strides.into(),
        tile: vec![1, 1, 16, 128 / dtype.size()],
        swizzle: Swizzle::B128,
    }
}

/// A tensor's memory from its first element on.
pub(crate) fn from_first(t: &Tensor) -> Binding {
    let (slice, offset) = t.binding_and_offset();
    let mut of = slice.binding();
    // `fits` has looked: a multiple of 16.
    let skipped = offset * t.dtype().size();
    (of.offset, of.bytes) = (of.offset + skipped, of.bytes.saturating_sub(skipped));
    of
}

pub(crate) fn plan(a: &Args, device: &Device) -> Result<Vec<Launch>> {
    let units = device.info().caps.units as usize;
    let (a_along, b_along) = along_k(a);
    let cut = cut(a, units);
    let out = &a.out;
    let (outer, rows) = (a.batches / a.inner, a.inner * a.m * a.n);
    // The steps of batches that are not there mean nothing, but must be multiples of 16 bytes.
    let step = |stride: usize| if stride == 0 { out.row } else { stride };
    let sizes = [outer, a.inner, a.m, a.n];
    let to = from_first(&out.tensor);
    let dtype = out.tensor.dtype();
    let c = results(to, dtype, sizes, [step(out.outer), step(out.inner), out.row, 1]);
    let activated = match &a.activated {
        Some(t) => results(from_first(t), dtype, sizes, [rows, a.m * a.n, a.n, 1]),
        None => c.clone(),
    };
    let launch = launch(&HOPPER, a, device)?
        .tensor_map(map(a, &a.a, a.m, a_along))
        .tensor_map(map(a, &a.b, a.n, b_along))
        .tensor_map(c)
        .tensor_map(activated)
        .constant("A_ALONG_K", a_along.into())
        .constant("B_ALONG_K", b_along.into());
    let tiles = a.m.div_ceil(TILE_M) * a.batches * a.n.div_ceil(cut.width);
    Ok(vec![shape(launch, cut, tiles, units)])
}

/// Whether both factors are stored in 16 bits: tensor cores take them as they are.
pub(crate) fn halves(a: &Args) -> bool {
    [&a.a, &a.b].iter().all(|m| matches!(m.tensor.dtype(), DType::BF16 | DType::F16))
}
