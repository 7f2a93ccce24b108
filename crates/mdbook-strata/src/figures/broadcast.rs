//! A column and a row become a matrix: both are read as if they were repeated.

use super::svg::{Anchor, Svg};

const SIDE: f64 = 36.0;
const COLUMN: [u32; 3] = [10, 20, 30];
const ROW: [u32; 4] = [1, 2, 3, 4];

pub(super) fn draw() -> Svg {
    let text = "A column of shape 3 by 1 with 10, 20, 30, plus a row of shape 1 by 4 with 1, 2, 3, 4, is a \
                matrix of shape 3 by 4: 11, 12, 13, 14; 21, 22, 23, 24; 31, 32, 33, 34. The column is \
                read with stride 0 along its columns, the row with stride 0 along its rows: faint cells \
                are repetitions, and take no memory.";
    let mut svg = Svg::new("broadcast", 640.0, 232.0, "Broadcasting a column and a row", text);
    let top = 34.0;
    let grids = [(0.0, "[3, 1]"), (230.0, "[1, 4]"), (460.0, "[3, 4]")];
    for (grid, (left, shape)) in grids.into_iter().enumerate() {
        svg.text(left, 18.0, Anchor::Start, "mono small soft", &format!("shape {shape}"));
        for (r, a) in COLUMN.iter().enumerate() {
            for (c, b) in ROW.iter().enumerate() {
                let (x, y) = (left + SIDE * c as f64, top + SIDE * r as f64);
                let (value, real, fill) = match grid {
                    0 => (*a, c == 0, "fill-1"),
                    1 => (*b, r == 0, "fill-2"),
                    _ => (a + b, true, "fill-3"),
                };
                let class = if real { fill } else { "fill-0 ghost" };
                svg.cell(x, y, SIDE, class, &value.to_string());
            }
        }
    }
    let middle = top + 1.5 * SIDE + 6.0;
    svg.text(187.0, middle, Anchor::Middle, "strong", "+");
    svg.text(417.0, middle, Anchor::Middle, "strong", "=");
    let under = top + 3.0 * SIDE;
    svg.text(0.0, under + 24.0, Anchor::Start, "small", "strides [1, 0]");
    svg.text(230.0, under + 24.0, Anchor::Start, "small", "strides [0, 1]");
    svg.text(460.0, under + 24.0, Anchor::Start, "small", "strides [4, 1]");
    let faint = ["Faint cells are read again, not stored:", "a step of 0 stays where it is."];
    svg.notes(0.0, under + 60.0, Anchor::Start, &faint);
    svg.stack(&[
        [0.0, 0.0, 210.0, 174.0],
        [170.0, 0.0, 230.0, 174.0],
        [400.0, 0.0, 240.0, 174.0],
        [0.0, 186.0, 340.0, 46.0],
    ])
}
