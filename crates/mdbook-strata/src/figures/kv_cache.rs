//! The KV cache: one row joins, one query looks at all before it.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

/// Positions, numbers in a key, and the position of the new token.
const ROWS: usize = 9;
const DIM: usize = 4;
const NOW: usize = 5;
const SIDE: f64 = 26.0;

pub(super) fn draw() -> Svg {
    let text = "One head of one block. Two tables, keys and values, with a row for each of nine positions. Rows 0 to 4 were \
                written with earlier tokens. The new token makes one query, one key and one value: its key and its value \
                are written into row 5. Then the query meets keys 0 to 5, and mixes values 0 to 5. Rows 6 to 8 are still \
                empty and not looked at.";
    let mut svg = Svg::new("kv-cache", 640.0, 326.0, "One token more", text);
    let keys = Grid::new(236.0, 48.0, ROWS, DIM, SIDE);
    let values = Grid::new(504.0, 48.0, ROWS, DIM, SIDE);
    for (grid, name) in [(keys, "keys"), (values, "values")] {
        svg.text(grid.x, 32.0, Anchor::Start, "strong", name);
        grid.fill(&mut svg, |row, _| match row {
            NOW => "fill-4",
            row if row < NOW => "fill-2",
            _ => "fill-0 ghost",
        });
    }
    for row in 0..ROWS {
        let y = keys.middle(row, 0).1 + 4.5;
        let class = if row <= NOW { "mono small soft" } else { "mono small soft ghost" };
        svg.text(keys.x - 8.0, y, Anchor::End, class, &row.to_string());
    }
    svg.text(0.0, 32.0, Anchor::Start, "strong", "the new token");
    for (i, (name, fill)) in
        [("q", "fill-1"), ("k", "fill-4"), ("v", "fill-4")].into_iter().enumerate()
    {
        let row = Grid::new(24.0, 70.0 + 62.0 * i as f64, 1, DIM, SIDE);
        svg.text(0.0, row.y + 18.0, Anchor::Start, "mono", name);
        row.fill(&mut svg, |_, _| fill);
    }
    let arrive = keys.middle(NOW, 0).1;
    svg.arrow((134.0, 146.0), (keys.x - 22.0, arrive - 3.0), 0.0);
    svg.notes(0.0, 250.0, Anchor::Start, &["k and v: appended", "at position 5"]);
    let x = keys.right() + 44.0;
    svg.text(x, 32.0, Anchor::Start, "strong", "P");
    for row in 0..=NOW {
        let (left, y) = (x, keys.at(row, 0).1);
        svg.rect(left, y, SIDE, SIDE, 2.0, "cell fill-3");
        let middle = y + SIDE / 2.0;
        svg.arrow((keys.right() + 4.0, middle), (left - 4.0, middle), 0.0);
        svg.arrow((left + SIDE + 4.0, middle), (values.x - 4.0, middle), 0.0);
    }
    let notes = ["q meets keys 0 to 5,", "P mixes values 0 to 5"];
    svg.notes(keys.right() + 8.0, 236.0, Anchor::Start, &notes);
    svg.notes(
        0.0,
        318.0,
        Anchor::Start,
        &["Orange: written with earlier tokens. Violet: this token's. Faint: still empty."],
    );
    svg
}
