//! A tape, forward and running backwards: loss = mean((w x + b - y)²).

use super::svg::{Anchor, Svg};

const WIDE: f64 = 84.0;
const HIGH: f64 = 46.0;
const FORWARD: f64 = 102.0;
const BACKWARD: f64 = 212.0;

fn column(i: usize) -> f64 {
    111.2 * i as f64
}

pub(super) fn draw() -> Svg {
    let text = "The tape of loss = mean of (w x + b - y) squared, with x = [1, 2], w = 3, b = 1 and y = [5, 5]. \
                Forward, left to right: first mul gives [3, 6], second add gives [4, 7], third sub gives [-1, 2], \
                fourth square gives [1, 4], fifth mean gives the loss, 2.5. Backward, right to left, each op's \
                output gets its gradient: sixth, the loss itself has 1; seventh, mean hands [0.5, 0.5] to square; \
                eighth, square hands [-1, 2] to sub; ninth, sub hands [-1, 2] to add; tenth, add hands [-1, 2] to \
                mul, and -1 + 2 = 1 to b; last, mul hands 1 times -1 plus 2 times 2 = 3 to w. x and y are \
                constants and get none.";
    let mut svg = Svg::new("tape", 640.0, 392.0, "A tape, forward and back", text);
    let ops = [
        ("mul", "[3, 6]"),
        ("add", "[4, 7]"),
        ("sub", "[-1, 2]"),
        ("square", "[1, 4]"),
        ("mean", "2.5"),
    ];
    let grads = ["[-1, 2]", "[-1, 2]", "[-1, 2]", "[0.5, 0.5]", "1"];
    let leaves = [("w = 3", "fill-1"), ("b = 1", "fill-1"), ("y = [5, 5]", "fill-0")];
    svg.text(0.0, 20.0, Anchor::Start, "strong", "forward");
    svg.text(0.0, BACKWARD + 28.0, Anchor::Start, "strong", "backward");
    svg.boxed(0.0, FORWARD, WIDE, HIGH, "fill-0", "x = [1, 2]");
    for (i, (name, fill)) in leaves.into_iter().enumerate() {
        let x = column(i + 1);
        svg.boxed(x, 34.0, WIDE, 30.0, fill, name);
        svg.arrow((x + WIDE / 2.0, 66.0), (x + WIDE / 2.0, FORWARD - 2.0), 0.0);
    }
    for (i, ((op, value), grad)) in ops.into_iter().zip(grads).enumerate() {
        let (x, y) = (column(i + 1), FORWARD + HIGH / 2.0);
        svg.arrow((x - 111.2 + WIDE + 2.0, y), (x - 3.0, y), 0.0);
        svg.boxed2(x, FORWARD, WIDE, HIGH, "fill-3", [&format!("{} {op}", i + 1), value]);
        let y = BACKWARD + HIGH / 2.0;
        if i < 4 {
            svg.arrow((x + 111.2 - 2.0, y), (x + WIDE + 3.0, y), 0.0);
        }
        svg.boxed2(x, BACKWARD, WIDE, HIGH, "fill-4", [&(10 - i).to_string(), grad]);
        svg.dashes((x + WIDE / 2.0, FORWARD + HIGH + 4.0), (x + WIDE / 2.0, BACKWARD - 4.0));
    }
    for (i, grad) in ["dw = 3", "db = 1"].into_iter().enumerate() {
        let x = column(i + 1);
        svg.arrow((x + WIDE / 2.0, BACKWARD + HIGH + 2.0), (x + WIDE / 2.0, 292.0), 0.0);
        svg.boxed(x, 294.0, WIDE, 32.0, "fill-4", grad);
    }
    svg.notes(column(3), 306.0, Anchor::Start, &["w: 1 · (-1) + 2 · 2 = 3", "b: -1 + 2 = 1"]);
    let notes = [
        "Dashes: what an op's backward has kept. square: 2 · [-1, 2] · 0.5 = [-1, 2].",
        "x and y are constants: they want no gradient.",
    ];
    svg.notes(0.0, 358.0, Anchor::Start, &notes);
    svg
}
