//! The drawing: the roofs, and every rung's point below them.

use super::{Group, Point, Roof};
use crate::directive::curve::{NARROW, mark, short};
use crate::figures::plot::{Axis, Plot, dot};
use crate::figures::svg::{Anchor, Svg};
use crate::results::auto;

pub(super) fn draw(groups: &[Group], roof: &Roof) -> Svg {
    draw_in(640.0, groups, roof).or_narrow(draw_in(NARROW, groups, roof))
}

fn draw_in(width: f64, groups: &[Group], roof: &Roof) -> Svg {
    let all = || groups.iter().flat_map(|g| &g.points);
    let said = groups.iter().flat_map(|group| {
        group.points.iter().map(|Point { rung, intensity, speed }| {
            let most = auto(roof.at(*intensity), "FLOP/s");
            let (op, shape, speed) = (&group.op, &group.shape, auto(*speed, "FLOP/s"));
            format!("{op} {rung} at {shape}: {intensity:.2} FLOPs per byte, {speed} of {most}.")
        })
    });
    let (bandwidth, compute) = (auto(roof.bandwidth, "B/s"), auto(roof.compute, "FLOP/s"));
    let said = said.collect::<Vec<_>>().join(" ");
    let said =
        format!("Roofs: a copy at {bandwidth}, the best matrix product at {compute}. {said}");
    let mut svg = Svg::new("roofline", width, 404.0, "Speeds under the roofline", &said);
    let corner = roof.compute / roof.bandwidth;
    let (low, high) = all()
        .fold((corner, corner), |(low, high), p| (low.min(p.intensity), high.max(p.intensity)));
    // Room on the left for what the slope is called.
    let (low, high) = ((low / 3.0).min(corner / 40.0), high * 3.0);
    let x = Axis::log(low, high);
    let least = all().map(|p| p.speed).fold(roof.at(low), f64::min);
    let y = Axis::log(least / 2.0, roof.compute * 2.0);
    let left = if width > NARROW { 92.0 } else { 50.0 };
    let plot = Plot { left, top: 34.0, width: width - left - 8.0, height: 310.0, x, y };
    svg.text(0.0, 18.0, Anchor::Start, "small soft", "FLOPs a second, more is better");
    for tick in y.ticks() {
        let label = mark(tick, "FLOP/s");
        plot.y_tick(&mut svg, tick, if width > NARROW { &label } else { short(&label) });
    }
    plot.floor(&mut svg);
    for tick in x.ticks() {
        plot.x_tick(&mut svg, tick, &tick.to_string());
    }
    let below = (plot.right(), plot.bottom() + 42.0);
    svg.text(below.0, below.1, Anchor::End, "small soft", "FLOPs for each byte moved");
    let ends = [low, corner, high].map(|at| (at, roof.at(at)));
    plot.curve(&mut svg, &ends[..2], 2.5, "head");
    plot.curve(&mut svg, &ends[1..], 2.5, "head");
    let best = format!("best matrix product, {compute}");
    svg.text(
        plot.right(),
        plot.at(corner, roof.compute).1 - 9.0,
        Anchor::End,
        "small strong",
        &best,
    );
    let near = corner / 2.0;
    let (right, down) = plot.at(near, roof.at(near));
    let copy = format!("a copy, {bandwidth}");
    let mut taken = Vec::new();
    if width > NARROW {
        svg.text(right - 12.0, down + 4.5, Anchor::End, "small strong", &copy);
    } else {
        svg.text(right + 14.0, down + 14.0, Anchor::Start, "small strong", &copy);
        taken.push([right, down, plot.right(), down + 18.0]);
    }
    let mut names = Names { taken, plot, roof };
    let mut all = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        for point in &group.points {
            let place = plot.at(point.intensity, point.speed);
            svg.dashes(place, plot.at(point.intensity, roof.at(point.intensity)));
            dot(&mut svg, place, &format!("fill-{}", 1 + i % 4));
            let one = groups.len() == 1;
            let name = format!("{} {}", group.op, point.rung);
            all.push((place, if one { point.rung.clone() } else { name }, i));
            names.taken.push([place.0 - 5.0, place.1 - 5.0, place.0 + 5.0, place.1 + 5.0]);
        }
    }
    // From the top down, so that names stand in the order of their points.
    all.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    for (place, name, i) in all {
        names.write(&mut svg, place, &name, &format!("mono small fill-{}", 1 + i % 4));
    }
    svg
}

/// Names beside their points, under the roof and clear of each other.
struct Names<'a> {
    taken: Vec<[f64; 4]>,
    plot: Plot,
    roof: &'a Roof,
}

impl Names<'_> {
    fn write(&mut self, svg: &mut Svg, (x, y): (f64, f64), name: &str, class: &str) {
        let width = 8.0 * name.chars().count() as f64;
        let mut places = Vec::new();
        for shift in [0.0, 16.0, -16.0, 32.0, -32.0, 48.0, -48.0] {
            for left in [x + 10.0, x - 10.0 - width] {
                let top = y + shift - 8.0;
                places.push([left, top, left + width, top + 16.0]);
            }
        }
        let fits = |place: &&[f64; 4]| place[2] <= self.plot.right();
        let free = places.iter().find(|place| self.free(place));
        let found = free.or(places.iter().find(fits)).or(places.first());
        let Some(&place) = found else { return };
        let start = place[0] > x;
        let (at, anchor) = if start { (place[0], Anchor::Start) } else { (place[2], Anchor::End) };
        svg.text(at, place[1] + 12.5, anchor, class, name);
        self.taken.push(place);
    }

    fn free(&self, place: &[f64; 4]) -> bool {
        let apart = |other: &[f64; 4]| {
            place[0] >= other[2]
                || other[0] >= place[2]
                || place[1] >= other[3]
                || other[1] >= place[3]
        };
        let plot = &self.plot;
        let inside = place[0] > plot.left && place[2] <= plot.right() && place[3] < plot.bottom();
        // The roof rises to the right: what is below it on the left is below it altogether.
        let roof = plot.at(1.0, self.roof.at(plot.x_at(place[0]))).1;
        inside && place[1] > roof + 2.0 && self.taken.iter().all(apart)
    }
}
