//! Two learning-rate schedules: the edges of a run, and a few shapes of it.

use crate::Outcome;
use std::f64::consts::PI;
use strata_check::oracle::schedule as oracle;
use strata_check::{Check, Tolerance};

/// The answer's functions.
pub struct Schedule {
    /// `cosine(step, total, warmup, peak, floor)`
    pub cosine: fn(u64, u64, u64, f64, f64) -> f64,
    /// `wsd(step, total, warmup, decay, peak, floor)`
    pub wsd: fn(u64, u64, u64, u64, f64, f64) -> f64,
}

/// A run to draw the curve of.
#[derive(Clone, Copy)]
struct Run {
    total: u64,
    warmup: u64,
    decay: u64,
    peak: f64,
    floor: f64,
}

impl Run {
    /// The height of a step between floor (0) and peak (1), as a place on the curve.
    fn at(&self, height: f64) -> f64 {
        self.floor + (self.peak - self.floor) * height
    }

    fn climb(&self, step: u64) -> Option<f64> {
        (step < self.warmup).then(|| self.peak * (step + 1) as f64 / self.warmup as f64)
    }
}

/// A mistake: its name, what to say, and the learning rate it gives.
type Mistake = (&'static str, &'static str, fn(&Run, u64) -> f64);

const STARTS_AT_ZERO: &str = "the first step takes a learning rate of 0, so the first batch is \
                              thrown away. Step 0 is the first of the climb: it is step + 1 parts up.";
const FROM_THE_FLOOR: &str = "the climb starts at the floor. It starts at 0, whatever the floor is: \
                              the floor is for the end of the run.";
const ONE_EARLY: &str = "the floor is reached one step early, in the run's last step. It belongs to \
                         step total, the first that is not taken any more.";
const NO_FLOOR: &str = "the curve goes down to 0 and the floor is ignored.";

const COSINE: &[Mistake] = &[
    ("starts-at-zero", STARTS_AT_ZERO, |r, s| match s < r.warmup {
        true => r.peak * s as f64 / r.warmup as f64,
        false => cosine(r, s),
    }),
    ("climbs-from-the-floor", FROM_THE_FLOOR, |r, s| match r.climb(s) {
        Some(lr) => r.at(lr / r.peak),
        None => cosine(r, s),
    }),
    (
        "cosine-counts-from-step-0",
        "the cosine is stretched over the whole run. It begins where the climb ends, at step warmup.",
        |r, s| half_wave(r, s, s as f64 / r.total as f64),
    ),
    ("ends-one-step-early", ONE_EARLY, |r, s| {
        half_wave(r, s, (s as f64 - r.warmup as f64) / (r.total as f64 - 1.0 - r.warmup as f64))
    }),
    (
        "a-whole-wave",
        "this is a whole wave of the cosine, down and up again. Half of one, from 0 to pi, is enough.",
        |r, s| half_wave(r, s, 2.0 * (s as f64 - r.warmup as f64) / (r.total - r.warmup) as f64),
    ),
    ("ignores-the-floor", NO_FLOOR, |r, s| cosine(&Run { floor: 0.0, ..*r }, s)),
    (
        "floor-on-top",
        "the floor is added to a curve that already spans the whole peak. Between floor and peak \
         there is only peak - floor.",
        |r, s| match s {
            _ if s < r.warmup || s >= r.total => cosine(r, s),
            _ => r.floor + cosine(&Run { floor: 0.0, ..*r }, s),
        },
    ),
    (
        "climbs-again-after-the-end",
        "after the run the cosine turns round and climbs again. From step total on it is the floor.",
        |r, s| {
            let span = (r.total - r.warmup) as f64;
            let wave = 0.5 * (1.0 + (PI * (s as f64 - r.warmup as f64) / span).cos());
            r.climb(s).unwrap_or(r.at(wave))
        },
    ),
];

const WSD: &[Mistake] = &[
    ("starts-at-zero", STARTS_AT_ZERO, |r, s| match s < r.warmup {
        true => r.peak * s as f64 / r.warmup as f64,
        false => wsd(r, s),
    }),
    ("climbs-from-the-floor", FROM_THE_FLOOR, |r, s| match r.climb(s) {
        Some(lr) => r.at(lr / r.peak),
        None => wsd(r, s),
    }),
    (
        "no-stable-part",
        "the descent begins where the climb ends. The peak is held until only decay steps are left.",
        |r, s| wsd(&Run { decay: r.total - r.warmup, ..*r }, s),
    ),
    ("ends-one-step-early", ONE_EARLY, |r, s| match s < r.warmup {
        true => wsd(r, s),
        false => wsd(r, s + 1),
    }),
    ("ignores-the-floor", NO_FLOOR, |r, s| wsd(&Run { floor: 0.0, ..*r }, s)),
    (
        "floor-on-top",
        "the floor is added to a line that already spans the whole peak. Between floor and peak \
         there is only peak - floor.",
        |r, s| match r.total.saturating_sub(s) {
            left if s >= r.warmup && left > 0 && left < r.decay => {
                r.floor + r.peak * left as f64 / r.decay as f64
            }
            _ => wsd(r, s),
        },
    ),
    ("never-comes-down", "the peak is held to the end: the decay is missing.", |r, s| {
        r.climb(s).unwrap_or(if s < r.total { r.peak } else { r.floor })
    }),
    (
        "climbs-down-for-ever",
        "after the run the line goes on below the floor. From step total on it is the floor.",
        |r, s| {
            let left = (r.total as f64 - s as f64).min(r.decay as f64);
            r.climb(s).unwrap_or(r.at(left / r.decay as f64))
        },
    ),
];

fn cosine(r: &Run, step: u64) -> f64 {
    oracle::cosine(step, r.warmup, r.total, r.peak, r.floor)
}

fn wsd(r: &Run, step: u64) -> f64 {
    oracle::wsd(step, r.warmup, r.decay, r.total, r.peak, r.floor)
}

/// The cosine, with another idea of how far the descent has come.
fn half_wave(r: &Run, step: u64, progress: f64) -> f64 {
    let inside = step >= r.warmup && step < r.total;
    if inside { r.at(0.5 * (1.0 + (PI * progress).cos())) } else { cosine(r, step) }
}

/// Asks for whole curves: the climb first, then the run, then what lies beyond it.
///
/// # Errors
/// A learning rate is not the oracle's.
pub fn judge(mine: &Schedule) -> Outcome {
    let run = |total, warmup, decay, floor| Run { total, warmup, decay, peak: 8.0, floor };
    let small = run(12, 4, 4, 0.0);
    let raised = run(12, 4, 4, 2.0);
    let shapes = [
        (small, 0..4),
        (small, 0..12),
        (raised, 0..12),
        (small, 0..18),
        (raised, 0..18),
        // No climb; nothing but a climb; no decay; nothing but decay; a run of one step, and of none.
        (run(7, 0, 3, 1.0), 0..9),
        (run(5, 5, 0, 1.0), 0..7),
        (run(9, 2, 0, 1.0), 0..11),
        (run(9, 3, 6, 1.0), 0..11),
        (run(1, 0, 1, 1.0), 0..3),
        (run(0, 0, 0, 1.0), 0..2),
        (run(1000, 50, 200, 0.8), 0..1010),
        // Somebody's clock is far ahead.
        (run(12, 4, 4, 2.0), u64::MAX - 2..u64::MAX),
    ];
    for (r, steps) in shapes.clone() {
        let got = |s| (mine.cosine)(s, r.total, r.warmup, r.peak, r.floor);
        let call = format!("cosine(step, {}, {}, {:?}, {:?})", r.total, r.warmup, r.peak, r.floor);
        curve("cosine", call, steps, got, |s| cosine(&r, s), &r, COSINE)?;
    }
    for (r, steps) in shapes {
        let Run { total, warmup, decay, peak, floor } = r;
        let got = |s| (mine.wsd)(s, total, warmup, decay, peak, floor);
        let call = format!("wsd(step, {total}, {warmup}, {decay}, {peak:?}, {floor:?})");
        curve("wsd", call, steps, got, |s| wsd(&r, s), &r, WSD)?;
    }
    Ok(())
}

fn curve(
    name: &str,
    call: String,
    steps: std::ops::Range<u64>,
    got: impl Fn(u64) -> f64,
    want: impl Fn(u64) -> f64,
    run: &Run,
    mistakes: &[Mistake],
) -> Outcome {
    let draw = |f: &dyn Fn(u64) -> f64| -> Vec<f64> { steps.clone().map(f).collect() };
    let span = if steps.start == 0 { "step 0 on" } else { "a step far behind the end on" };
    let mut check = Check::new("ex08-adamw", format!("schedule ({name})"))
        .output(format!("{call} from {span}"), &[draw(&want).len()])
        .page("book/src/08-adamw.md");
    for (name, sentence, gives) in mistakes {
        check = check.suspect(name, *sentence, draw(&|s| gives(run, s)));
    }
    Ok(check.compare(&draw(&got), &draw(&want), &Tolerance::close(1e-9, 1e-6))?)
}
