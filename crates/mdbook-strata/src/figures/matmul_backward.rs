//! The shapes of a matrix product and of its two gradients.

use super::svg::{Anchor, Svg};

/// m, n and k, in the drawing's units.
const M: f64 = 66.0;
const N: f64 = 110.0;
const K: f64 = 44.0;

/// A matrix: its name, its shape in letters, its size, its colour.
struct Matrix(&'static str, &'static str, f64, f64, &'static str);

pub(super) fn draw() -> Svg {
    let text = "Three matrix products, their factors drawn to scale. Forward: C, m by n, is A, m by k, times B, \
                k by n. The gradient of A, m by k, is the gradient of C, m by n, times B transposed, n by k: \
                the sum runs over n. The gradient of B, k by n, is A transposed, k by m, times the gradient of \
                C, m by n: the sum runs over m. In each product the inner lengths meet and vanish, and the \
                gradient has the shape of its matrix.";
    let mut svg =
        Svg::new("matmul-backward", 640.0, 420.0, "One product forward, two backward", text);
    let rows = [
        [
            Matrix("C", "[m, n]", M, N, "fill-3"),
            Matrix("A", "[m, k]", M, K, "fill-1"),
            Matrix("B", "[k, n]", K, N, "fill-2"),
        ],
        [
            Matrix("dA", "[m, k]", M, K, "fill-1"),
            Matrix("dC", "[m, n]", M, N, "fill-3"),
            Matrix("Bᵀ", "[n, k]", N, K, "fill-2"),
        ],
        [
            Matrix("dB", "[k, n]", K, N, "fill-2"),
            Matrix("Aᵀ", "[k, m]", K, M, "fill-1"),
            Matrix("dC", "[m, n]", M, N, "fill-3"),
        ],
    ];
    let summed = ["over k", "over n", "over m"];
    let middles = [60.0, 200.0, 346.0];
    for ((row, middle), summed) in rows.iter().zip(middles).zip(summed) {
        for (matrix, x) in row.iter().zip([80.0, 240.0, 410.0]) {
            let Matrix(name, shape, height, width, fill) = matrix;
            let (left, top) = (x - width / 2.0, middle - height / 2.0);
            svg.rect(left, top, *width, *height, 3.0, fill);
            svg.text(x, middle + 5.0, Anchor::Middle, "on", name);
            svg.text(x, top + height + 17.0, Anchor::Middle, "mono small soft", shape);
        }
        svg.text(160.0, middle + 5.0, Anchor::Middle, "strong", "=");
        svg.text(325.0, middle + 5.0, Anchor::Middle, "strong", "·");
        svg.notes(480.0, middle - 4.0, Anchor::Start, &["summed", summed]);
    }
    svg.stack(&[
        [24.0, 10.0, 500.0, 110.0],
        [24.0, 136.0, 500.0, 150.0],
        [24.0, 284.0, 500.0, 130.0],
    ])
}
