//! Axes, linear or logarithmic, and curves in them.

use super::svg::{Anchor, Svg};

/// The values along an edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    /// Equal steps add.
    pub fn linear(from: f64, to: f64) -> Self {
        Axis { from, to, log: false }
    }

    /// Equal steps multiply.
    pub fn log(from: f64, to: f64) -> Self {
        Axis { from, to, log: true }
    }

    /// How far along the edge a value lies: 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let Axis { from, to, log } = *self;
        if log { (value / from).ln() / (to / from).ln() } else { (value - from) / (to - from) }
    }

    /// Round values on a logarithmic edge: powers of ten, and where those are few, 2 and 5 times
    /// them.
    pub fn ticks(&self) -> Vec<f64> {
        // An edge that begins at zero or ends at infinity has no end of powers of ten.
        if !(self.from > 0.0 && self.from <= self.to && self.to.is_finite()) {
            return Vec::new();
        }
        let of = |factors: &[f64]| {
            #[expect(clippy::cast_possible_truncation, reason = "finite: from -324 to 309")]
            let decades = self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
            let all = decades.flat_map(|d| factors.iter().map(move |f| f * 10f64.powi(d)));
            all.filter(|t| (self.from..=self.to).contains(t)).collect::<Vec<_>>()
        };
        let tens = of(&[1.0]);
        if tens.len() > 2 { tens } else { of(&[1.0, 2.0, 5.0]) }
    }
}

/// A place for curves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plot {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Plot {
    /// Where a point lies.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let right = self.left + self.width * self.x.share(x);
        (right, self.top + self.height * (1.0 - self.y.share(y)))
    }

    /// The value of x at a place.
    pub fn x_at(&self, right: f64) -> f64 {
        let Axis { from, to, log } = self.x;
        let share = (right - self.left) / self.width;
        if log { from * (to / from).powf(share) } else { from + (to - from) * share }
    }

    /// The right edge.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// The lower edge.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// A mark below the plot.
    pub fn x_tick(&self, svg: &mut Svg, value: f64, label: &str) {
        let x = self.at(value, self.y.from).0;
        svg.line((x, self.bottom()), (x, self.bottom() + 5.0), "line");
        svg.text(x, self.bottom() + 20.0, Anchor::Middle, "small soft", label);
    }

    /// A faint line across the plot, and its value on the left.
    pub fn y_tick(&self, svg: &mut Svg, value: f64, label: &str) {
        let y = self.at(self.x.from, value).1;
        svg.line((self.left, y), (self.right(), y), "line");
        svg.text(self.left - 8.0, y + 4.5, Anchor::End, "small soft", label);
    }

    /// The lower edge as a line.
    pub fn floor(&self, svg: &mut Svg) {
        svg.line((self.left, self.bottom()), (self.right(), self.bottom()), "ink");
    }

    /// A curve through points.
    pub fn curve(&self, svg: &mut Svg, points: &[(f64, f64)], thickness: f64, class: &str) {
        let points: Vec<_> = points.iter().map(|&(x, y)| self.at(x, y)).collect();
        svg.band(&points, thickness, class);
    }

    /// The graph of a function over the whole x axis (linear), in so many steps.
    pub fn graph(
        &self,
        svg: &mut Svg,
        steps: usize,
        thickness: f64,
        class: &str,
        f: impl Fn(f64) -> f64,
    ) {
        let x = |i: usize| self.x.from + (self.x.to - self.x.from) * i as f64 / steps as f64;
        let points: Vec<_> = (0..=steps).map(|i| (x(i), f(x(i)))).collect();
        self.curve(svg, &points, thickness, class);
    }
}

/// A dot in the colour of a `fill-` class.
pub(crate) fn dot(svg: &mut Svg, (x, y): (f64, f64), class: &str) {
    svg.rect(x - 4.0, y - 4.0, 8.0, 8.0, 4.0, class);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_places() {
        let (x, y) = (Axis::log(1.0, 100.0), Axis::linear(0.0, 2.0));
        let plot = Plot { left: 10.0, top: 0.0, width: 100.0, height: 50.0, x, y };
        let (right, down) = plot.at(10.0, 0.5);
        assert!((right - 60.0).abs() < 1e-9 && (down - 37.5).abs() < 1e-9);
        assert!((plot.x_at(60.0) - 10.0).abs() < 1e-9);
        assert_eq!(Axis::log(0.5, 2000.0).ticks(), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(Axis::log(4.0, 30.0).ticks(), [5.0, 10.0, 20.0]);
        for (from, to) in
            [(0.0, 1.0), (1.0, f64::INFINITY), (f64::NAN, 1.0), (-1.0, 1.0), (2.0, 1.0)]
        {
            assert_eq!(Axis::log(from, to).ticks(), [0.0; 0]);
        }
        assert!(Axis::log(f64::MIN_POSITIVE, f64::MAX).ticks().len() < 1000);
    }
}
