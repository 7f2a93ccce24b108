//! More shapes, made of the writer's few: all take their colour from the classes of areas.

use super::svg::{Anchor, Svg};
use std::fmt::Write;

/// Dashes of a line; the widest drawing has room for 80.
const DASHES: u16 = 1000;

impl Svg {
    /// A line through points, drawn as an area of that thickness, so that a `fill-` class colours
    /// it.
    #[expect(clippy::indexing_slicing, reason = "`i` counts the points; neighbours stay below")]
    pub fn band(&mut self, points: &[(f64, f64)], thickness: f64, class: &str) {
        let side = |sign: f64| {
            (0..points.len()).map(move |i| {
                let (from, to) =
                    (points[i.saturating_sub(1)], points[(i + 1).min(points.len() - 1)]);
                let (dx, dy) = (to.0 - from.0, to.1 - from.1);
                let half = sign * thickness / 2.0 / dx.hypot(dy).max(1e-9);
                (points[i].0 - dy * half, points[i].1 + dx * half)
            })
        };
        let mut d = String::new();
        for (x, y) in side(1.0).chain(side(-1.0).rev()) {
            let _ = write!(d, "{}{x:.1} {y:.1}", if d.is_empty() { 'M' } else { 'L' });
        }
        d.push('Z');
        self.path(&d, class);
    }

    /// The edge of a rectangle, drawn inside it, in the colour of a `fill-` class.
    pub fn frame(&mut self, x: f64, y: f64, width: f64, height: f64, thickness: f64, class: &str) {
        let (w, h) = (width - 2.0 * thickness, height - 2.0 * thickness);
        let (ix, iy) = (x + thickness, y + thickness);
        // The inner rectangle runs the other way round: it is a hole.
        let outer = format!("M{x:.1} {y:.1}h{width:.1}v{height:.1}h{:.1}Z", -width);
        self.path(&format!("{outer}M{ix:.1} {iy:.1}v{h:.1}h{w:.1}v{:.1}Z", -h), class);
    }

    /// A faint line of dashes.
    pub fn dashes(&mut self, from: (f64, f64), to: (f64, f64)) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let count = (dx.hypot(dy) / 8.0).round().clamp(1.0, f64::from(DASHES));
        let mut d = String::new();
        for i in (0..DASHES).map(f64::from).take_while(|i| *i < count) {
            let at = |t: f64| (from.0 + dx * t / count, from.1 + dy * t / count);
            let (a, b) = (at(i), at(i + 0.5));
            let _ = write!(d, "M{:.1} {:.1}L{:.1} {:.1}", a.0, a.1, b.0, b.1);
        }
        self.path(&d, "line");
    }

    /// A broad arrow in the colour of a `fill-` class.
    pub fn flow(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(1e-9);
        let (ux, uy) = (dx / length, dy / length);
        let neck = (to.0 - 9.0 * ux, to.1 - 9.0 * uy);
        self.band(&[from, neck], 4.0, class);
        let (left, right) =
            ((neck.0 - 6.0 * uy, neck.1 + 6.0 * ux), (neck.0 + 6.0 * uy, neck.1 - 6.0 * ux));
        let [(ax, ay), (bx, by), (cx, cy)] = [to, left, right];
        self.path(&format!("M{ax:.1} {ay:.1}L{bx:.1} {by:.1}L{cx:.1} {cy:.1}Z"), class);
    }

    /// A box with a text in its middle.
    pub fn boxed(&mut self, x: f64, y: f64, width: f64, height: f64, class: &str, text: &str) {
        self.rect(x, y, width, height, 4.0, class);
        let plain = class.contains("fill-0") || class.contains("ghost");
        let on = if plain { "small" } else { "small on" };
        self.text(x + width / 2.0, y + height / 2.0 + 4.5, Anchor::Middle, on, text);
    }

    /// A box with two lines of text.
    pub fn boxed2(
        &mut self,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        class: &str,
        text: [&str; 2],
    ) {
        self.rect(x, y, width, height, 4.0, class);
        let plain = class.contains("fill-0") || class.contains("ghost");
        let (strong, soft) =
            if plain { ("small strong", "small soft") } else { ("small on", "small on") };
        let (middle, y) = (x + width / 2.0, y + height / 2.0);
        self.text(middle, y - 3.5, Anchor::Middle, strong, text[0]);
        self.text(middle, y + 13.0, Anchor::Middle, soft, text[1]);
    }

    /// Lines of small, soft text, the first at y.
    pub fn notes(&mut self, x: f64, y: f64, anchor: Anchor, lines: &[&str]) {
        for (i, line) in lines.iter().enumerate() {
            self.text(x, y + 18.0 * i as f64, anchor, "small soft", line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_areas() {
        let mut svg = Svg::new("x", 20.0, 20.0, "A line", "A line and a frame.");
        svg.band(&[(0.0, 5.0), (10.0, 5.0)], 2.0, "fill-1");
        svg.frame(0.0, 0.0, 10.0, 10.0, 1.0, "fill-2");
        svg.dashes((0.0, 0.0), (16.0, 0.0));
        let html = svg.inline(0);
        assert!(html.contains("M0.0 6.0L10.0 6.0L10.0 4.0L0.0 4.0Z"), "{html}");
        assert!(html.contains("v8.0h8.0v-8.0Z"), "{html}");
        assert!(html.contains("M0.0 0.0L4.0 0.0M8.0 0.0L12.0 0.0"), "{html}");
    }
}
