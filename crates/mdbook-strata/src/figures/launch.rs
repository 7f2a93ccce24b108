//! A launch: a grid of workgroups of lanes, and the element that each lane owns.

use super::svg::{Anchor, Svg};

const GROUPS: usize = 4;
const LANES: usize = 8;
const ELEMENTS: usize = 29;
const SIDE: f64 = 35.0;

pub(super) fn draw() -> Svg {
    let text = "A launch over 29 elements: a grid of 4 workgroups with 8 lanes each. Lane l of workgroup g owns \
                element 8 g + l: workgroup 0 has elements 0 to 7, workgroup 1 has 8 to 15, workgroup 2 has 16 \
                to 23, workgroup 3 has 24 to 28. Lanes 5, 6 and 7 of workgroup 3 own nothing: their elements \
                would be 29, 30 and 31. They compare with the length and do nothing.";
    let mut svg = Svg::new("grid", 640.0, 364.0, "A grid of workgroups of lanes", text);
    for group in 0..GROUPS {
        workgroup(&mut svg, group, 336.0 * (group % 2) as f64, 148.0 * (group / 2) as f64);
    }
    svg.text(0.0, 318.0, Anchor::Start, "mono small", "element = 8 · workgroup + lane");
    svg.notes(
        0.0,
        340.0,
        Anchor::Start,
        &["Above the lanes, below what they own.", "29 elements: three lanes have none."],
    );
    svg.stack(&[
        [0.0, 0.0, 310.0, 136.0],
        [330.0, 0.0, 310.0, 136.0],
        [0.0, 148.0, 310.0, 140.0],
        [330.0, 148.0, 310.0, 140.0],
        [0.0, 302.0, 340.0, 62.0],
    ])
}

fn workgroup(svg: &mut Svg, group: usize, left: f64, top: f64) {
    let wide = SIDE * LANES as f64;
    svg.text(left, top + 18.0, Anchor::Start, "strong", &format!("workgroup {group}"));
    svg.rect(left + 0.5, top + 28.5, wide + 11.0, 105.0, 5.0, "line");
    for lane in 0..LANES {
        let element = LANES * group + lane;
        let idle = element >= ELEMENTS;
        let x = left + 6.0 + SIDE * lane as f64;
        let (lanes, elements) = (top + 34.0, top + 93.0);
        svg.cell(x, lanes, SIDE, if idle { "fill-0 ghost" } else { "fill-0" }, &lane.to_string());
        if idle {
            continue;
        }
        svg.arrow((x + SIDE / 2.0, lanes + SIDE + 2.0), (x + SIDE / 2.0, elements - 2.0), 0.0);
        svg.cell(x, elements, SIDE, "fill-3", &element.to_string());
    }
}
