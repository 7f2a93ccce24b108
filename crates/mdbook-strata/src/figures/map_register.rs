//! matmul/4_register_tiled: a block's tile of 128 by 128, and the 64 elements of one thread.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

/// The tile's side, the slab's depth, and their units in the drawing.
const TILE: usize = 128;
const DEPTH: usize = 8;
const UNIT: f64 = 2.0;
const DEEP: f64 = 4.0;
/// The thread that is shown: lane 18 of warp 0.
const X: usize = 2;
const Y: usize = 1;

/// The tile's rows and columns that a thread owns: `i` and `j` of the kernel.
fn rows(y: usize) -> [usize; 8] {
    std::array::from_fn(|r| r * 16 + y)
}

fn columns(x: usize) -> [usize; 8] {
    std::array::from_fn(|s| s * 16 + x)
}

pub(super) fn draw() -> Svg {
    let text = "Left, the tile of 128 by 128 elements of C that a block of 256 threads computes, with the \
                slab of A, 128 by 8, on its left and the slab of B, 8 by 128, above it. Warp 0 owns two \
                rows of every sixteen: 0 and 1, 16 and 17, and so on. Of each slab it fetches 16 sectors of \
                A, in four runs of four rows, and 16 of B, four rows of 32 columns, all used whole. \
                Right, one thread of the warp: it owns rows 1, 17, 33 and so on to 113, and columns 2, 18, \
                34 and so on to 114. At one step along k it loads 8 numbers of A and 8 of B and multiplies \
                each with each: 64 multiplications for 16 numbers.";
    let mut svg =
        Svg::new("map-register", 640.0, 430.0, "4_register_tiled: a thread owns 64 elements", text);
    let (left, top, side) = (62.0, 74.0, UNIT * TILE as f64);
    tile(&mut svg, left, top, side);
    thread(&mut svg);
    svg.text(
        0.0,
        top + side + 28.0,
        Anchor::Start,
        "strong",
        "A slab for one warp: 32 sectors, each used whole",
    );
    svg.notes(
        0.0,
        top + side + 50.0,
        Anchor::Start,
        &[
            "A, B solid: what warp 0 fetches.",
            "C pale: its 16 rows; violet: one thread.",
            "The slabs are drawn twice as deep as they are.",
        ],
    );
    svg.stack(&[[0.0, 0.0, 340.0, 342.0], [344.0, 10.0, 296.0, 330.0], [0.0, 342.0, 410.0, 88.0]])
}

fn tile(svg: &mut Svg, left: f64, top: f64, side: f64) {
    let deep = DEEP * DEPTH as f64;
    let (ax, by) = (left - 12.0 - deep, top - 12.0 - deep);
    svg.text(ax, top - 12.0, Anchor::Start, "strong", "A");
    svg.text(left - 12.0, by + 21.0, Anchor::End, "strong", "B");
    svg.text(left, by - 9.0, Anchor::Start, "small soft", "a block: a tile of C, 128 by 128");
    svg.rect(ax, top, deep, side, 0.0, "fill-1 ghost");
    svg.rect(left, by, side, deep, 0.0, "fill-2 ghost");
    svg.rect(left, top, side, side, 0.0, "fill-0");
    for load in 0..4 {
        // Thread t takes element t + 256 load: of A, row by row of 8; of B, row by row of 128.
        let (row, depth) = (32 * load, 2 * load);
        svg.rect(ax, top + UNIT * row as f64, deep, 4.0 * UNIT, 0.0, "fill-1");
        svg.rect(left, by + DEEP * depth as f64, 32.0 * UNIT, DEEP, 0.0, "fill-2");
    }
    for row in rows(0) {
        svg.rect(left, top + UNIT * row as f64, side, 2.0 * UNIT, 0.0, "fill-3 ghost");
    }
    for column in columns(X) {
        for row in rows(Y) {
            let (x, y) = (left + UNIT * column as f64, top + UNIT * row as f64);
            svg.rect(x - 0.5, y - 0.5, UNIT + 1.0, UNIT + 1.0, 0.0, "fill-4");
        }
    }
}

fn thread(svg: &mut Svg) {
    let c = Grid::new(424.0, 130.0, 8, 8, 26.0);
    svg.text(352.0, 32.0, Anchor::Start, "strong", "one thread, at one step");
    svg.text(352.0, 54.0, Anchor::Start, "small soft", "8 of A by 8 of B: 64 products");
    for (i, (row, column)) in rows(Y).into_iter().zip(columns(X)).enumerate() {
        let (x, y) = (c.x - 8.0 - c.side, c.at(i, 0).1);
        svg.rect(x, y, c.side, c.side, 2.0, "cell fill-1");
        svg.text(x - 6.0, y + 17.5, Anchor::End, "mono small soft", &row.to_string());
        let (x, y) = (c.at(0, i).0, c.y - 8.0 - c.side);
        svg.rect(x, y, c.side, c.side, 2.0, "cell fill-2");
        svg.text(x + c.side / 2.0, y - 7.0, Anchor::Middle, "mono small soft", &column.to_string());
    }
    c.fill(svg, |_, _| "fill-4");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_out_the_tile() {
        let mut seen = vec![0; TILE * TILE];
        for thread in 0..256 {
            for row in rows(thread / 16) {
                for column in columns(thread % 16) {
                    seen[row * TILE + column] += 1;
                }
            }
        }
        assert!(seen.iter().all(|&n| n == 1));
    }
}
