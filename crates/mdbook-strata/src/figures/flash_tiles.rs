//! FlashAttention: a tile of queries stays, tiles of keys and values pass by.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

/// The tile of queries that a workgroup owns, and the tile of keys that is there now.
const OWN: usize = 2;
const NOW: usize = 1;
const SIDE: f64 = 58.0;

pub(super) fn draw() -> Svg {
    let text = "Scores of 256 queries by 256 keys, as 4 by 4 tiles of 64 by 64. A workgroup owns one tile of queries, the \
                third, and keeps it. The tiles of keys and values pass by, left to right: the first is done, the second \
                is in shared memory now, the third comes next and is half masked, the fourth lies above the diagonal \
                and is never loaded. In registers the workgroup keeps, for each query, the largest score so far m, the \
                sum l of e to the s minus m, and O, the same sum with values. When m grows, l and O are multiplied by \
                e to the m old minus m new. At the end O divided by l is stored; no tile of scores ever is.";
    let mut svg =
        Svg::new("flash-tiles", 640.0, 418.0, "Queries stay, keys and values pass by", text);
    let s = Grid::new(92.0, 118.0, 4, 4, SIDE);
    svg.text(0.0, s.y - 12.0, Anchor::Start, "strong", "Q");
    svg.text(s.x - 12.0, 42.0, Anchor::End, "strong", "K");
    svg.text(s.x - 12.0, 88.0, Anchor::End, "strong", "V");
    for i in 0..4 {
        let (x, y) = (s.at(0, i).0, s.at(i, 0).1);
        let fill = if i == NOW { "cell fill-2" } else { "cell fill-0" };
        svg.rect(x, 18.0, SIDE, 40.0, 3.0, fill);
        svg.rect(x, 64.0, SIDE, 40.0, 3.0, fill);
        svg.rect(0.0, y, 80.0, SIDE, 3.0, if i == OWN { "cell fill-1" } else { "cell fill-0" });
    }
    svg.text(40.0, s.middle(OWN, 0).1 + 5.0, Anchor::Middle, "small on", "stays");
    for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
        let (x, y) = s.at(row, column);
        if row != OWN {
            svg.rect(x, y, SIDE, SIDE, 3.0, "cell fill-0 ghost");
            continue;
        }
        let (class, text) = match column {
            c if c < NOW => ("fill-3 ghost", "done"),
            c if c == NOW => ("fill-4", "now"),
            c if c <= OWN => ("fill-0", "next"),
            _ => ("fill-0 ghost", "never"),
        };
        svg.rect(x, y, SIDE, SIDE, 3.0, &format!("cell {class}"));
        let on = if column == NOW { "small on" } else { "small" };
        svg.text(x + SIDE / 2.0, y + SIDE / 2.0 + 4.5, Anchor::Middle, on, text);
    }
    let (from, to) = (s.at(0, NOW).0 + SIDE / 2.0, s.at(OWN, 0).1);
    svg.arrow((from, 106.0), (from, to - 3.0), 0.0);
    state(&mut svg);
    let notes =
        ["Blue, orange: in shared memory.", "Violet: 64 by 64 scores: they never reach memory."];
    svg.notes(0.0, 390.0, Anchor::Start, &notes);
    svg.stack(&[[0.0, 10.0, 340.0, 362.0], [346.0, 10.0, 240.0, 346.0], [0.0, 374.0, 360.0, 44.0]])
}

/// What a query's threads remember, and what a tile does to it.
fn state(svg: &mut Svg) {
    let x = 356.0;
    svg.text(x, 30.0, Anchor::Start, "strong", "kept for each query");
    let kept =
        [("m", "largest score so far"), ("ℓ", "sum of e^(s − m)"), ("O", "sum of e^(s − m) · v")];
    for (i, (name, what)) in kept.into_iter().enumerate() {
        let y = 46.0 + 42.0 * i as f64;
        svg.boxed(x, y, 40.0, 34.0, "fill-3", name);
        svg.text(x + 54.0, y + 22.0, Anchor::Start, "small", what);
    }
    svg.text(x, 204.0, Anchor::Start, "strong", "for each tile of keys");
    let steps = [
        "1  load K and V, together",
        "2  scores s = scale · q · k",
        "3  m grows? ℓ and O shrink:",
        "times e^(m old − m new)",
    ];
    svg.notes(x, 230.0, Anchor::Start, &steps);
    svg.notes(x, 302.0, Anchor::Start, &["4  ℓ, O: add this tile's terms"]);
    svg.text(x, 342.0, Anchor::Start, "strong", "at the end: O / ℓ");
}
