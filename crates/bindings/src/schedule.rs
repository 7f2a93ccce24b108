//! The course of a learning rate.
use crate::Result;
use crate::engine::adamw::Schedule;
use crate::error::parse;
use crate::numbers::whole;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleOptions {
    name: String,
    peak: f32,
    floor: Option<f32>,
    warmup: Option<u64>,
    decay: Option<u64>,
}

/// The learning rate of a step of a run.
pub fn schedule_lr(schedule: String, step: f64, total: f64) -> Result<f64> {
    let op = "schedule";
    let o: ScheduleOptions = parse(op, &schedule)?;
    let (step, total) = (whole(op, "step", step)? as u64, whole(op, "total", total)? as u64);
    let warm = |usual: u64| o.warmup.unwrap_or(usual);
    let schedule = match Schedule::named(&o.name, o.peak, total)? {
        Schedule::Constant { peak, warmup } => Schedule::Constant { peak, warmup: warm(warmup) },
        Schedule::Cosine { peak, floor, warmup } => {
            Schedule::Cosine { peak, floor: o.floor.unwrap_or(floor), warmup: warm(warmup) }
        }
        Schedule::Wsd { peak, floor, warmup, decay } => Schedule::Wsd {
            peak,
            floor: o.floor.unwrap_or(floor),
            warmup: warm(warmup),
            decay: o.decay.unwrap_or(decay),
        },
    };
    Ok(f64::from(schedule.lr(step, total)?))
}
