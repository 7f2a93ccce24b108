//! One buffer of twelve numbers, seen in four shapes: only the steps between elements differ.

use super::svg::{Anchor, Svg};

const SIDE: f64 = 34.0;

/// A view: its name, shape, strides and offset.
struct View {
    name: &'static str,
    rows: usize,
    columns: usize,
    strides: (usize, usize),
    offset: usize,
    fill: &'static str,
}

const VIEWS: [View; 4] = [
    View { name: "as it lies", rows: 3, columns: 4, strides: (4, 1), offset: 0, fill: "fill-1" },
    View { name: "transposed", rows: 4, columns: 3, strides: (1, 4), offset: 0, fill: "fill-2" },
    View { name: "row 1, again and again", rows: 3, columns: 4, strides: (0, 1), offset: 4, fill: "fill-3" },
    View { name: "every other column", rows: 3, columns: 2, strides: (4, 2), offset: 1, fill: "fill-4" },
];

pub(super) fn draw() -> Svg {
    let text = "Above, one buffer with the numbers 0 to 11 side by side. Below, four views of it. As it \
                lies: shape 3 by 4, strides 4 and 1. Transposed: shape 4 by 3, strides 1 and 4. Row 1, \
                again and again: shape 3 by 4, strides 0 and 1, offset 4. Every other column: shape 3 by \
                2, strides 4 and 2, offset 1.";
    let mut svg = Svg::new("strides", 640.0, 478.0, "One buffer, four views", text);
    svg.text(0.0, 16.0, Anchor::Start, "strong", "one buffer");
    for i in 0..12 {
        let x = 116.0 + SIDE * i as f64;
        svg.cell(x, 26.0, SIDE, "fill-0", &i.to_string());
        svg.text(x + SIDE / 2.0, 16.0, Anchor::Middle, "small soft", if i == 0 { "offset 0" } else { "" });
    }
    for (i, view) in VIEWS.iter().enumerate() {
        let (left, top) = (336.0 * (i % 2) as f64, 100.0 + 196.0 * (i / 2) as f64);
        one(&mut svg, view, left, top);
    }
    svg
}

fn one(svg: &mut Svg, view: &View, left: f64, top: f64) {
    let View { name, rows, columns, strides, offset, fill } = view;
    svg.text(left, top, Anchor::Start, "strong", name);
    let said = format!("shape [{rows}, {columns}]  strides [{}, {}]", strides.0, strides.1);
    let said = if *offset > 0 { format!("{said}  offset {offset}") } else { said };
    svg.text(left, top + 20.0, Anchor::Start, "mono small soft", &said);
    for row in 0..*rows {
        for column in 0..*columns {
            let index = offset + row * strides.0 + column * strides.1;
            let (x, y) = (left + SIDE * column as f64, top + 32.0 + SIDE * row as f64);
            svg.cell(x, y, SIDE, fill, &index.to_string());
        }
    }
}
