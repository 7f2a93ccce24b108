use crate::Rejection;
use strata_check::Report;
use strata_ml::{data, device, tensor, transformer};

/// What a judge returns.
pub type Outcome<T = ()> = std::result::Result<T, Failure>;

/// Why a judge says no.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The result is not the oracle's.
    #[error(transparent)]
    Report(#[from] Report),
    /// Wrong in a way that has a name of its own.
    #[error("{text}")]
    Named {
        /// The name, as `wrong/` expects it.
        name: &'static str,
        /// What to tell the reader.
        text: String,
    },
    /// A tensor op refused what it should take.
    #[error(transparent)]
    Tensor(#[from] tensor::Error),
    /// The device failed, or the kernel does not compile.
    #[error(transparent)]
    Device(#[from] device::Error),
    /// Chapter 9 refused what it should take.
    #[error(transparent)]
    Data(#[from] data::DataError),
    /// Chapter 10 refused what it should take.
    #[error(transparent)]
    Transformer(#[from] transformer::Error),
    /// A kernel wrote memory that was not bound for writing, or gave other bits the second time.
    #[error("{0}")]
    Fault(String),
    /// Enough was asked: an experiment needs no more.
    #[error("stopped")]
    Stopped,
}

impl Failure {
    /// Something that has no type of its own; nothing of the reader's is to blame.
    pub fn ours(text: impl Into<String>) -> Self {
        Failure::Named { name: "device-error", text: text.into() }
    }

    /// A panic as a failure. In a kernel's judge it is our fault; it must not take the others along.
    pub fn panicked(panic: &(dyn std::any::Any + Send)) -> Self {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Failure::Named { name: "panicked", text: format!("panicked: {said}") }
    }

    /// What the reader is told.
    pub fn rejection(self) -> Rejection {
        let text = self.to_string();
        let diagnoses = match &self {
            Failure::Report(report) => names(report),
            Failure::Named { name, .. } => vec![(*name).to_string()],
            Failure::Fault(_) => vec![fault(&text).into()],
            _ => vec![of_device(&text).into()],
        };
        let text = match diagnoses.first().map(String::as_str) {
            Some("contract-broken") => format!("{text}\n{CONTRACT}"),
            _ if text.to_lowercase().contains("workgroup size") => {
                format!("{}\n{WORKGROUP}", text.trim_end())
            }
            _ => text,
        };
        Rejection { diagnoses, text }
    }
}

const CONTRACT: &str = "  diagnosis  the entry point or its bindings are no longer those that the \
    launch expects. Names, order and types of the arguments are given; only what is inside is yours.";

const WORKGROUP: &str = "  diagnosis  every WebGPU adapter allows 256 invocations in a workgroup, and \
    no more can be counted on; the size that is given is the one that the launch expects.";

fn names(report: &Report) -> Vec<String> {
    let list: Vec<String> = report.diagnoses.iter().map(|d| d.name().to_string()).collect();
    if list.is_empty() { vec!["differs".into()] } else { list }
}

fn fault(text: &str) -> &'static str {
    if text.contains("outside the buffer") { "out-of-bounds-write" } else { "differs-between-runs" }
}

/// The name of an error that came from a driver or a compiler.
fn of_device(text: &str) -> &'static str {
    let lower = text.to_lowercase();
    let broken = [
        "unable to find entry point",
        "has no entry",
        "cuda entry",
        "cuda params",
        "pipeline layout",
        "shader global",
        "binding is missing",
    ];
    if broken.iter().any(|sign| lower.contains(sign)) {
        "contract-broken"
    } else if lower.contains("does not compile") {
        "does-not-compile"
    } else {
        "device-error"
    }
}
