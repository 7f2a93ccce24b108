//! Attention: Q, K and V become scores, probabilities, and a mixture.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

/// Tokens, and numbers in a query.
const T: usize = 6;
const D: usize = 3;
const SIDE: f64 = 18.0;
/// The query that is shown.
const ROW: usize = 3;

pub(super) fn draw() -> Svg {
    let text = "The matrices of one head, with T = 6 tokens and d = 3. First line: Q, T by d, times K transposed, d by T, \
                gives the scores S, T by T; a softmax of each row makes the probabilities P, T by T. Second line: P \
                times V, T by d, gives the output O, T by d. Marked is the way of one query: its row of Q meets all \
                keys, makes one row of S and of P, mixes all values, and ends as one row of O.";
    let mut svg = Svg::new("attention", 640.0, 318.0, "One query's way through attention", text);
    let q = Grid::new(0.0, 40.0, T, D, SIDE);
    let k = Grid::new(92.0, 67.0, D, T, SIDE);
    let s = Grid::new(246.0, 40.0, T, T, SIDE);
    let p = Grid::new(500.0, 40.0, T, T, SIDE);
    let p2 = Grid::new(246.0, 200.0, T, T, SIDE);
    let v = Grid::new(392.0, 200.0, T, D, SIDE);
    let o = Grid::new(500.0, 200.0, T, D, SIDE);
    let marked =
        |fill: &'static str| move |row: usize, _: usize| if row == ROW { fill } else { "fill-0" };
    q.fill(&mut svg, marked("fill-1"));
    k.fill(&mut svg, |_, _| "fill-2");
    s.fill(&mut svg, marked("fill-3"));
    p.fill(&mut svg, marked("fill-3"));
    p2.fill(&mut svg, marked("fill-1"));
    v.fill(&mut svg, |_, _| "fill-2");
    o.fill(&mut svg, marked("fill-3"));
    let named = [(q, "Q", "[T, d]"), (k, "Kᵀ", "[d, T]"), (s, "S", "[T, T]"), (p, "P", "[T, T]")];
    for (grid, name, shape) in
        named.into_iter().chain([(p2, "P", ""), (v, "V", "[T, d]"), (o, "O", "[T, d]")])
    {
        grid.title(&mut svg, name, shape);
    }
    let line = 94.0 + 5.0;
    for (x, sign, y) in [
        (73.0, "·", line),
        (223.0, "=", line),
        (373.0, "·", line + 160.0),
        (473.0, "=", line + 160.0),
    ] {
        svg.text(x, y, Anchor::Middle, "strong", sign);
    }
    svg.arrow((s.right() + 10.0, 103.0), (p.x - 10.0, 103.0), 0.0);
    svg.notes(427.0, 76.0, Anchor::Middle, &["softmax", "of each row"]);
    svg.notes(
        0.0,
        220.0,
        Anchor::Start,
        &["One query's row meets", "all keys and mixes", "all values."],
    );
    svg.stack(&[
        [0.0, 0.0, 370.0, 160.0],
        [352.0, 0.0, 288.0, 160.0],
        [240.0, 168.0, 350.0, 150.0],
        [0.0, 200.0, 180.0, 62.0],
    ])
}
