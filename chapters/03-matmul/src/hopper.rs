//! The plan of the rung that only Hopper has: an engine copies, tensor cores read shared memory.
use crate::ladder::{Args, HOPPER, Matrix, launch};
use strata_device::{DType, Device, Launch, Result, Swizzle, TensorMap};

/// Rows of a tile.
pub(crate) const TILE_M: usize = 128;
/// Steps along k that lie in shared memory together, and lines of one block of them.
const BLOCK: usize = 64;
/// Threads: a producer's and two consumers' warpgroups.
pub(crate) const THREADS: u32 = 384;
/// Bytes of shared memory that a block may have, less what it keeps for itself.
const SHARED: usize = 226 << 10;

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
    let (slice, offset) = m.tensor.binding_and_offset();
    let mut of = slice.binding();
    // `fits` has looked: 16 bytes.
    let skipped = offset * m.tensor.dtype().size();
    (of.offset, of.bytes) = (of.offset + skipped, of.bytes.saturating_sub(skipped));
    let line = line(m);
    // A matrix that serves all batches is there once.
    let [outer, inner] = [(a.batches / a.inner, m.outer), (a.inner, m.inner)]
        .map(|(n, stride)| if stride == 0 { (1, line) } else { (n, stride) });
    let [rows, columns] = if along_k { [lines, a.k] } else { [a.k, lines] };
    TensorMap {
        of,
        dtype: m.tensor.dtype(),
        shape: vec![outer.0, inner.0, rows, columns],
        strides: vec![outer.1, inner.1, line, 1],
        tile: vec![1, 1, BLOCK, BLOCK],
        swizzle: Swizzle::B128,
    }
}

/// A tile's width: the one that leaves the fewest columns of the last round of tiles idle.
pub(crate) fn width(rows_of_tiles: usize, n: usize, units: usize) -> usize {
    // A wide tile loads less for each multiplication, and more of it is wasted.
    let cost = |width: usize| {
        let rounds = (rows_of_tiles * n.div_ceil(width)).div_ceil(units.max(1));
        rounds * (width + 32)
    };
    [256, 192, 128].into_iter().min_by_key(|&w| (cost(w), usize::MAX - w)).unwrap_or(128)
}

/// Stages of the ring: as many as fit.
pub(crate) fn shape(launch: Launch, width: usize, tiles: usize, units: usize) -> Launch {
    let stage = (TILE_M + width) * BLOCK * 2;
    let stages = SHARED / stage;
    launch
        .grid(tiles.min(units.max(1)), 1, 1)
        .block(THREADS, 1, 1)
        .shared((stages * stage + 1024) as u32)
        .constant("BN", width as u32)
        .constant("STAGES", stages as u32)
}

pub(crate) fn plan(a: &Args, device: &Device) -> Result<Vec<Launch>> {
    let units = device.info().caps.units as usize;
    let (a_along, b_along) = (a.a.col == 1, a.b.row == 1 && a.b.col != 1);
    let high = a.m.div_ceil(TILE_M) * a.batches;
    let width = width(high, a.n, units);
    let launch = launch(&HOPPER, a, device)?
        .tensor_map(map(a, &a.a, a.m, a_along))
        .tensor_map(map(a, &a.b, a.n, b_along))
        .constant("A_ALONG_K", a_along.into())
        .constant("B_ALONG_K", b_along.into());
    Ok(vec![shape(launch, width, high * a.n.div_ceil(width), units)])
}

/// Whether both factors are stored in 16 bits: tensor cores take them as they are.
pub(crate) fn halves(a: &Args) -> bool {
    [&a.a, &a.b].iter().all(|m| matches!(m.tensor.dtype(), DType::BF16 | DType::F16))
}
