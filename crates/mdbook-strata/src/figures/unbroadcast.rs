//! The gradient of a broadcast sum, added up over what was repeated.
#![expect(clippy::indexing_slicing, reason = "the grids have the rows and columns of `GRADIENT`")]

use super::grid::Grid;
use super::svg::{Anchor, Svg};

const GRADIENT: [[i32; 4]; 3] = [[1, 2, 0, -1], [3, 0, 1, 2], [-2, 1, 1, 4]];

pub(super) fn draw() -> Svg {
    let text = "A column of shape 3 by 1 plus a row of shape 1 by 4 gave a matrix of shape 3 by 4; here is its \
                gradient: 1, 2, 0, -1; 3, 0, 1, 2; -2, 1, 1, 4. The column was repeated along each row, so its \
                gradient is the sum of each row: 2, 6, 4. The row was repeated down each column, so its gradient \
                is the sum of each column: 2, 3, 2, 5.";
    let mut svg = Svg::new("unbroadcast", 640.0, 316.0, "What was repeated is summed", text);
    let g = Grid::new(0.0, 44.0, 3, 4, 44.0);
    let column = Grid::new(g.right() + 72.0, g.y, 3, 1, 44.0);
    let row = Grid::new(0.0, g.bottom() + 60.0, 1, 4, 44.0);
    svg.text(0.0, 30.0, Anchor::Start, "strong", "gradient [3, 4]");
    g.draw(&mut svg, |i, j| ("fill-4", GRADIENT[i][j].to_string()));
    column.draw(&mut svg, |i, _| ("fill-1", GRADIENT[i].iter().sum::<i32>().to_string()));
    row.draw(&mut svg, |_, j| ("fill-2", GRADIENT.iter().map(|r| r[j]).sum::<i32>().to_string()));
    for i in 0..3 {
        let y = g.middle(i, 0).1;
        svg.arrow((g.right() + 6.0, y), (column.x - 6.0, y), 0.0);
    }
    for j in 0..4 {
        let x = g.middle(0, j).0;
        svg.arrow((x, g.bottom() + 6.0), (x, row.y - 6.0), 0.0);
    }
    let x = column.right() + 26.0;
    svg.text(x, g.y + 52.0, Anchor::Start, "strong", "for the column [3, 1]");
    svg.notes(x, g.y + 76.0, Anchor::Start, &["It was read again along", "each row: sum the row."]);
    let x = row.right() + 26.0;
    svg.text(x, row.y + 14.0, Anchor::Start, "strong", "for the row [1, 4]");
    svg.notes(
        x,
        row.y + 36.0,
        Anchor::Start,
        &["It was read again down", "each column: sum the column."],
    );
    svg.stack(&[[0.0, 0.0, 310.0, 316.0], [310.0, 76.0, 200.0, 70.0], [196.0, 226.0, 220.0, 74.0]])
}
