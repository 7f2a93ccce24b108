use std::f64::consts::PI;
use strata_tensor::{Error, Result};

/// How the learning rate moves over a run. Steps count from 0.
///
/// All warm up the same way: step `s < warmup` takes `peak * (s + 1) / warmup`. Early gradients are
/// large and AdamW's second moment knows little yet; full steps then do damage that takes long to
/// repair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// Warm-up, then `peak` for ever.
    Constant {
        /// Highest learning rate.
        peak: f32,
        /// Steps of warm-up.
        warmup: u64,
    },
    /// Warm-up, then half a cosine down to `floor` at the run's end (Loshchilov and Hutter, "SGDR",
    /// 2017, without restarts).
    Cosine {
        /// Highest learning rate.
        peak: f32,
        /// Lowest learning rate, reached at the run's end.
        floor: f32,
        /// Steps of warm-up.
        warmup: u64,
    },
    /// Warm-up, stable, decay (Hu et al., "MiniCPM", 2024): `peak` until `decay` steps before the
    /// run's end, then a straight line down to `floor`. A run can be continued from any point of the
    /// stable part, which a cosine does not allow.
    Wsd {
        /// Highest learning rate.
        peak: f32,
        /// Lowest learning rate, reached at the run's end.
        floor: f32,
        /// Steps of warm-up.
        warmup: u64,
        /// Steps of decay.
        decay: u64,
    },
}

impl Schedule {
    /// The names that [`named`](Self::named) takes.
    pub const NAMES: [&str; 3] = ["constant", "cosine", "wsd"];

    /// A schedule for a run of `total` steps, with customary proportions: a twentieth of the run is
    /// warm-up (at most 500 steps), the floor is a tenth of the peak (0 for `wsd`), and `wsd` decays
    /// over the last fifth.
    ///
    /// # Errors
    /// An unknown name; a peak that is not a positive number.
    pub fn named(name: &str, peak: f32, total: u64) -> Result<Self> {
        let warmup = (total / 20).min(500);
        let schedule = match name {
            "constant" => Schedule::Constant { peak, warmup },
            "cosine" => Schedule::Cosine { peak, floor: peak / 10.0, warmup },
            "wsd" => Schedule::Wsd { peak, floor: 0.0, warmup, decay: total / 5 },
            _ => {
                let all = Self::NAMES.join(", ");
                return Err(Error::value(
                    "schedule",
                    format!("there is no {name:?}; there are {all}"),
                ));
            }
        };
        schedule.validate(total)?;
        Ok(schedule)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Schedule::Constant { .. } => "constant",
            Schedule::Cosine { .. } => "cosine",
            Schedule::Wsd { .. } => "wsd",
        }
    }

    fn parts(&self) -> (f32, f32, u64, u64) {
        match *self {
            Schedule::Constant { peak, warmup } => (peak, peak, warmup, 0),
            Schedule::Cosine { peak, floor, warmup } => (peak, floor, warmup, 0),
            Schedule::Wsd { peak, floor, warmup, decay } => (peak, floor, warmup, decay),
        }
    }

    /// Checks that the schedule makes sense for a run of `total` steps.
    ///
    /// # Errors
    /// A peak that is not positive, a floor outside 0 to peak, or parts longer than the run.
    pub fn validate(&self, total: u64) -> Result<()> {
        let fail = |reason: String| Err(Error::value("schedule", reason));
        let (peak, floor, warmup, decay) = self.parts();
        if !(peak.is_finite() && peak > 0.0) {
            return fail(format!("the learning rate is {peak}; it must be a positive number"));
        }
        if !(0.0..=peak).contains(&floor) {
            return fail(format!(
                "the floor is {floor}; it must lie between 0 and the peak, {peak}"
            ));
        }
        if warmup.saturating_add(decay) > total {
            return fail(format!(
                "{warmup} steps of warm-up and {decay} of decay do not fit into {total} steps"
            ));
        }
        Ok(())
    }

    /// The learning rate of step `step` (from 0) of a run of `total` steps; after the run, what its
    /// end had reached.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn lr(&self, step: u64, total: u64) -> Result<f32> {
        self.validate(total)?;
        let (peak, floor, warmup, decay) = self.parts();
        let (peak, floor) = (f64::from(peak), f64::from(floor));
        if step < warmup {
            return Ok((peak * (step + 1) as f64 / warmup as f64) as f32);
        }
        let left = total.saturating_sub(step);
        // How much of the way from floor to peak is left.
        let height = match self {
            Schedule::Constant { .. } => 1.0,
            _ if left == 0 => 0.0,
            Schedule::Cosine { .. } => {
                let progress = (step - warmup) as f64 / (total - warmup) as f64;
                0.5 * (1.0 + (PI * progress).cos())
            }
            Schedule::Wsd { .. } if left >= decay => 1.0,
            Schedule::Wsd { .. } => left as f64 / decay as f64,
        };
        Ok((floor + (peak - floor) * height) as f32)
    }
}
