//! Every error of the engine as a code and a sentence.
use std::any::Any;
use strata_ml::{data, device, tensor, transformer};

/// What went wrong: a code of `ErrorCode` in `error.ts`, the op where it is known, and a sentence.
#[derive(Debug)]
pub struct Failure {
    /// One of `ErrorCode`.
    pub code: &'static str,
    /// The op, or empty.
    pub op: String,
    /// The whole sentence.
    pub message: String,
}

/// What can fail here.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure.
    pub fn new(code: &'static str, op: &str, message: impl Into<String>) -> Self {
        Failure { code, op: op.into(), message: message.into() }
    }

    /// An argument that no sentence of the engine's own speaks of.
    pub fn argument(op: &str, reason: impl std::fmt::Display) -> Self {
        Failure::new("argument", op, format!("{op}: {reason}"))
    }

    /// A panic: always a bug of ours, never the end of the process.
    pub fn panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("no message");
        let message = format!("a bug in Strata: {text}. Please report what you called");
        Failure::new("internal", "", message)
    }
}

impl From<tensor::Error> for Failure {
    fn from(error: tensor::Error) -> Self {
        use tensor::Error;
        let message = error.to_string();
        match error {
            Error::Device(error) => error.into(),
            Error::Shape { op, .. } => Failure::new("shape", op, message),
            Error::DType { op, .. } => Failure::new("dtype", op, message),
            Error::Devices { op, .. } => Failure::new("device", op, message),
            Error::Overflow { op, .. } => Failure::new("size", op, message),
            Error::Room { op, reason, .. } => {
                let code = Failure::from(*reason).code;
                Failure::new(code, op, message)
            }
            // An op that found no way back: its own sentence says why.
            Error::Value { op: "backward", .. } => Failure::new("graph", "backward", message),
            Error::Value { op, .. } => Failure::new("value", op, message),
        }
    }
}

impl From<device::Error> for Failure {
    fn from(error: device::Error) -> Self {
        use device::Error;
        let message = error.to_string();
        let (code, op) = match &error {
            Error::Unavailable { .. } | Error::UnknownDevice { .. } => ("device", "open"),
            Error::OutOfMemory { .. } => ("memory", "alloc"),
            Error::NoRoom { what, .. } => return Failure::new("memory", what, message),
            Error::TooLarge { .. } => ("size", "alloc"),
            Error::TooLong { op, .. } => return Failure::new("size", op, message),
            Error::Lost { .. } => ("device-lost", ""),
            Error::Compile { .. } => ("compile", ""),
            Error::Range { call, .. } => ("index", *call),
            Error::Recording { call, .. } => ("busy", *call),
            Error::NoRung { op, .. } => ("rung", *op),
            Error::DType { op, .. } => ("dtype", *op),
            Error::UnknownRung { op, .. } => return Failure::new("rung", op, message),
            Error::Overlay { .. } => ("kernels", "open"),
            Error::Unheeded { .. } => ("kernels", ""),
            Error::Launch { .. } | Error::Driver { .. } => ("driver", ""),
        };
        Failure::new(code, op, message)
    }
}

impl From<data::DataError> for Failure {
    fn from(error: data::DataError) -> Self {
        use data::DataError;
        let code = match &error {
            DataError::Missing { .. }
            | DataError::Io { .. }
            | DataError::File(_)
            | DataError::Special { .. }
            | DataError::TooLarge { .. }
            | DataError::TooMuchText { .. }
            | DataError::TooManyFiles { .. } => "file",
            _ => "data",
        };
        Failure::new(code, "data", error.to_string())
    }
}

impl From<transformer::Error> for Failure {
    fn from(error: transformer::Error) -> Self {
        use transformer::Error;
        let message = error.to_string();
        match error {
            Error::Tensor(error) => error.into(),
            Error::Data(error) => error.into(),
            Error::Files(_) => Failure::new("file", "checkpoint", message),
            Error::Checkpoint { .. } => Failure::new("checkpoint", "checkpoint", message),
            Error::Value(_) => Failure::new("value", "gpt", message),
            Error::Setting { .. } => Failure::new("value", "gpt", message),
            Error::NonFinite { .. } => Failure::new("non-finite", "step", message),
            Error::NotFinite { .. } => Failure::new("non-finite", "gpt", message),
        }
    }
}

/// JSON that came from the package's own TypeScript and does not say what it should.
pub(crate) fn json(op: &'static str) -> impl Fn(serde_json::Error) -> Failure {
    move |error| Failure::argument(op, error)
}
