//! The plan of the rung on tensor cores that every card has since Ampere.
use crate::hopper::halves;
use crate::ladder::{
    Args, Matrix, SPLIT_SUM, TENSOR_CORE, cost, filled, finishing, flat_or, product,
};
use strata_device::{Device, Launch, Result, Slice};

/// Rows of a block's tile.
const TILE_M: usize = 128;
/// Tiles in work at one time on a large card, two a multiprocessor; a plan depends on the shape alone,
/// so that every card gives the same bits.
const BUSY: usize = 264;
/// Terms of a sum worth a block of its own.
const SPAN_LEAST: usize = 512;

/// One way to cut a product up.
struct Cut {
    /// Columns of a tile.
    width: usize,
    stages: usize,
    /// Blocks that a multiprocessor has room for.
    blocks: usize,
    /// Parts of k, each with blocks of its own.
    parts: usize,
}

fn tiles(a: &Args, width: usize) -> usize {
    a.m.div_ceil(TILE_M) * a.n.div_ceil(width) * a.batches
}

fn cut(a: &Args) -> Cut {
    let narrow = tiles(a, 128);
    // A wide tile reads less for each multiplication, and fills a multiprocessor alone.
    let rounds = |tiles: usize, at_once: usize| tiles.div_ceil(at_once);
    if rounds(tiles(a, 256), BUSY / 2) * 12 <= rounds(narrow, BUSY) * 13 && narrow > BUSY / 2 {
        return Cut { width: 256, stages: 4, blocks: 1, parts: 1 };
    }
    let most = (a.k / SPAN_LEAST).max(1);
    let parts = (BUSY / narrow.max(1)).clamp(1, most);
    Cut { width: 128, stages: 3, blocks: 2, parts }
}

/// Whether every line of an operand begins at a multiple of 16 bytes and has whole ones.
fn aligned(m: &Matrix, along: usize) -> bool {
    let size = m.tensor.dtype().size();
    let offset = m.tensor.layout().offset;
    let line = if m.col == 1 { m.row } else { m.col };
    [line, m.outer, m.inner, offset, along].iter().all(|n| (n * size).is_multiple_of(16))
}

/// A launch with all that depends on how the operands lie.
fn tiled(launch: Launch, a: &Args, cut: &Cut, fours: bool) -> Launch {
    let (a_along, b_along) = (a.a.col == 1, a.b.row == 1 && a.b.col != 1);
    let sixteens = aligned(&a.a, if a_along { a.k } else { a.m })
        && aligned(&a.b, if b_along { a.k } else { a.n });
    // Both kinds of slab have 128 bytes a line.
    let bytes = cut.stages * (TILE_M + cut.width) * 128;
    let warps = TILE_M / 64 * cut.width / 64;
    launch
        .spread(tiles(a, cut.width) * cut.parts, 32 * warps as u32)
        .shared(bytes as u32)
        .constant("A_ALONG_K", a_along.into())
        .constant("B_ALONG_K", b_along.into())
        .constant("BN", cut.width as u32)
        .constant("STAGES", cut.stages as u32)
        .constant("BLOCKS", cut.blocks as u32)
        .constant("ALIGNED", sixteens.into())
        .constant("BY_FOUR", fours.into())
}

pub(crate) fn plan(a: &Args, device: &Device) -> Result<Vec<Launch>> {
    let cut = cut(a);
    let (bindings, params) = filled(a, device)?;
    let (flops, bytes) = cost(a);
    let out = &a.out;
    let offset = out.tensor.layout().offset;
    if cut.parts == 1 {
        let fours = [a.n, out.row, out.outer, out.inner, offset];
        let fours = fours.iter().all(|n| n.is_multiple_of(4));
        let launch = finishing(TENSOR_CORE.launch(bindings, params), a).cost(flops, bytes);
        return Ok(vec![tiled(launch, a, &cut, fours)]);
    }
    // What a slab holds along k.
    let slab = if halves(a) { 64 } else { 32 };
    let span = a.k.div_ceil(cut.parts).next_multiple_of(slab);
    let parts = a.k.div_ceil(span);
    // Sums are f32, whatever is multiplied; the second launch has the epilogue.
    let scratch = device.alloc(4 * parts * a.batches * a.m * a.n)?.whole();
    let read = scratch.bytes as f64;
    let untyped = |slice: &Slice| Slice { dtype: None, ..slice.clone() };
    let sums = product::Bindings {
        c: scratch.clone(),
        residual: untyped(&bindings.a),
        bias: untyped(&bindings.a),
        activated: device.alloc(4)?.whole(),
        ..bindings.clone()
    };
    let sums = TENSOR_CORE.launch(sums, product::Params { span, ..params });
    let cut = Cut { parts, ..cut };
    let sums = tiled(sums, a, &cut, a.n.is_multiple_of(4)).constant("SPLIT", 1).cost(flops, bytes);
    let finish = product::Bindings {
        bias: flat_or(a.bias.as_ref(), &scratch),
        residual: flat_or(a.residual.as_ref(), &scratch),
        a: scratch.clone(),
        b: scratch,
        ..bindings
    };
    let results = (a.batches * a.m * a.n) as f64;
    let finish = SPLIT_SUM.launch(finish, product::Params { span: parts, ..params });
    let finish = finishing(finish, a)
        .cover(a.batches * a.m * a.n, 256)
        .cost(results * parts as f64, read + results * out.tensor.dtype().size() as f64);
    Ok(vec![sums, finish])
}
