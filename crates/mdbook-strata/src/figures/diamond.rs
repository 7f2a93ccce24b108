//! One value used twice: its gradients add.

use super::svg::{Anchor, Svg};

const WIDE: f64 = 88.0;
const HIGH: f64 = 48.0;

pub(super) fn draw() -> Svg {
    let text = "Left, forward: x = 3 goes two ways, to 2 x = 6 and to x squared = 9; their sum is y = 15. Right, \
                backward: y has the gradient 1 and hands 1 to each of its terms. The term 2 x hands 2 times 1 = \
                2 to x, the term x squared hands 2 times 3 times 1 = 6. The two meet at x and add: 8.";
    let mut svg = Svg::new("diamond", 640.0, 262.0, "One value, used twice", text);
    svg.text(0.0, 18.0, Anchor::Start, "strong", "forward");
    svg.text(340.0, 18.0, Anchor::Start, "strong", "backward");
    let places = |left: f64| {
        let (near, far) = (left + 106.0, left + 212.0);
        [(left, 120.0), (near, 52.0), (near, 188.0), (far, 120.0)]
    };
    let values = [["x", "3"], ["2 x", "6"], ["x²", "9"], ["y", "15"]];
    let forward = places(0.0);
    for (i, ((x, y), text)) in forward.into_iter().zip(values).enumerate() {
        svg.boxed2(x, y, WIDE, HIGH, if i == 0 { "fill-1" } else { "fill-3" }, text);
    }
    let backward = places(340.0);
    let grads = [["dx", "2 + 6 = 8"], ["d(2 x)", "1"], ["d(x²)", "1"], ["dy", "1"]];
    for ((x, y), text) in backward.into_iter().zip(grads) {
        svg.boxed2(x, y, WIDE, HIGH, "fill-4", text);
    }
    let links = |[x, double, square, y]: [(f64, f64); 4]| {
        [(x, double), (x, square), (double, y), (square, y)]
    };
    for (there, back) in links(forward).into_iter().zip(links(backward)) {
        link(&mut svg, there.0, there.1, false);
        link(&mut svg, back.0, back.1, true);
    }
    for (place, y, step) in [(backward[1], 78.0, "· 2"), (backward[2], 218.0, "· 2 x = · 6")] {
        svg.text(place.0 - 14.0, y, Anchor::End, "small", step);
    }
    svg.stack(&[[0.0, 0.0, 310.0, 262.0], [330.0, 0.0, 310.0, 262.0]])
}

/// An arrow from the corner of one box to that of another, or back.
fn link(svg: &mut Svg, a: (f64, f64), b: (f64, f64), back: bool) {
    let down = b.1 > a.1;
    let (from, to) = if a.0 < b.0 && (a.1 - 120.0).abs() < 1.0 {
        // From a middle to a side.
        (
            (a.0 + WIDE / 2.0, if down { a.1 + HIGH + 3.0 } else { a.1 - 3.0 }),
            (b.0 - 3.0, b.1 + HIGH / 2.0),
        )
    } else {
        (
            (a.0 + WIDE + 3.0, a.1 + HIGH / 2.0),
            (b.0 + WIDE / 2.0, if down { b.1 - 3.0 } else { b.1 + HIGH + 3.0 }),
        )
    };
    let (from, to) = if back { (to, from) } else { (from, to) };
    svg.arrow(from, to, 0.0);
}
