//! The roofline (Williams, Waterman and Patterson, 2009): how fast could this be?
//!
//! A kernel must do `flops` operations and move `bytes` bytes. A machine does so many operations
//! and moves so many bytes a second. Whichever takes longer is the floor under the kernel's time:
//!
//! ```text
//! time >= max(flops / compute, bytes / bandwidth)
//! ```
//!
//! Drawn over the kernel's *intensity*, flops per byte, the best possible speed is a slope that
//! meets a flat roof. Left of the corner memory decides, right of it arithmetic.
//!
//! ```
//! use strata_gelu::roofline::{Ceiling, Point};
//! let gelu = Point { name: "gelu".into(), flops: 16e6, bytes: 8e6, time: 1.6e-3 };
//! let machine = Ceiling { compute: 100e9, bandwidth: 10e9 };
//! assert_eq!(gelu.intensity(), 2.0);
//! assert!(machine.memory_bound(&gelu));
//! assert!((machine.share(&gelu) - 0.5).abs() < 1e-12);
//! ```
use std::fmt::Write;

/// One measured kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// What it is called in the drawing.
    pub name: String,
    /// Floating-point operations it must do.
    pub flops: f64,
    /// Bytes it must move.
    pub bytes: f64,
    /// Seconds it took.
    pub time: f64,
}

impl Point {
    /// Operations per byte.
    pub fn intensity(&self) -> f64 {
        self.flops / self.bytes
    }

    /// Operations per second.
    pub fn speed(&self) -> f64 {
        self.flops / self.time
    }

    /// Bytes per second.
    pub fn bandwidth(&self) -> f64 {
        self.bytes / self.time
    }
}

/// What a machine can do at most, as measured: a matrix product for the one, a copy for the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceiling {
    /// Floating-point operations per second.
    pub compute: f64,
    /// Bytes per second.
    pub bandwidth: f64,
}

impl Ceiling {
    /// The most operations per second at this intensity.
    pub fn at(&self, intensity: f64) -> f64 {
        self.compute.min(self.bandwidth * intensity)
    }

    /// The least time for this work.
    pub fn time(&self, point: &Point) -> f64 {
        (point.flops / self.compute).max(point.bytes / self.bandwidth)
    }

    /// The least time as a share of the time taken: 1 is perfect, above 1 is a bug in the
    /// measurement.
    pub fn share(&self, point: &Point) -> f64 {
        self.time(point) / point.time
    }

    /// Whether memory is what limits it.
    pub fn memory_bound(&self, point: &Point) -> bool {
        point.intensity() < self.compute / self.bandwidth
    }

    /// The roofline with the points on it, as text, both axes logarithmic. Points are numbered in
    /// the drawing and named below it.
    pub fn draw(&self, points: &[Point]) -> String {
        const WIDTH: usize = 60;
        const HEIGHT: usize = 14;
        let corner = (self.compute / self.bandwidth).log2();
        let seen = points.iter().map(|p| p.intensity().log2());
        let left = seen.clone().fold(corner, f64::min).floor() - 1.0;
        let right = seen.fold(corner, f64::max).ceil() + 1.0;
        let top = self.compute.log2() + 0.5;
        let lowest =
            points.iter().map(|p| p.speed().log2()).fold(self.at(left.exp2()).log2(), f64::min);
        let bottom = lowest.floor() - 0.5;
        let row = |speed: f64| {
            let share = (top - speed.log2()) / (top - bottom);
            ((share * HEIGHT as f64) as usize).min(HEIGHT - 1)
        };
        let column = |intensity: f64| {
            let share = (intensity.log2() - left) / (right - left);
            ((share * WIDTH as f64) as usize).min(WIDTH - 1)
        };
        let mut canvas = vec![vec![' '; WIDTH]; HEIGHT];
        for x in 0..WIDTH {
            let intensity = (left + (right - left) * (x as f64 + 0.5) / WIDTH as f64).exp2();
            let roof = if intensity.log2() < corner { '/' } else { '-' };
            canvas[row(self.at(intensity))][x] = roof;
        }
        for (i, point) in points.iter().enumerate() {
            let mark = char::from_digit(i as u32 + 1, 36).unwrap_or('*');
            canvas[row(point.speed())][column(point.intensity())] = mark;
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "GFLOP/s (logarithmic), roof at {:.0}", self.compute / 1e9);
        for line in canvas {
            let _ = writeln!(text, "  |{}", line.into_iter().collect::<String>().trim_end());
        }
        let _ = writeln!(text, "  +{}", "-".repeat(WIDTH));
        let (from, to) = (left.exp2(), right.exp2());
        let _ = writeln!(text, "   {from:<8.3}{:^44}{to:>8.0}", "FLOPs per byte");
        for (i, point) in points.iter().enumerate() {
            let mark = char::from_digit(i as u32 + 1, 36).unwrap_or('*');
            let why = if self.memory_bound(point) { "memory" } else { "arithmetic" };
            let _ = writeln!(
                text,
                "   {mark} {:<22} {:>9.3} ms {:>8.1} GB/s {:>8.1} GFLOP/s  {:>4.0} % of what {why} allows",
                point.name,
                point.time * 1e3,
                point.bandwidth() / 1e9,
                point.speed() / 1e9,
                100.0 * self.share(point),
            );
        }
        text
    }
}
