//! The stories, with every choice that led to them.
use crate::engine::data::stories::{self, Generator, HELD_OUT};
use crate::numbers::whole;
use crate::{Error, Result};
use serde_json::json;

/// One story.
pub fn story(seed: f64, index: f64, held_out: bool) -> Result<String> {
    let op = "stories";
    let (seed, index) = (whole(op, "seed", seed)? as u64, whole(op, "index", index)? as u64);
    let derivation = Generator::derivation(seed, if held_out { HELD_OUT + index } else { index });
    let decisions: Vec<_> = derivation
        .decisions
        .iter()
        .map(|d| json!({"what": d.what, "at": d.at, "weight": d.weight, "total": d.total}))
        .collect();
    let (text, log_prob) = (&derivation.text, derivation.log_prob());
    Ok(json!({"text": text, "logProb": log_prob, "decisions": decisions}).to_string())
}

/// Nats of a story, on average and exactly.
pub fn story_entropy() -> Result<f64> {
    Ok(stories::entropy())
}

/// The logarithm of the probability that the grammar tells exactly this text.
pub fn story_log_prob(text: String) -> Result<f64> {
    stories::log_prob(&text).map_err(|e| Error::new("data", "stories", e.to_string()))
}
