//! Tiles of A and B moving through shared memory along k.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

/// The tile of C that is computed: its row and column of tiles.
const TILE: (usize, usize) = (1, 2);

pub(super) fn draw() -> Svg {
    let text = "A, B and C as 3 by 3 tiles of 16 by 16 elements. One block computes one tile of C, in the \
                middle row and the last column, in three steps. Step 1: the first tile of A's middle row and \
                the first tile of B's last column are copied into shared memory; every sum of the tile of C \
                then has 16 of its 48 terms. Step 2: the second tiles take their place, 32 terms. Step 3: \
                the third tiles, 48 terms, and the tile of C is done.";
    let mut svg = Svg::new("tiles", 640.0, 336.0, "Tiles on their way along k", text);
    for step in 0..3 {
        one(&mut svg, step, 224.0 * step as f64);
    }
    svg.stack(&[[0.0, 0.0, 200.0, 336.0], [223.0, 0.0, 200.0, 336.0], [446.0, 0.0, 194.0, 336.0]])
}

fn one(svg: &mut Svg, step: usize, x: f64) {
    let side = 28.0;
    let b = Grid::new(x + 108.0, 52.0, 3, 3, side);
    let a = Grid::new(x, b.bottom() + 14.0, 3, 3, side);
    let c = Grid::new(b.x, a.y, 3, 3, side);
    svg.text(x, 18.0, Anchor::Start, "strong", &format!("step {}", step + 1));
    svg.text(
        x,
        40.0,
        Anchor::Start,
        "small soft",
        &format!("k from {} to {}", 16 * step, 16 * step + 15),
    );
    svg.text(a.x, a.y - 8.0, Anchor::Start, "strong", "A");
    svg.text(b.x - 8.0, b.y + 20.0, Anchor::End, "strong", "B");
    svg.text(c.x - 6.0, c.y + 20.0, Anchor::End, "strong", "C");
    let pick = |here: (usize, usize), now: (usize, usize), used: bool, fills: [&'static str; 2]| {
        match here {
            _ if here == now => fills[0],
            _ if used => fills[1],
            _ => "fill-0",
        }
    };
    a.fill(svg, |i, l| {
        pick((i, l), (TILE.0, step), i == TILE.0 && l < step, ["fill-1", "fill-1 ghost"])
    });
    b.fill(svg, |l, j| {
        pick((l, j), (step, TILE.1), j == TILE.1 && l < step, ["fill-2", "fill-2 ghost"])
    });
    let done = if step == 2 { "fill-3" } else { "fill-3 ghost" };
    c.fill(svg, |i, j| if (i, j) == TILE { done } else { "fill-0" });
    let y = c.bottom() + 22.0;
    svg.rect(x, y, 84.0, 52.0, 4.0, "fill-4 ghost");
    svg.rect(x + 10.0, y + 9.0, 34.0, 34.0, 2.0, "cell fill-1");
    svg.rect(x + 44.0, y + 9.0, 34.0, 34.0, 2.0, "cell fill-2");
    svg.text(x, y + 72.0, Anchor::Start, "small soft", "shared memory");
    let (cx, cy) = c.middle(TILE.0, TILE.1);
    svg.arrow((x + 90.0, y + 26.0), (cx, cy + side / 2.0 + 3.0), -14.0);
    let terms = format!("{} of 48 terms", 16 * (step + 1));
    svg.text(c.right(), y + 52.0, Anchor::End, "small", &terms);
}
