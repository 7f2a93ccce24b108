//! GELU, its derivative, and ReLU.

use super::plot::{Axis, Plot, dot};
use super::svg::{Anchor, Svg};

/// Half of 1 + tanh u, and its derivative: see `kernels/include/gelu.cuh`.
fn gate(x: f64) -> (f64, f64) {
    let scale = (2.0 / std::f64::consts::PI).sqrt();
    let s = 1.0 / (1.0 + (-2.0 * scale * (x + 0.044715 * x.powi(3))).exp());
    (s, 2.0 * scale * (1.0 + 3.0 * 0.044715 * x * x) * s * (1.0 - s))
}

/// GELU in its tanh form.
pub(super) fn gelu(x: f64) -> f64 {
    x * gate(x).0
}

/// Its derivative.
pub(super) fn slope(x: f64) -> f64 {
    let (s, ds) = gate(x);
    s + x * ds
}

pub(super) fn draw() -> Svg {
    draw_in(640.0).or_narrow(draw_in(350.0))
}

fn draw_in(width: f64) -> Svg {
    let text = "Three curves over x from -4 to 3. GELU is nearly 0 left of -3, dips to -0.17 near x = -0.75, is 0 at \
                0, 0.84 at 1, and from 2 on nearly x itself. Its derivative is nearly 0 on the left, -0.13 at its \
                lowest near x = -1.4, one half at 0, 1.13 at its highest near x = 1.4, then falls to 1. ReLU, \
                faint, is 0 left of 0 and x right of it: a sharp bend where GELU has a soft one.";
    let mut svg = Svg::new("gelu", width, 378.0, "GELU and its derivative", text);
    let (x, y) = (Axis::linear(-4.0, 3.0), Axis::linear(-0.5, 3.0));
    let (left, plotted) = if width > 350.0 { (40.0, 480.0) } else { (22.0, 226.0) };
    let plot = Plot { left, top: 12.0, width: plotted, height: 320.0, x, y };
    for tick in 0..=3 {
        plot.y_tick(&mut svg, f64::from(tick), &tick.to_string());
    }
    for tick in -4..=3 {
        plot.x_tick(&mut svg, f64::from(tick), &tick.to_string());
    }
    svg.text(plot.right(), plot.bottom() + 40.0, Anchor::End, "small soft", "x");
    plot.curve(&mut svg, &[(-4.0, 0.0), (0.0, 0.0), (3.0, 3.0)], 1.5, "head ghost");
    plot.graph(&mut svg, 70, 3.0, "fill-4", slope);
    plot.graph(&mut svg, 70, 3.0, "fill-3", gelu);
    dot(&mut svg, plot.at(1.0, gelu(1.0)), "fill-3");
    let one = plot.at(1.0, gelu(1.0));
    svg.text(one.0 + 12.0, one.1 + 14.0, Anchor::Start, "small soft", "gelu(1) = 0.84");
    let right = plot.right() + 8.0;
    svg.text(right, plot.at(3.0, 3.0).1 + 6.0, Anchor::Start, "strong fill-3", "gelu(x)");
    svg.text(right, plot.at(3.0, slope(3.0)).1 + 5.0, Anchor::Start, "strong fill-4", "derivative");
    let bend = plot.at(1.9, 1.9);
    svg.text(bend.0 - 10.0, bend.1 - 6.0, Anchor::End, "small soft", "ReLU");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curves_are_those_of_the_chapter() {
        for x in [-3.0, -1.0, -0.2, 0.0, 0.5, 1.0, 2.5] {
            let numbers = (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5;
            assert!((slope(x) - numbers).abs() < 1e-8, "{x}");
        }
        assert!((gelu(1.0) - 0.841192).abs() < 1e-6);
        let lowest = (-400..300).map(|i| gelu(f64::from(i) / 100.0)).fold(0.0, f64::min);
        assert!((lowest + 0.17).abs() < 0.001, "{lowest}");
    }
}
