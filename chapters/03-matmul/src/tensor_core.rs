//! The plan of the rung on tensor cores that every card has since Ampere.
use crate::hopper::halves;
use crate::ladder::{Args, TENSOR_CORE, launch};
use crate::split::in_parts;
use crate::tiled::{along_k, by_sixteens};
use strata_device::{Device, Launch, Result};

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

fn cut(a: &Args, device: &Device) -> Cut {
    let narrow = tiles(a, 128);
    // Cards for data centers give a block more than 99 KB of shared memory. The bits are the same.
    let roomy = matches!(device.info().caps.compute, 80 | 87 | 90 | 100..=119);
    // A wide tile reads less for each multiplication, and fills a multiprocessor alone.
    let rounds = |tiles: usize, at_once: usize| tiles.div_ceil(at_once);
    if rounds(tiles(a, 256), BUSY / 2) * 12 <= rounds(narrow, BUSY) * 13
        && narrow > BUSY / 2
        && roomy
    {
        return Cut { width: 256, stages: 3, blocks: 1, parts: 1 };
    }
    let most = (a.k / SPAN_LEAST).max(1);
    let parts = (BUSY / narrow.max(1)).clamp(1, most);
    Cut { width: 128, stages: 3, blocks: 2, parts }
}

/// A launch with all that depends on how the operands lie.
fn tiled(launch: Launch, a: &Args, cut: &Cut, fours: bool) -> Launch {
    let (a_along, b_along) = along_k(a);
    let (a_wide, b_wide) = by_sixteens(a);
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
        .constant("ALIGNED", (a_wide && b_wide).into())
        .constant("BY_FOUR", fours.into())
}

pub(crate) fn plan(a: &Args, device: &Device) -> Result<Vec<Launch>> {
    let cut = cut(a, device);
    let out = &a.out;
    let offset = out.tensor.layout().offset;
    if cut.parts == 1 {
        let fours = [a.n, out.row, out.outer, out.inner, offset];
        let fours = fours.iter().all(|n| n.is_multiple_of(4));
        return Ok(vec![tiled(launch(&TENSOR_CORE, a, device)?, a, &cut, fours)]);
    }
    // What a slab holds along k.
    let slab = if halves(a) { 64 } else { 32 };
    let span = a.k.div_ceil(cut.parts).next_multiple_of(slab);
    in_parts(&TENSOR_CORE, a, device, span, |launch, parts| {
        tiled(launch, a, &Cut { parts, ..cut }, a.n.is_multiple_of(4))
    })
}
