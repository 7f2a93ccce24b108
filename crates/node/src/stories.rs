//! The stories, with every choice that led to them.
use crate::failure::Failure;
use crate::guard::guard;
use crate::numbers::whole;
use napi_derive::napi;
use serde_json::json;
use strata_ml::data::stories::{self, Generator, HELD_OUT};

/// One story.
#[napi]
pub fn story(seed: f64, index: f64, held_out: bool) -> napi::Result<String> {
    guard(|| {
        let op = "stories";
        let (seed, index) = (whole(op, "seed", seed)? as u64, whole(op, "index", index)? as u64);
        let derivation =
            Generator::derivation(seed, if held_out { HELD_OUT + index } else { index });
        let decisions: Vec<_> = derivation
            .decisions
            .iter()
            .map(|d| json!({"what": d.what, "at": d.at, "weight": d.weight, "total": d.total}))
            .collect();
        let (text, log_prob) = (&derivation.text, derivation.log_prob());
        Ok(json!({"text": text, "logProb": log_prob, "decisions": decisions}).to_string())
    })
}

/// Nats of a story, on average and exactly.
#[napi]
pub fn story_entropy() -> napi::Result<f64> {
    guard(|| Ok(stories::entropy()))
}

/// The logarithm of the probability that the grammar tells exactly this text.
#[napi]
pub fn story_log_prob(text: String) -> napi::Result<f64> {
    guard(|| stories::log_prob(&text).map_err(|e| Failure::new("data", "stories", e.to_string())))
}
