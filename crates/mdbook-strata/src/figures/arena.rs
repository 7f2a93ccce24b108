//! The arenas: all parameters in one buffer, and three more of the same layout.

use super::svg::{Anchor, Svg};

/// Parameters in the order of declaration: name, elements, whether they decay.
const PARAMETERS: [(&str, usize, bool); 4] =
    [("0.weight", 120, true), ("0.bias", 12, false), ("1.weight", 48, true), ("1.bias", 4, false)];
/// Elements to 256 bytes.
const ALIGN: usize = 64;
const LEFT: f64 = 84.0;
const UNIT: f64 = 1.7;

/// Where each parameter begins, and the end of those that decay.
fn layout() -> (Vec<(usize, &'static str, usize, bool)>, usize, usize) {
    let (mut placed, mut total, mut decayed) = (Vec::new(), 0, 0);
    for decay in [true, false] {
        for (name, count, _) in PARAMETERS.iter().filter(|p| p.2 == decay) {
            placed.push((total, *name, *count, decay));
            total += count.next_multiple_of(ALIGN);
        }
        decayed = if decay { total } else { decayed };
    }
    (placed, decayed, total)
}

pub(super) fn draw() -> Svg {
    let text = "Four arenas of one layout, one below the other: values, gradients, and the moments m and v. Each is one \
                buffer of 320 floats. First come the parameters that decay: 0.weight, 120 floats from element 0 on, and \
                1.weight, 48 floats from element 128 on. From element 192 on come those that do not: 0.bias, 12 floats, \
                and at 256 1.bias, 4 floats. Each parameter begins at a multiple of 64 floats, which is 256 bytes; the \
                padding between them is zero and stays zero.";
    let mut svg = Svg::new("arena", 640.0, 318.0, "Four arenas of one layout", text);
    let (placed, decayed, total) = layout();
    let at = |element: usize| LEFT + UNIT * element as f64;
    for (start, name, ..) in &placed {
        svg.text(at(*start), 24.0, Anchor::Start, "mono small", name);
    }
    for (i, (arena, fill)) in
        [("values", "fill-1"), ("gradients", "fill-4"), ("m", "fill-3"), ("v", "fill-3")]
            .into_iter()
            .enumerate()
    {
        let y = 36.0 + 46.0 * i as f64;
        svg.text(0.0, y + 21.0, Anchor::Start, "small strong", arena);
        svg.rect(at(0), y, UNIT * total as f64, 32.0, 0.0, "fill-0");
        for (start, _, count, _) in &placed {
            svg.rect(at(*start), y, UNIT * *count as f64, 32.0, 0.0, fill);
        }
    }
    for (start, ..) in placed.iter().chain([&(total, "", 0, false)]) {
        svg.line((at(*start), 220.0), (at(*start), 227.0), "ink");
        svg.text(at(*start), 243.0, Anchor::Middle, "mono small", &start.to_string());
    }
    svg.text(0.0, 243.0, Anchor::Start, "small strong", "element");
    for (from, to, word) in [(0, decayed, "these decay"), (decayed, total, "these do not")] {
        svg.line((at(from) + 3.0, 258.0), (at(to) - 3.0, 258.0), "ink");
        svg.text((at(from) + at(to)) / 2.0, 277.0, Anchor::Middle, "small", word);
    }
    svg.notes(
        0.0,
        310.0,
        Anchor::Start,
        &["Each begins at a multiple of 64 floats, 256 bytes. Pale: padding, always 0."],
    );
    svg
}
