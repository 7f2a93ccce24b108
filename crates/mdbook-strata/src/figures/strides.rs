//! One buffer of twelve numbers, seen in five shapes: only the steps between elements differ.

use super::grid::Grid;
use super::svg::{Anchor, Svg};

/// A view: how it is made, its shape, strides and offset.
struct View {
    made: &'static str,
    rows: usize,
    columns: usize,
    strides: [usize; 2],
    offset: usize,
}

impl View {
    fn cell(&self, row: usize, column: usize) -> usize {
        self.offset + row * self.strides[0] + column * self.strides[1]
    }
}

const VIEWS: [View; 5] = [
    View { made: "x, as it lies", rows: 3, columns: 4, strides: [4, 1], offset: 0 },
    View { made: "x.t()", rows: 4, columns: 3, strides: [1, 4], offset: 0 },
    View { made: "row 1, repeated", rows: 3, columns: 4, strides: [0, 1], offset: 4 },
    View { made: "x.narrow(1, 1, 2)", rows: 3, columns: 2, strides: [4, 1], offset: 1 },
    View { made: "x.slice_step(1, 0, 4, 2)", rows: 3, columns: 2, strides: [4, 2], offset: 0 },
];

pub(super) fn draw() -> Svg {
    let text = "Above, one buffer: twelve cells that hold the numbers 0 to 11. Below, five views of it, each \
                with the cells that it reads. x as it lies: shape 3 by 4, strides 4 and 1. Transposed: shape 4 \
                by 3, strides 1 and 4, all cells again. Row 1, repeated: shape 3 by 4, strides 0 and 1, offset \
                4; it reads cells 4 to 7 and no others. Columns 1 and 2: shape 3 by 2, strides 4 and 1, offset \
                1. Every other column: shape 3 by 2, strides 4 and 2, offset 0.";
    let mut svg = Svg::new("strides", 640.0, 512.0, "One buffer, five views", text);
    svg.text(0.0, 36.0, Anchor::Start, "strong", "one buffer");
    for i in 0..12 {
        svg.cell(112.0 + 44.0 * i as f64, 8.0, 44.0, "fill-0", &i.to_string());
    }
    for (i, view) in VIEWS.iter().enumerate() {
        one(&mut svg, view, 224.0 * (i % 3) as f64, 92.0 + 224.0 * (i / 3) as f64);
    }
    let (x, y) = (448.0, 316.0);
    svg.text(x, y, Anchor::Start, "strong", "element (i, j)");
    svg.notes(
        x,
        y + 26.0,
        Anchor::Start,
        &["lies in cell", "offset", "+ i · first stride", "+ j · second stride"],
    );
    svg
}

fn one(svg: &mut Svg, view: &View, left: f64, top: f64) {
    let View { made, rows, columns, strides, offset } = view;
    svg.text(left, top, Anchor::Start, "mono small strong", made);
    let shape = format!("[{rows}, {columns}] strides {strides:?}");
    svg.text(left, top + 20.0, Anchor::Start, "mono small soft", &shape);
    svg.text(left, top + 38.0, Anchor::Start, "mono small soft", &format!("offset {offset}"));
    let read = |cell| (0..*rows).any(|r| (0..*columns).any(|c| view.cell(r, c) == cell));
    let strip = Grid::new(left, top + 48.0, 1, 12, 14.0);
    strip.fill(svg, |_, cell| if read(cell) { "fill-1" } else { "fill-0" });
    let grid = Grid::new(left, top + 74.0, *rows, *columns, 30.0);
    grid.draw(svg, |row, column| {
        let again = strides[0] == 0 && row > 0;
        (if again { "fill-0 ghost" } else { "fill-1" }, view.cell(row, column).to_string())
    });
}
