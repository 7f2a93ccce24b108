//! The plans of the rungs that load tiles: which size of tile, and into how many parts k is cut.
use crate::ladder::{Args, Matrix, launch};
use crate::split::in_parts;
use strata_device::{DType, Device, Kernel, Launch, Result};

/// Which way the operands lie, for the rungs that load tiles.
pub(crate) fn tiles(launch: Launch, a: &Args, m: usize, n: usize) -> Launch {
    // Kernels walk on by the grid's width where there are more tiles than a grid may have groups.
    launch
        .spread(a.m.div_ceil(m) * a.n.div_ceil(n) * a.batches, 256)
        .constant("A_ALONG_K", along_k(a).0.into())
        .constant("B_ALONG_K", along_k(a).1.into())
}

/// Whether the elements of a row of a, and of a column of b, lie side by side.
pub(crate) fn along_k(a: &Args) -> (bool, bool) {
    (a.a.col == 1, a.b.row == 1 && a.b.col != 1)
}

/// Whether all that lies side by side in a, and in b, can be taken by 16 bytes: every line begins at a
/// multiple of them and is made of whole ones.
pub(crate) fn by_sixteens(a: &Args) -> (bool, bool) {
    let whole = |m: &Matrix, beside: usize| {
        let size = m.tensor.dtype().size();
        let line = if m.col == 1 { m.row } else { m.col };
        let offset = m.tensor.layout().offset;
        [line, m.outer, m.inner, offset, beside].iter().all(|n| (n * size).is_multiple_of(16))
    };
    let along = along_k(a);
    (whole(&a.a, if along.0 { a.k } else { a.m }), whole(&a.b, if along.1 { a.k } else { a.n }))
}

/// Whether nothing is stored in 16 bits: what the rungs from `4_register_tiled` on are written for.
pub(crate) fn all_f32(a: &Args) -> bool {
    [&a.a, &a.b, &a.out].iter().all(|m| m.tensor.dtype() == DType::F32)
}

/// Groups that a large card works on at one time: two on each of 132 multiprocessors.
const AT_ONCE: usize = 264;
/// Terms of a sum worth a group of its own.
const SPAN_LEAST: usize = 64;
/// The terms that a group could add up in the time that its part is stored and added to the others.
const PART_COSTS: usize = 100;

fn tiles_of(a: &Args, side: usize) -> usize {
    a.m.div_ceil(side) * a.n.div_ceil(side) * a.batches
}

/// Parts into which k is cut where there are few tiles: the number that is over first, if a round takes
/// as long as its terms are many.
fn parts_of(tiles: usize, k: usize) -> usize {
    if tiles >= AT_ONCE {
        return 1;
    }
    let takes = |parts: usize| {
        let rounds = (tiles * parts).div_ceil(AT_ONCE);
        rounds * k.div_ceil(parts) + (parts - 1) * PART_COSTS * tiles / AT_ONCE
    };
    let most = (k / SPAN_LEAST).min(4 * AT_ONCE / tiles.max(1)).max(1);
    (1..=most).min_by_key(|&parts| takes(parts)).unwrap_or(1)
}

/// The tile's width for a thread, and the parts that k is cut into. They depend on the shape alone: the
/// same bits on every card.
fn shape_of_tiles(a: &Args) -> (u32, usize) {
    let parts = |side: usize| parts_of(tiles_of(a, side), a.k);
    // Large tiles load less for each multiplication, but must be many enough, and full.
    let large = a.m > 64 && a.n > 64 && tiles_of(a, 128) * parts(128) >= AT_ONCE / 2;
    if large { (8, parts(128)) } else { (4, parts(64)) }
}

/// Rounds of a workgroup that adds up so many terms: those of the loops over k, over a slab, and over
/// what is fetched of it, and a last one of each. All others have a fixed length and are unrolled by
/// every compiler met so far; a round is added for each all the same.
fn tile_rounds(terms: usize, width: u32) -> usize {
    let slab = if width == 8 { 8 } else { 16 };
    (terms.div_ceil(slab) + 1) * (slab + 12) + 3 * (width * width) as usize
}

/// The plan of the rungs from `4_register_tiled` on.
pub(crate) fn plan(kernel: &'static Kernel, a: &Args, device: &Device) -> Result<Vec<Launch>> {
    let (width, parts) = shape_of_tiles(a);
    let side = 16 * width as usize;
    let (a_wide, b_wide) = by_sixteens(a);
    let tile = |launch: Launch| {
        tiles(launch, a, side, side)
            .constant("TM", width)
            .constant("TN", width)
            .constant("BK", if width == 8 { 8 } else { 16 })
            .constant("A_WIDE", a_wide.into())
            .constant("B_WIDE", b_wide.into())
    };
    if parts == 1 {
        let whole = tile(launch(kernel, a, device)?);
        return Ok(vec![whole.constant("SPLIT", 0).rounds(tile_rounds(a.k, width))]);
    }
    let span = a.k.div_ceil(parts).next_multiple_of(16);
    in_parts(kernel, a, device, span, |launch, parts| {
        tile(launch).spread(tiles_of(a, side) * parts, 256).rounds(tile_rounds(span, width))
    })
}

#[cfg(test)]
mod tests {
    use super::parts_of;

    #[test]
    fn sums_are_cut_where_tiles_are_few_and_nowhere_else() {
        // Tiles of 128: squares of 1024, 2048 and 4096; a projection's gradient over 16,384 tokens,
        // and the head's; a result of one column of tiles over a short sum.
        let cases = [
            ((64, 1024), 4),
            ((256, 2048), 1),
            ((1024, 4096), 1),
            ((27, 16_384), 9),
            ((96, 16_384), 11),
            ((384, 384), 1),
            ((1, 63), 1),
            ((3, 0), 1),
        ];
        for ((tiles, k), parts) in cases {
            assert_eq!(parts_of(tiles, k), parts, "{tiles} tiles, {k} terms");
        }
    }
}
