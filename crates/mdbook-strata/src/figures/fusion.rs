//! GELU op by op, and fused: trips to memory and back.

use super::svg::{Anchor, Svg};

/// The ops of GELU in its tanh form, and how many arrays each reads.
const OPS: [(&str, usize); 7] = [
    ("square", 1),
    ("affine", 1),
    ("mul", 2),
    ("affine", 1),
    ("tanh", 1),
    ("affine", 1),
    ("mul", 2),
];
const WIDE: f64 = 76.0;
const PITCH: f64 = 94.0;

pub(super) fn draw() -> Svg {
    let (reads, writes) = (OPS.iter().map(|op| op.1).sum::<usize>(), OPS.len());
    let text = "Above, GELU op by op: seven kernels, square, affine, mul, affine, tanh, affine and mul. Each reads \
                one array from memory, the two muls read two, and each writes one: 9 arrays are read and 7 are \
                written. Below, the same in one kernel, gelu: 1 array is read and 1 is written; what lies between \
                stays in registers.";
    let mut svg = Svg::new("fusion", 640.0, 352.0, "Seven kernels, or one", text);
    let heading = format!("op by op: {reads} arrays read, {writes} written");
    svg.text(0.0, 18.0, Anchor::Start, "strong", &heading);
    for (i, (op, reads)) in OPS.into_iter().enumerate() {
        kernel(&mut svg, PITCH * i as f64, 34.0, op, reads);
    }
    memory(&mut svg, 118.0);
    svg.text(0.0, 200.0, Anchor::Start, "strong", "fused: 1 array read, 1 written");
    kernel(&mut svg, 0.0, 216.0, "gelu", 1);
    svg.notes(96.0, 239.0, Anchor::Start, &["what the ops hand to each other stays in registers"]);
    memory(&mut svg, 300.0);
    svg.text(0.0, 348.0, Anchor::Start, "small fill-1", "blue: an array is read");
    svg.text(190.0, 348.0, Anchor::Start, "small fill-3", "green: an array is written");
    svg
}

fn kernel(svg: &mut Svg, x: f64, y: f64, name: &str, reads: usize) {
    svg.boxed(x, y, WIDE, 36.0, "fill-0", name);
    for read in 0..reads {
        let at = x + 14.0 + 16.0 * read as f64;
        svg.flow((at, y + 83.0), (at, y + 40.0), "fill-1");
    }
    svg.flow((x + WIDE - 14.0, y + 40.0), (x + WIDE - 14.0, y + 81.0), "fill-3");
}

fn memory(svg: &mut Svg, y: f64) {
    svg.rect(0.0, y, 640.0, 28.0, 4.0, "fill-0");
    svg.text(320.0, y + 18.5, Anchor::Middle, "small soft", "memory");
}
