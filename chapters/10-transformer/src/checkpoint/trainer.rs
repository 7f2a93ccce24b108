use crate::train::TrainConfig;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use std::path::Path;

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

/// `trainer.json`: what a resumed run continues from, and the checksums of the other files, so that
/// a damaged one is found before it is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainerFile {
    /// How the run was set up.
    pub config: TrainConfig,
    /// How far it had come.
    pub state: CheckpointState,
    /// What it was trained on, in words.
    pub data: String,
    /// SHA-256 of `model.safetensors`, in hexadecimal.
    pub model_sha256: String,
    /// SHA-256 of `optimizer.safetensors`, in hexadecimal.
    pub optimizer_sha256: String,
}

impl TrainerFile {
    /// Reads `trainer.json` of a folder; `None` where there is none (a model saved by another
    /// program).
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub fn read_if_there(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join("trainer.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::file("read", &path, e)),
        };
        let parsed = serde_json::from_str(&text);
        parsed
            .map(Some)
            .map_err(|e| Error::checkpoint(&path, format!("not a trainer's state: {e}")))
    }

    /// Checks the other files against their checksums.
    ///
    /// # Errors
    /// One is missing or damaged.
    pub fn verify(&self, folder: &Path) -> Result<()> {
        let files = [
            ("model.safetensors", &self.model_sha256),
            ("optimizer.safetensors", &self.optimizer_sha256),
        ];
        for (name, want) in files {
            let path = folder.join(name);
            let bytes = fs::read(&path).map_err(|e| Error::file("read", &path, e))?;
            if digest(&bytes) != *want {
                let reason = "its bytes are not those that were saved (checksum of trainer.json): \
                              the file is damaged or belongs to another run";
                return Err(Error::checkpoint(&path, reason));
            }
        }
        Ok(())
    }

    pub(crate) fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self);
        Ok(text.map_err(|e| Error::Value(format!("trainer.json: {e}")))? + "\n")
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
