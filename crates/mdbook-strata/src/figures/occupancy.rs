//! The registers of an SM, shared out among warps.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

/// Registers of an SM: 256 KB of four bytes each.
const REGISTERS: usize = 65_536;
const SIDE: f64 = 256.0;

pub(super) fn draw() -> Svg {
    let text = "Two squares of the same size: the 65,536 registers of one SM. Left, a kernel with 32 registers \
                a thread: a warp takes 1,024, and 64 warps fit, the most an SM takes. Right, a kernel with \
                128 registers a thread: a warp takes 4,096, and 16 warps fit. While a warp waits for memory \
                the SM works on another: with fewer warps, each must have more to do while it waits.";
    let mut svg = Svg::new("occupancy", 640.0, 362.0, "One SM's registers, shared by warps", text);
    for (i, (each, grid)) in [(32, 8), (128, 4)].into_iter().enumerate() {
        let warps = REGISTERS / (32 * each);
        let x = 340.0 * i as f64;
        let squares = Grid::new(x, 60.0, grid, grid, SIDE / grid as f64);
        svg.text(x, 18.0, Anchor::Start, "strong", &format!("{each} registers a thread"));
        svg.text(x, 42.0, Anchor::Start, "small soft", &format!("{warps} warps of 32 threads"));
        squares.draw(&mut svg, |row, column| {
            let warp = row * grid + column;
            (if warp == 0 { "fill-4" } else { "fill-0" }, warp.to_string())
        });
        debug_assert_eq!(warps, grid * grid);
    }
    svg.notes(
        0.0,
        338.0,
        Anchor::Start,
        &["A square: one warp's share.", "Both areas: 65,536 registers."],
    );
    svg.stack(&[[0.0, 0.0, 300.0, 320.0], [330.0, 0.0, 310.0, 320.0], [0.0, 324.0, 340.0, 38.0]])
}
