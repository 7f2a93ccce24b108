use super::hf::MOST;
use super::snapshot::{Snapshot, read_current};
use crate::train::TrainConfig;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;
use strata_device::Precision;

/// How far a run had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointState {
    /// Steps done.
    pub step: u64,
    /// Tokens seen.
    pub tokens: u64,
    /// Seconds spent training.
    pub seconds: f64,
    /// Held-out loss at the last evaluation, nats per token.
    pub validation: Option<f64>,
}

impl CheckpointState {
    /// The longest run that makes sense, in seconds: some three hundred years.
    const LONGEST: f64 = 1e10;

    /// Checks that a run of this configuration can have come here.
    ///
    /// # Errors
    /// A number that no such run has.
    pub fn validate(&self, config: &TrainConfig) -> Result<()> {
        let fail = |text: String| Err(Error::Value(text));
        let CheckpointState { step, tokens, seconds, .. } = *self;
        if step > u64::from(u32::MAX) {
            return fail(format!("step is {step}; at most 4,294,967,295 can be counted"));
        }
        if !(0.0..=Self::LONGEST).contains(&seconds) {
            let most = Self::LONGEST;
            return fail(format!("seconds is {seconds}; it must lie between 0 and {most}"));
        }
        // A row scores as many tokens as it has at most; one of padding none.
        let rows = u128::from(step)
            .saturating_mul(config.batch as u128)
            .saturating_mul(config.accumulate as u128);
        let most = rows.saturating_mul(config.context as u128);
        if u128::from(tokens) > most {
            return fail(format!(
                "tokens is {tokens}, but {step} steps of {} rows of {} tokens score at most {most}",
                config.batch.saturating_mul(config.accumulate),
                config.context
            ));
        }
        Ok(())
    }
}

/// `trainer.json`: what a resumed run continues from, and the checksums of the other files, so that
/// a damaged one is found before it is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainerFile {
    /// How the run was set up.
    pub config: TrainConfig,
    /// How exactly its products are made, f32 in files that do not say: another precision goes on to
    /// other bits.
    #[serde(default, with = "by_name")]
    pub precision: Precision,
    /// How far it had come.
    pub state: CheckpointState,
    /// What it was trained on: `stories`, `book`, or a path, from the run's folder on.
    pub data: String,
    /// SHA-256 of that text ([`Dataset::digest`](strata_data::Dataset::digest)); none for stories, for
    /// batches of the caller's own, and in files of before December 2026.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<String>,
    /// SHA-256 of `model.safetensors`, in hexadecimal.
    pub model_sha256: String,
    /// SHA-256 of `optimizer.safetensors`, in hexadecimal.
    pub optimizer_sha256: String,
    /// SHA-256 of `config.json`; none in files of before December 2026.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_sha256: Option<String>,
    /// SHA-256 of `tokenizer.json`; none in files of before December 2026.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer_sha256: Option<String>,
}

impl TrainerFile {
    /// Reads `trainer.json` of a folder; `None` where there is none (a model saved by another
    /// program).
    ///
    /// # Errors
    /// It is there but cannot be read, or holds a number that no run has.
    pub fn read_if_there(folder: &Path) -> Result<Option<Self>> {
        match read_current(folder, "trainer.json", MOST) {
            Ok(bytes) => Self::parse(&folder.join("trainer.json"), &bytes).map(Some),
            Err(e) if e.is_not_found() => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Reads the bytes of a `trainer.json` that `path` held.
    ///
    /// # Errors
    /// They are damaged, or hold a number that no run has.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let fail = |reason: String| Error::checkpoint(path, reason);
        let file: Self = serde_json::from_slice(bytes)
            .map_err(|e| fail(format!("not a trainer's state: {e}")))?;
        let sound = file.config.validate().and_then(|()| file.state.validate(&file.config));
        sound.map_err(|e| fail(format!("not a trainer's state: {e}")))?;
        Ok(file)
    }

    /// Checks the other files against their checksums.
    ///
    /// # Errors
    /// One is missing or damaged.
    pub fn verify(folder: &Path) -> Result<()> {
        let names = ["config.json", "model.safetensors", "tokenizer.json", "optimizer.safetensors"];
        Snapshot::read(folder, &names).map(drop)
    }

    pub(super) fn sha256(&self, name: &str) -> Option<&str> {
        match name {
            "model.safetensors" => Some(&self.model_sha256),
            "optimizer.safetensors" => Some(&self.optimizer_sha256),
            "config.json" => self.config_sha256.as_deref(),
            "tokenizer.json" => self.tokenizer_sha256.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self);
        Ok(text.map_err(|e| Error::Value(format!("trainer.json: {e}")))? + "\n")
    }
}

/// A precision as its name.
mod by_name {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;
    use strata_device::Precision;

    pub fn serialize<S: Serializer>(value: &Precision, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Precision, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
