//! The causal mask, and what tiles make of it.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

const N: usize = 16;
const TILE: usize = 4;

pub(super) fn draw() -> Svg {
    let text = "A square of 16 queries, downwards, by 16 keys, rightwards. Query i sees the keys 0 to i: the lower left \
                triangle with the diagonal. The square is cut into tiles of 4 by 4. Six tiles lie below the diagonal and \
                are computed whole. Four lie on the diagonal: they are computed, and the part above the diagonal is \
                masked. Six lie above: they are never loaded.";
    let mut svg = Svg::new("causal", 640.0, 346.0, "Which query sees which key", text);
    let grid = Grid::new(64.0, 34.0, N, N, 19.0);
    svg.text(grid.x, 20.0, Anchor::Start, "small soft", "keys, 0 to 15");
    svg.notes(0.0, grid.y + 14.0, Anchor::Start, &["queries,", "0 to 15"]);
    grid.fill(&mut svg, |query, key| match () {
        () if key <= query => "fill-3",
        () if key / TILE == query / TILE => "fill-0",
        () => "fill-0 ghost",
    });
    for tile in 0..N / TILE {
        let span = tile * TILE..(tile + 1) * TILE;
        grid.frame(&mut svg, span.clone(), span, "fill-4");
    }
    let x = grid.right() + 28.0;
    let tiles = N / TILE;
    let rows = [
        ("fill-3", format!("{} tiles below: whole", tiles * (tiles - 1) / 2)),
        ("fill-4", format!("{tiles} on the diagonal: masked")),
        ("fill-0 ghost", format!("{} above: never loaded", tiles * (tiles - 1) / 2)),
    ];
    for (i, (class, text)) in rows.iter().enumerate() {
        let y = 60.0 + 34.0 * i as f64;
        match *class {
            "fill-4" => svg.frame(x, y, 19.0, 19.0, 2.5, class),
            _ => svg.rect(x, y, 19.0, 19.0, 2.0, class),
        }
        svg.text(x + 28.0, y + 14.5, Anchor::Start, "small", text);
    }
    svg.notes(
        x,
        196.0,
        Anchor::Start,
        &["Query i sees i + 1 keys.", "Here a tile is 4 by 4;", "in the kernels, 64 by 64."],
    );
    svg.stack(&[[0.0, 0.0, 380.0, 346.0], [390.0, 52.0, 250.0, 190.0]])
}
