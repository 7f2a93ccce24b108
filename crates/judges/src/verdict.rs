use serde::{Deserialize, Serialize};
use std::fmt;
use strata_ml::device::Machine;

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust, run on the CPU.
    Rust,
    /// WGSL, run on a WebGPU adapter.
    Wgsl,
    /// CUDA C++, run on an NVIDIA card.
    Cuda,
}

impl Language {
    /// The language of a file, by its extension.
    pub fn of(file: &str) -> Option<Language> {
        match file.rsplit_once('.')?.1 {
            "rs" => Some(Language::Rust),
            "wgsl" => Some(Language::Wgsl),
            "cu" => Some(Language::Cuda),
            _ => None,
        }
    }

    /// The machine it runs on.
    pub fn machine(self) -> Machine {
        match self {
            Language::Rust => Machine::Cpu,
            Language::Wgsl => Machine::Wgpu,
            Language::Cuda => Machine::Cuda,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::Rust => "Rust",
            Language::Wgsl => "WGSL",
            Language::Cuda => "CUDA",
        })
    }
}

/// What is to be said of one file on one tier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    /// Right, on this many questions.
    Passed {
        /// Comparisons made.
        checks: usize,
    },
    /// It compiles; there is no device here to run it on.
    Compiled {
        /// Why it was not run.
        reason: String,
    },
    /// Wrong.
    Rejected(Rejection),
    /// Not judged.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl Verdict {
    /// A rejection with one diagnosis.
    pub fn rejected(diagnosis: &str, text: impl Into<String>) -> Self {
        Verdict::Rejected(Rejection { diagnoses: vec![diagnosis.into()], text: text.into() })
    }

    /// Whether the answer was run and is right.
    pub fn passed(&self) -> bool {
        matches!(self, Verdict::Passed { .. })
    }
}

/// Why an answer is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Short, stable names of what seems to be wrong, the most telling first.
    pub diagnoses: Vec<String>,
    /// The report, several lines for a person.
    pub text: String,
}
