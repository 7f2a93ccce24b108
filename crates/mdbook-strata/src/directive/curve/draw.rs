//! The drawing: two logarithmic axes, a line for each rung, its name at the line's end.

use super::{Curves, Line};
use crate::figures::labels::spread;
use crate::figures::plot::{Axis, Plot, dot};
use crate::figures::svg::{Anchor, Svg};
use crate::results::auto;

/// How wide a drawing for phones is.
pub(in crate::directive) const NARROW: f64 = 350.0;

/// A size as readers see it: `512`, `64 Ki`, `16 Mi`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and from 1 to 2^53: `curve` takes no other"
)]
pub(in crate::directive) fn size(size: f64) -> String {
    match size as u64 {
        n if n >= 1 << 20 && n % (1 << 20) == 0 => format!("{} Mi", n >> 20),
        n if n >= 1 << 14 && n % (1 << 10) == 0 => format!("{} Ki", n >> 10),
        n => n.to_string(),
    }
}

/// The mark of an axis: no zeros after the point.
pub(in crate::directive) fn mark(value: f64, unit: &str) -> String {
    let text = auto(value, unit);
    let Some((number, unit)) = text.split_once('\u{a0}') else { return text };
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    };
    format!("{number}\u{a0}{unit}")
}

/// The mark of an axis that has no room for its unit: `20 T`.
pub(in crate::directive) fn short(mark: &str) -> &str {
    mark.strip_suffix("FLOP/s").or(mark.strip_suffix("B/s")).unwrap_or(mark)
}

impl Curves<'_> {
    /// A colour for each device; where there is one device, for each rung.
    fn fill(&self, i: usize, line: &Line) -> String {
        let index = if self.devices.len() > 1 { line.device } else { i };
        format!("fill-{}", 1 + index % 4)
    }

    pub(super) fn draw(&self) -> Svg {
        self.draw_in(640.0).or_narrow(self.draw_in(NARROW))
    }

    fn draw_in(&self, width: f64) -> Svg {
        let unit = self.measure.2;
        let said = self.lines.iter().map(|line| {
            let points =
                line.points.iter().map(|p| format!("{} at {}", auto(p.1, unit), size(p.0)));
            let points = points.collect::<Vec<_>>().join(", ");
            format!("{}, {}: {points}.", self.device(line), line.rung)
        });
        let said = said.collect::<Vec<_>>().join(" ");
        let title = format!("{} over size: {}", self.op, self.measure.3);
        let heads = if self.devices.len() > 1 { 22.0 * self.devices.len() as f64 } else { 0.0 };
        let mut svg = Svg::new("curve", width, 356.0 + heads, &title, &said);
        let head = match self.measure.3.split_once(',') {
            Some((what, rest)) if width <= NARROW => format!("{what} in {unit},{rest}"),
            _ => self.measure.3.to_string(),
        };
        svg.text(0.0, 18.0, Anchor::Start, "small soft", &head);
        for (i, device) in
            self.devices.iter().enumerate().take(if heads > 0.0 { usize::MAX } else { 0 })
        {
            let y = 40.0 + 22.0 * i as f64;
            dot(&mut svg, (4.0, y - 5.0), &format!("fill-{}", 1 + i % 4));
            svg.text(16.0, y, Anchor::Start, "small", device);
        }
        let (sizes, (least, most)) = (self.sizes(), self.range());
        // There are two at least: else there would be no curve.
        let [first, between @ .., last] = sizes.as_slice() else { return svg };
        let x = Axis::log(*first, *last);
        let y = Axis::log(least / 1.4, most * 1.3);
        // Room for the rungs' names, at 8 a letter, and for the values, where there is some.
        let letters = self.lines.iter().map(|line| line.rung.chars().count()).max().unwrap_or(0);
        let left = if width > NARROW { 92.0 } else { 50.0 };
        let wide = width - left - 14.0 - 8.0 * letters as f64;
        let plot = Plot { left, top: 34.0 + heads, width: wide, height: 270.0, x, y };
        for tick in y.ticks() {
            let label = mark(tick, unit);
            plot.y_tick(&mut svg, tick, if width > NARROW { &label } else { short(&label) });
        }
        plot.floor(&mut svg);
        // As many sizes as there is room for; the last is always named.
        let apart = wide / (between.len() + 1) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and of a room that `LETTERS` leaves: no more than there are sizes"
        )]
        let every = (46.0 / apart).ceil().max(1.0) as usize;
        for at in sizes.iter().rev().step_by(every) {
            plot.x_tick(&mut svg, *at, &size(*at));
        }
        if let Some(counted) = &self.counted {
            let end = if width > NARROW { plot.right() } else { width };
            svg.text(end, plot.bottom() + 42.0, Anchor::End, "small soft", counted);
        }
        for (i, line) in self.lines.iter().enumerate() {
            plot.curve(&mut svg, &line.points, 2.5, &self.fill(i, line));
            for point in &line.points {
                dot(&mut svg, plot.at(point.0, point.1), &self.fill(i, line));
            }
        }
        self.labels(&mut svg, &plot);
        svg
    }

    /// The rungs' names, at the ends of their lines and clear of each other.
    fn labels(&self, svg: &mut Svg, plot: &Plot) {
        let ends: Vec<(f64, f64)> =
            self.lines.iter().filter_map(|l| l.points.last()).map(|p| plot.at(p.0, p.1)).collect();
        let wanted: Vec<f64> = ends.iter().map(|end| end.1 + 4.5).collect();
        let placed = spread(&wanted, 16.0, plot.bottom());
        let lines = self.lines.iter().zip(ends).zip(wanted.iter().zip(placed));
        for (i, ((line, end), (wanted, y))) in lines.enumerate() {
            let x = plot.right() + 12.0;
            if end.0 < plot.right() - 1.0 || (y - wanted).abs() > 6.0 {
                svg.dashes((end.0 + 6.0, end.1), (x - 3.0, y - 4.5));
            }
            let class = format!("mono small {}", self.fill(i, line));
            svg.text(x, y, Anchor::Start, &class, &line.rung);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_marks_are_short() {
        assert_eq!(
            [4096.0, 16384.0, 67_108_864.0, 1000.0].map(size),
            ["4096", "16 Ki", "64 Mi", "1000"]
        );
        assert_eq!(mark(1e12, "FLOP/s"), "1\u{a0}TFLOP/s");
        assert_eq!(mark(2e10, "B/s"), "20\u{a0}GB/s");
        assert_eq!(mark(5e-4, "s"), "500\u{a0}µs");
    }
}
