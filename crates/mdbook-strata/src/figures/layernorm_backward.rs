//! LayerNorm backward: dx along rows, the parameters' gradients down columns, in two stages.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

const HAT: [f64; 4] = [-1.0, -1.0, 1.0, 1.0];
const G: [f64; 4] = [1.0, 0.0, 0.0, 0.0];
const SIDE: f64 = 36.0;

pub(super) fn draw() -> Svg {
    let text = "Above, the input's gradient, row by row. What comes from above, g = 1, 0, 0, 0, loses its mean, one \
                quarter each, and its part along the normalized row -1, -1, 1, 1, which is 1/4, 1/4, -1/4, -1/4; what \
                is left, 1/2, -1/2, 0, 0, is multiplied by r = 1/2: dx = 1/4, -1/4, 0, 0. Below, the gradients of \
                gain and bias, column by column. Stage 1: three workgroups each add up the columns of a chunk of \
                three rows, without waiting for each other. Stage 2: another launch adds the three sums of each \
                column, always in the same order.";
    let mut svg =
        Svg::new("layernorm-backward", 640.0, 408.0, "Along rows, and down columns", text);
    row(&mut svg);
    columns(&mut svg);
    svg
}

/// A number that is a multiple of a quarter.
#[expect(clippy::cast_possible_truncation, reason = "all come from `G` and `HAT`, and are small")]
fn quarters(value: f64) -> String {
    match (value * 4.0).round() as i32 {
        fours if fours % 4 == 0 => (fours / 4).to_string(),
        fours if fours % 2 == 0 => format!("{}/2", fours / 2),
        fours => format!("{fours}/4"),
    }
}

#[expect(clippy::indexing_slicing, reason = "every row and grid here has four columns")]
fn row(svg: &mut Svg) {
    svg.text(0.0, 18.0, Anchor::Start, "strong", "dx: each row for itself");
    let mean = G.iter().sum::<f64>() / 4.0;
    let along = G.iter().zip(HAT).map(|(g, h)| g * h).sum::<f64>() / 4.0;
    let parts: [(&str, &'static str, [f64; 4]); 4] = [
        ("g", "fill-1", G),
        ("its mean", "fill-2", [mean; 4]),
        ("part along x̂", "fill-2", HAT.map(|h| h * along)),
        ("dx / r", "fill-3", std::array::from_fn(|i| G[i] - mean - HAT[i] * along)),
    ];
    for (i, (name, fill, values)) in parts.into_iter().enumerate() {
        let grid = Grid::new(162.6 * i as f64, 62.0, 1, 4, SIDE);
        svg.text(grid.x, 52.0, Anchor::Start, "small", name);
        grid.draw(svg, |_, c| (fill, quarters(values[c])));
        if i > 0 {
            let sign = if i < 3 { "−" } else { "=" };
            svg.text(grid.x - 8.0, 86.0, Anchor::Middle, "strong", sign);
        }
    }
    svg.notes(
        0.0,
        122.0,
        Anchor::Start,
        &["x̂ = -1, -1, 1, 1: the normalized row. Last step: times r = 1/2."],
    );
}

fn columns(svg: &mut Svg) {
    svg.text(0.0, 172.0, Anchor::Start, "strong", "gains and biases: each column, in two stages");
    let last = Grid::new(488.0, 292.0, 1, 4, SIDE);
    for chunk in 0..3 {
        let rows = Grid::new(0.0, 214.0 + 62.0 * chunk as f64, 3, 4, 18.0);
        rows.fill(svg, |_, _| "fill-1");
        let middle = rows.y + 27.0;
        svg.notes(86.0, middle + 4.5, Anchor::Start, &["3 rows"]);
        svg.arrow((140.0, middle), (228.0, middle), 0.0);
        let sums = Grid::new(236.0, middle - SIDE / 2.0, 1, 4, SIDE);
        sums.fill(svg, |_, _| "fill-3 ghost");
        let to = last.y + SIDE * (0.25 + 0.25 * chunk as f64);
        svg.arrow((sums.right() + 6.0, middle), (last.x - 6.0, to), 0.0);
    }
    last.fill(svg, |_, _| "fill-3");
    svg.text(0.0, 202.0, Anchor::Start, "small soft", "dy x̂, or dy");
    svg.text(236.0, 202.0, Anchor::Start, "small soft", "a sum for each chunk");
    svg.text(last.x, last.y - 12.0, Anchor::Start, "small soft", "their sums");
    svg.text(140.0, 202.0, Anchor::Start, "small", "stage 1");
    svg.text(440.0, 202.0, Anchor::Middle, "small", "stage 2");
}
