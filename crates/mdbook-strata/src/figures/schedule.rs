//! Learning rates over a run: constant, cosine, and warm-up, stable, decay.

use super::plot::{Axis, Plot};
use super::svg::{Anchor, Svg};
use std::f64::consts::PI;

/// The run of the chapter's demo: its length, its warm-up, the decay of `wsd`, the cosine's floor.
const TOTAL: f64 = 1000.0;
const WARMUP: f64 = 100.0;
const DECAY: f64 = 200.0;
const FLOOR: f64 = 0.1;

/// A cosine's share of the peak, see `chapters/08-adamw/src/schedule.rs`.
fn cosine(step: f64) -> f64 {
    let progress = (step - WARMUP) / (TOTAL - WARMUP);
    FLOOR + (1.0 - FLOOR) * 0.5 * (1.0 + (PI * progress).cos())
}

pub(super) fn draw() -> Svg {
    draw_in(640.0).or_narrow(draw_in(350.0))
}

fn draw_in(width: f64) -> Svg {
    let text = "The learning rate, as a share of its peak, over a run of 1000 steps. All schedules warm up along a straight \
                line to the peak at step 100. Constant stays there. Cosine falls along half a cosine, slowly, then fast, \
                then slowly, to a tenth at step 1000. WSD stays at the peak up to step 800, then falls along a straight \
                line to 0.";
    let mut svg = Svg::new("schedule", width, 320.0, "Three schedules", text);
    let (x, y) = (Axis::linear(0.0, TOTAL), Axis::linear(0.0, 1.0));
    let (left, plotted) = if width > 350.0 { (56.0, 480.0) } else { (42.0, 220.0) };
    let plot = Plot { left, top: 38.0, width: plotted, height: 226.0, x, y };
    for (value, label) in [(0.0, "0"), (0.5, "half"), (1.0, "peak")] {
        plot.y_tick(&mut svg, value, label);
    }
    for tick in [0.0, 100.0, 200.0, 400.0, 600.0, 800.0, 1000.0] {
        if width <= 350.0 && tick == 100.0 {
            continue;
        }
        plot.x_tick(&mut svg, tick, &tick.to_string());
    }
    svg.text(plot.right(), plot.bottom() + 42.0, Anchor::End, "small soft", "step");
    plot.curve(&mut svg, &[(WARMUP, 1.0), (TOTAL, 1.0)], 3.0, "fill-1");
    let steps: Vec<_> = (0..=60).map(|i| WARMUP + (TOTAL - WARMUP) * f64::from(i) / 60.0).collect();
    let curve: Vec<_> = steps.into_iter().map(|step| (step, cosine(step))).collect();
    plot.curve(&mut svg, &curve, 3.0, "fill-3");
    // A little lower, so that it can be seen beside the constant.
    let stable = [(WARMUP, 0.985), (TOTAL - DECAY, 0.985), (TOTAL, 0.0)];
    plot.curve(&mut svg, &stable, 3.0, "fill-4");
    plot.curve(&mut svg, &[(0.0, 0.0), (WARMUP, 1.0)], 3.0, "head");
    let middle = plot.at(WARMUP / 2.0, 0.4);
    svg.text(middle.0 + 22.0, middle.1, Anchor::Start, "small", "warm-up");
    let right = plot.right() + 10.0;
    svg.text(right, plot.at(0.0, 1.0).1 + 5.0, Anchor::Start, "strong fill-1", "constant");
    svg.text(right, plot.at(0.0, FLOOR).1 - 2.0, Anchor::Start, "strong fill-3", "cosine");
    svg.text(right, plot.at(0.0, 0.0).1 + 5.0, Anchor::Start, "strong fill-4", "wsd");
    svg
}
