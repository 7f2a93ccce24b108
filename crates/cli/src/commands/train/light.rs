//! The share of the machine's speed of light that training reaches: model FLOP utilisation.

use crate::failure::Outcome;
use crate::ui;
use serde_json::{Value, json};
use strata_ml::ceiling::{Effort, product};
use strata_ml::device::{Device, Precision, peak};
use strata_ml::transformer::train::TrainConfig;

/// What the speed of a run is held against.
#[derive(Clone, Debug)]
pub struct Light {
    /// FLOPs that a token costs, forward and backward.
    per_token: f64,
    /// How exactly products are made.
    precision: Precision,
    /// FLOPs in a second that the device does at most, and who says so; nothing of an adapter that is a
    /// processor in disguise.
    most: Option<(f64, &'static str)>,
}

impl Light {
    /// Of a run on a device: what the card's maker promises for the precision in use, or where no card is
    /// known, what a product just did.
    ///
    /// # Errors
    /// The device fails.
    pub fn of(device: &Device, config: &TrainConfig) -> Outcome<Self> {
        let (info, precision) = (device.info(), device.precision());
        let most = match peak(info, precision) {
            Some(most) => Some((most, "what its maker promises")),
            None if info.caps.software => None,
            None => {
                let measured = pollster::block_on(product(device, Effort::Glance))?;
                device.trim();
                Some((measured, "a matrix product, measured now"))
            }
        };
        let per_token = config.model.flops_per_token(config.context);
        Ok(Light { per_token, precision, most })
    }

    /// The share that so many tokens a second are.
    pub fn share(&self, tokens_per_second: f64) -> Option<f64> {
        let (most, _) = self.most?;
        Some(tokens_per_second * self.per_token / most).filter(|share| share.is_finite())
    }

    /// `bf16; MFU is the share of 989.5 TFLOP/s (what its maker promises)`.
    pub fn words(&self) -> String {
        match self.most {
            Some((most, of)) => {
                format!("{}; MFU is the share of {} ({of})", self.precision, rate(most))
            }
            None => self.precision.to_string(),
        }
    }

    /// The end of a run in words: how fast it was, and the share.
    pub fn reached(&self, tokens_per_second: f64) -> String {
        let tokens = ui::count(ui::whole(tokens_per_second));
        let flops = rate(tokens_per_second * self.per_token);
        let share = match (self.share(tokens_per_second), self.most) {
            (Some(share), Some((most, _))) => {
                format!(", {} MFU (of {})", percent(share), rate(most))
            }
            _ => String::new(),
        };
        format!("{tokens} tokens/s in {}, {flops}{share}", self.precision)
    }

    /// The same for programs.
    pub fn json(&self, tokens_per_second: f64) -> Value {
        json!({
            "precision": self.precision.name(),
            "tokens_per_second": tokens_per_second,
            "flops_per_second": tokens_per_second * self.per_token,
            "utilisation": self.share(tokens_per_second),
            "ceiling": self.most.map(|(most, of)| json!({"flops_per_second": most, "of": of})),
        })
    }
}

/// `24.8%`.
pub fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p >= 9.95 => format!("{p:.0}%"),
        p => format!("{p:.1}%"),
    }
}

/// `989.5 TFLOP/s`.
fn rate(flops: f64) -> String {
    match flops {
        f if f >= 1e12 => format!("{:.1} TFLOP/s", f / 1e12),
        f => format!("{:.1} GFLOP/s", f / 1e9),
    }
}

/// Tokens in a second over many steps: the mean of what each took, without those that compile and record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    steps: u64,
    seconds_a_token: f64,
}

/// Steps that a run begins with before it is at its speed.
const BEGINNING: u64 = 3;

impl Pace {
    /// Notes the speed of a step.
    pub fn add(&mut self, tokens_per_second: f64) {
        if tokens_per_second > 0.0 {
            // Until it has its speed, the last step is all there is to say.
            if self.steps <= BEGINNING {
                self.seconds_a_token = 0.0;
            }
            self.steps += 1;
            self.seconds_a_token += 1.0 / tokens_per_second;
        }
    }

    /// Tokens in a second; 0 before the first step.
    pub fn rate(&self) -> f64 {
        let counted = self.steps.saturating_sub(BEGINNING).max(1);
        if self.steps == 0 { 0.0 } else { counted as f64 / self.seconds_a_token }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_knows_the_share_that_it_reaches() {
        let light = Light {
            per_token: 8e7,
            precision: Precision::Bf16,
            most: Some((989.5e12, "what its maker promises")),
        };
        let share = light.share(3.0e6).unwrap();
        assert!((share - 0.2425).abs() < 1e-3, "{share}");
        assert_eq!(
            light.reached(3.0e6),
            "3,000,000 tokens/s in bf16, 240.0 TFLOP/s, 24% MFU (of 989.5 TFLOP/s)"
        );
        assert!(light.words().contains("bf16") && light.words().contains("maker"));
        let json = light.json(3.0e6);
        assert_eq!(json["ceiling"]["flops_per_second"], 989.5e12);
        assert_eq!(json["precision"], "bf16");
        let unknown = Light { most: None, ..light };
        assert_eq!(unknown.share(1.0), None);
        assert_eq!(unknown.reached(1000.0), "1,000 tokens/s in bf16, 80.0 GFLOP/s");
    }

    #[test]
    fn the_first_steps_do_not_count() {
        let mut pace = Pace::default();
        assert_eq!(pace.rate(), 0.0);
        pace.add(1.0);
        assert_eq!(pace.rate(), 1.0);
        for rate in [1.0, 1.0, 100.0, 100.0, 50.0] {
            pace.add(rate);
        }
        assert!((pace.rate() - 75.0).abs() < 1e-9, "{}", pace.rate());
        assert_eq!([0.2481, 0.0521, 0.0999].map(percent), ["25%", "5.2%", "10%"]);
    }
}
