//! Row times column.
#![expect(clippy::indexing_slicing, reason = "the grids have the shapes of `A` and `B`")]

use super::grid::Grid;
use super::svg::{Anchor, Svg};

const A: [[u32; 4]; 3] = [[1, 2, 0, 1], [2, 0, 1, 3], [0, 1, 4, 1]];
const B: [[u32; 3]; 4] = [[2, 0, 1], [1, 3, 4], [0, 1, 2], [5, 2, 1]];
/// The element that is shown: its row and column.
const SHOWN: (usize, usize) = (1, 2);

pub(super) fn draw() -> Svg {
    let text = "A matrix product, C = A B. A has shape 3 by 4, B has shape 4 by 3 and stands above C. The \
                element of C in row 1 and column 2 is row 1 of A, which is 2, 0, 1, 3, times column 2 of \
                B, which is 1, 4, 2, 1: two times one plus zero times four plus one times two plus three \
                times one makes 7. Rows and columns are counted from 0.";
    let mut svg = Svg::new("matmul", 640.0, 330.0, "A row times a column", text);
    let b = Grid::new(216.0, 30.0, 4, 3, 36.0);
    let a = Grid::new(40.0, b.bottom() + 38.0, 3, 4, 36.0);
    let c = Grid::new(b.x, a.y, 3, 3, 36.0);
    let (row, column) = SHOWN;
    a.title(&mut svg, "A", "[3, 4]");
    b.title(&mut svg, "B", "[4, 3]");
    c.title(&mut svg, "C", "[3, 3]");
    a.draw(&mut svg, |i, l| (if i == row { "fill-1" } else { "fill-0" }, A[i][l].to_string()));
    b.draw(&mut svg, |l, j| (if j == column { "fill-2" } else { "fill-0" }, B[l][j].to_string()));
    let product = |i: usize, j: usize| (0..4).map(|l| A[i][l] * B[l][j]).sum::<u32>();
    c.draw(&mut svg, |i, j| {
        (if (i, j) == SHOWN { "fill-3" } else { "fill-0 ghost" }, product(i, j).to_string())
    });
    let terms: Vec<String> = (0..4).map(|l| format!("{}·{}", A[row][l], B[l][column])).collect();
    let x = 374.0;
    svg.text(x, 84.0, Anchor::Start, "strong", "row 1 of A, column 2 of B");
    svg.text(x, 112.0, Anchor::Start, "mono", &terms.join(" + "));
    svg.text(x, 136.0, Anchor::Start, "mono", &format!("= {}", product(row, column)));
    let y = c.middle(row, column).1;
    svg.arrow((x + 6.0, y), (c.right() + 6.0, y), 0.0);
    svg.text(x + 14.0, y + 5.0, Anchor::Start, "small", "element (1, 2) of C");
    svg.notes(
        x + 14.0,
        y + 34.0,
        Anchor::Start,
        &["4 multiplications for each of", "9 elements: 36 in all"],
    );
    svg.stack(&[[30.0, 0.0, 297.0, 324.0], [372.0, 64.0, 250.0, 88.0], [384.0, 252.0, 250.0, 78.0]])
}
