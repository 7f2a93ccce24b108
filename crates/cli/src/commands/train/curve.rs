//! The points of a loss curve in bounded memory, however long the run is.

use crate::ui::Series;

/// Twice as many as are drawn.
const MOST: usize = 4096;

/// A curve. Beyond `MOST` points each one becomes the mean of twice as many steps.
#[derive(Clone, Debug)]
pub struct Curve {
    points: Series,
    /// Steps a point.
    run: u64,
    /// Sums over the steps of the point that is not full yet, and how many those are.
    open: (f64, f64, u64),
}

impl Default for Curve {
    fn default() -> Self {
        Curve { points: Vec::new(), run: 1, open: (0.0, 0.0, 0) }
    }
}

impl Curve {
    /// Adds a step; one whose value is not finite has no place in a drawing.
    pub fn push(&mut self, x: f64, y: f64) {
        if !y.is_finite() {
            return;
        }
        let (xs, ys, n) = self.open;
        self.open = (xs + x, ys + y, n + 1);
        if n + 1 < self.run {
            return;
        }
        self.points.extend(self.unfinished());
        self.open = (0.0, 0.0, 0);
        if self.points.len() >= MOST {
            let mean = |pair: &[(f64, f64)]| match *pair {
                [a, b] => ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0),
                [a] => a,
                _ => (0.0, 0.0),
            };
            self.points = self.points.chunks(2).map(mean).collect();
            self.run *= 2;
        }
    }

    /// All points, the unfinished one included.
    pub fn series(&self) -> Series {
        self.points.iter().copied().chain(self.unfinished()).collect()
    }

    fn unfinished(&self) -> Option<(f64, f64)> {
        let (xs, ys, n) = self.open;
        (n > 0).then(|| (xs / n as f64, ys / n as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_shape_in_bounded_room() {
        let mut curve = Curve::default();
        for step in 0..3000 {
            curve.push(f64::from(step), f64::from(step) * 2.0);
        }
        curve.push(3000.0, f64::NAN);
        assert_eq!(curve.series().len(), 3000, "a short one keeps every step");
        for step in 3000..1_000_003 {
            curve.push(f64::from(step), f64::from(step) * 2.0);
        }
        let series = curve.series();
        assert!((MOST / 2..=MOST).contains(&series.len()), "{}", series.len());
        assert!(series.is_sorted_by(|a, b| a.0 < b.0));
        assert!(series.iter().all(|(x, y)| (y - 2.0 * x).abs() < 1e-6));
        assert!(series[0].0 < 512.0 && series.last().unwrap().0 > 999_000.0);
    }
}
