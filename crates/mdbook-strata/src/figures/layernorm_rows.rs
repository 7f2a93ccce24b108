//! LayerNorm: statistics of rows, gains of columns.
#![expect(clippy::indexing_slicing, reason = "the grids have the rows and columns of `X`")]

use super::grid::Grid;
use super::svg::{Anchor, Svg};

const X: [[f64; 4]; 2] = [[1.0, 1.0, 5.0, 5.0], [10.0, 10.0, 50.0, 50.0]];
const GAMMA: [f64; 4] = [1.0, 2.0, 1.0, 3.0];
const BETA: [f64; 4] = [0.0, 0.0, 2.0, 1.0];
const SIDE: f64 = 38.0;

pub(super) fn draw() -> Svg {
    let text = "Two rows of x: 1, 1, 5, 5 and 10, 10, 50, 50. Row 0 has the mean 3 and the deviation 2, row 1 the mean \
                30 and the deviation 20. Less its mean and divided by its deviation, each row becomes -1, -1, 1, 1. \
                Each column then has its own gain and bias: gains 1, 2, 1, 3 and biases 0, 0, 2, 1 turn both rows \
                into -1, -2, 3, 4.";
    let mut svg =
        Svg::new("layernorm-rows", 640.0, 236.0, "Statistics of rows, gains of columns", text);
    let [x, normal, y] = [0.0, 298.0, 488.0].map(|left| Grid::new(left, 34.0, 2, 4, SIDE));
    for (grid, name) in [(x, "x"), (normal, "normalized"), (y, "y")] {
        svg.text(grid.x, 22.0, Anchor::Start, "strong", name);
    }
    let stats = X.map(|row| {
        let mean = row.iter().sum::<f64>() / 4.0;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 4.0;
        (mean, variance.sqrt())
    });
    let hat = |row: usize, column: usize| (X[row][column] - stats[row].0) / stats[row].1;
    x.draw(&mut svg, |r, c| ("fill-1", X[r][c].to_string()));
    normal.draw(&mut svg, |r, c| ("fill-0", hat(r, c).to_string()));
    y.draw(&mut svg, |r, c| ("fill-3", (hat(r, c) * GAMMA[c] + BETA[c]).to_string()));
    for (row, (mean, deviation)) in stats.into_iter().enumerate() {
        let at = x.middle(row, 0).1;
        svg.text(x.right() + 10.0, at - 3.0, Anchor::Start, "small", &format!("mean {mean}"));
        svg.text(
            x.right() + 10.0,
            at + 14.0,
            Anchor::Start,
            "small",
            &format!("deviation {deviation}"),
        );
        svg.arrow((x.right() + 116.0, at), (normal.x - 5.0, at), 0.0);
        svg.arrow((normal.right() + 5.0, at), (y.x - 5.0, at), 0.0);
    }
    let gains = ("times its column's gain", GAMMA);
    let biases = ("plus its column's bias", BETA);
    for (i, (note, values)) in [gains, biases].into_iter().enumerate() {
        let grid = Grid::new(y.x, 136.0 + 44.0 * i as f64, 1, 4, SIDE);
        grid.draw(&mut svg, |_, c| ("fill-2", values[c].to_string()));
        svg.text(grid.x - 12.0, grid.y + 24.0, Anchor::End, "small", note);
    }
    let words = ["Along a row: mean, deviation.", "Down a column: gain, bias."];
    svg.notes(0.0, 158.0, Anchor::Start, &words);
    svg
}
