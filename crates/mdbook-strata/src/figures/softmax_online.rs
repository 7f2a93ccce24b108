//! The online softmax: maximum and sum of a row that is seen once.

use super::svg::{Anchor, Svg};

const ROW: [f64; 6] = [1.0, 3.0, 2.0, 0.0, 5.0, 4.0];
const LEFT: f64 = 88.0;
const PITCH: f64 = 94.0;
const WIDE: f64 = 82.0;

pub(super) fn draw() -> Svg {
    let text = "A row arrives one number at a time: 1, 3, 2, 0, 5, 4. Below each stand the maximum so far and the sum of \
                e to the power of x minus that maximum. After 1: maximum 1, sum 1. After 3, a new maximum: the sum \
                shrinks by the factor 0.135 and gains 1, which makes 1.135. After 2: 1.503. After 0: 1.553. After 5, a \
                new maximum: times 0.135, plus 1, is 1.210. After 4: 1.578.";
    let mut svg = Svg::new("softmax-online", 640.0, 262.0, "One walk, two running numbers", text);
    for (y, name) in [(42.0, "x"), (104.0, "max"), (166.0, "sum")] {
        svg.text(0.0, y, Anchor::Start, "strong", name);
    }
    let (mut max, mut sum) = (f64::NEG_INFINITY, 0.0);
    for (i, x) in ROW.into_iter().enumerate() {
        let left = LEFT + PITCH * i as f64;
        let (old, larger) = (max, x > max);
        max = x.max(max);
        let factor = if i == 0 { 1.0 } else { (old - max).exp() };
        let term = (x - max).exp();
        sum = sum * factor + term;
        let fill = if larger && i > 0 { "fill-4" } else { "fill-0" };
        svg.boxed(left, 20.0, WIDE, 34.0, "fill-1", &x.to_string());
        svg.boxed(left, 82.0, WIDE, 34.0, fill, &max.to_string());
        svg.boxed(left, 144.0, WIDE, 34.0, "fill-3", &format!("{sum:.3}"));
        svg.arrow((left + WIDE / 2.0, 56.0), (left + WIDE / 2.0, 80.0), 0.0);
        if i > 0 {
            svg.arrow((left - 11.0, 99.0), (left - 1.5, 99.0), 0.0);
            svg.arrow((left - 11.0, 161.0), (left - 1.5, 161.0), 0.0);
        }
        if larger && i > 0 {
            svg.text(
                left + WIDE / 2.0,
                198.0,
                Anchor::Middle,
                "small fill-4",
                &format!("× {factor:.3}"),
            );
        }
        let y = if larger && i > 0 { 216.0 } else { 198.0 };
        svg.text(left + WIDE / 2.0, y, Anchor::Middle, "small soft", &format!("+ {term:.3}"));
    }
    svg.notes(
        0.0,
        252.0,
        Anchor::Start,
        &["Violet: a new maximum. One factor moves all earlier terms to it."],
    );
    svg
}
