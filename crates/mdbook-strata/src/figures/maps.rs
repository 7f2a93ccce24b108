//! The first three rungs of matmul: which element of C each lane of a warp computes, and which
//! sectors of memory the warp touches for it.

use super::sectors::{Corner, SIDE};
use super::svg::{Anchor, Svg};

/// The row and column of C, and the step along k, that are shown.
const I: usize = 10;
const J: usize = 13;
const L: usize = 19;
/// The side of a tile of `3_tiled`, and where the tiles that are shown begin.
const TILE: usize = 16;
const TILES: [(usize, usize); 3] = [(16, 0), (0, 16), (16, 16)];

fn corners() -> [Corner; 3] {
    [2.0, 224.0, 446.0].map(|x| Corner { x, y: 46.0 })
}

const BAR: &str = "Each bar is a sector: 8 floats, 32 bytes.";
const ALONG: [&str; 2] =
    ["Solid: what the 32 lanes of one warp ask for.", "Pale: what comes along."];

const PIECES: [[f64; 4]; 4] = [
    [0.0, 0.0, 200.0, 284.0],
    [220.0, 0.0, 210.0, 284.0],
    [440.0, 0.0, 200.0, 284.0],
    [0.0, 296.0, 410.0, 108.0],
];

fn legend(svg: &mut Svg, total: [&str; 2], colors: [&str; 2]) {
    svg.text(0.0, 312.0, Anchor::Start, "strong", total[0]);
    svg.notes(0.0, 332.0, Anchor::Start, &[total[1], colors[0], colors[1]]);
}

pub(super) fn naive() -> Svg {
    let text = "The corners of A, B and C, 32 by 32 elements each, with every row cut into sectors of 8 \
                floats. The 32 lanes of one warp compute 32 elements of C that stand in one column. At one \
                step along k they read 32 elements of one column of A, each in a sector of its own, and \
                all of them the same single element of B. When they store, they touch 32 sectors of C, \
                one element in each.";
    let mut svg = Svg::new("map-naive", 640.0, 376.0, "1_naive: a warp stands in a column", text);
    let [a, b, c] = corners();
    a.draw(&mut svg, ["A", "one step along k"], ["32 sectors fetched,", "4 bytes used of each"]);
    b.draw(&mut svg, ["B", "the same step"], ["1 sector fetched,", "one float for all lanes"]);
    c.draw(&mut svg, ["C", "lanes 0 to 31, downwards"], ["32 sectors touched,", "when they store"]);
    let mut sectors = b.touch(&mut svg, L, J..J + 1, "fill-2");
    for i in 0..SIDE {
        sectors += a.touch(&mut svg, i, L..L + 1, "fill-1");
        c.touch(&mut svg, i, J..J + 1, "fill-3");
    }
    legend(&mut svg, [&format!("One step of a warp along k: {sectors} sectors"), BAR], ALONG);
    svg.stack(&PIECES)
}

pub(super) fn coalesced() -> Svg {
    let text = "The same corners of A, B and C. The 32 lanes of one warp now compute 32 elements of C that \
                stand side by side in one row. At one step along k all of them read the same single \
                element of A, and 32 neighbouring elements of one row of B: 4 sectors, each used whole. \
                When they store, they touch 4 sectors of C, each filled whole.";
    let mut svg =
        Svg::new("map-coalesced", 640.0, 376.0, "2_coalesced: a warp stands in a row", text);
    let [a, b, c] = corners();
    a.draw(&mut svg, ["A", "one step along k"], ["1 sector fetched,", "one float for all lanes"]);
    b.draw(&mut svg, ["B", "the same step"], ["4 sectors fetched,", "each used whole"]);
    c.draw(&mut svg, ["C", "lanes 0 to 31, rightwards"], ["4 sectors touched,", "when they store"]);
    let sectors =
        a.touch(&mut svg, I, L..L + 1, "fill-1") + b.touch(&mut svg, L, 0..SIDE, "fill-2");
    c.touch(&mut svg, I, 0..SIDE, "fill-3");
    legend(&mut svg, [&format!("One step of a warp along k: {sectors} sectors"), BAR], ALONG);
    svg.stack(&PIECES)
}

pub(super) fn tiled() -> Svg {
    let text = "The same corners of A, B and C, with a frame around a tile of 16 by 16 in each. The 256 \
                threads of a block compute the tile of C. For 16 steps along k they copy one tile of A and \
                one tile of B into shared memory, in whole sectors. One warp is shown solid: it computes \
                2 rows of 16 elements of C, and fetches 2 rows of 16 elements of A and of B, which is 4 \
                sectors each. The whole block fetches 64 sectors for 16 steps.";
    let mut svg = Svg::new("map-tiled", 640.0, 376.0, "3_tiled: a block stands in a tile", text);
    let [a, b, c] = corners();
    a.draw(
        &mut svg,
        ["A", "one slab of 16 along k"],
        ["4 sectors for this warp,", "each used whole"],
    );
    b.draw(&mut svg, ["B", "the same slab"], ["4 sectors for this warp,", "each used whole"]);
    c.draw(&mut svg, ["C", "2 rows of 16 lanes"], ["4 sectors touched,", "when they store"]);
    let mut sectors = 0;
    for ((corner, (row, column)), fill) in
        [a, b, c].iter().zip(TILES).zip(["fill-1", "fill-2", "fill-3"])
    {
        corner.others(&mut svg, row..row + TILE, column..column + TILE, fill);
        for r in row..row + 2 {
            let touched = corner.touch(&mut svg, r, column..column + TILE, fill);
            sectors += if fill == "fill-3" { 0 } else { touched * TILE / 2 };
        }
    }
    let total = format!("16 steps of a block (8 warps): {sectors} sectors");
    let colors = ["Solid: one warp's part.", "Violet edge: copied into shared memory."];
    legend(&mut svg, [&total, "The same 16 steps by 2_coalesced: 640 sectors."], colors);
    svg.stack(&PIECES)
}
