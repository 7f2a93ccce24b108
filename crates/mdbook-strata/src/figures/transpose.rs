//! A copy of a transposed matrix: one side walks along memory lines, the other jumps.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

/// Rows, columns, and lanes.
const N: usize = 8;
/// The row of the result that is shown.
const ROW: usize = 2;

pub(super) fn draw() -> Svg {
    let text = "Two matrices of 8 by 8 floats. Each row is one line of memory: 32 bytes. Eight lanes copy row 2 \
                of the transposed matrix. Left, what they read: column 2 of the matrix as it lies, cells 2, 10, \
                18 and so on to 58. All 8 lines are fetched, for 4 bytes of each. Right, what they write: row 2 \
                of the result, cells 16 to 23, side by side in 1 line.";
    let mut svg = Svg::new("transpose", 640.0, 372.0, "Reading jumps, writing walks", text);
    let (x, y) = (Grid::new(2.0, 58.0, N, N, 32.0), Grid::new(382.0, 58.0, N, N, 32.0));
    let cell = |row: usize, column: usize| (N * row + column).to_string();
    svg.text(x.x, 18.0, Anchor::Start, "strong", "x, read by columns");
    svg.text(y.x, 18.0, Anchor::Start, "strong", "the copy of x.t()");
    svg.notes(x.x, 42.0, Anchor::Start, &["8 lines fetched, 4 bytes used of each"]);
    svg.notes(y.x, 42.0, Anchor::Start, &["1 line written, all of it"]);
    x.draw(&mut svg, |row, column| {
        (if column == ROW { "fill-1" } else { "fill-0" }, cell(row, column))
    });
    y.draw(&mut svg, |row, column| {
        (if row == ROW { "fill-3" } else { "fill-0" }, cell(row, column))
    });
    y.frame(&mut svg, ROW..ROW + 1, 0..N, "fill-4");
    for row in 0..N {
        x.frame(&mut svg, row..row + 1, 0..N, "fill-4");
    }
    svg.arrow((x.right() + 16.0, 180.0), (y.x - 16.0, 150.0), 0.0);
    svg.text(320.0, 146.0, Anchor::Middle, "small", "8 lanes");
    let frames = ["Violet: the lines of memory that 8 lanes touch.", "Numbers: cells, not values."];
    svg.notes(0.0, 346.0, Anchor::Start, &frames);
    svg.stack(&[[0.0, 0.0, 374.0, 322.0], [268.0, 0.0, 372.0, 322.0], [0.0, 330.0, 360.0, 42.0]])
}
