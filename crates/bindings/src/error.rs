//! Every error of the engine as a code and a sentence.
use crate::engine::{data, device, tensor, transformer};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What went wrong: a code of `ErrorCode` in `error.ts`, the op where it is known, and a sentence.
/// JavaScript gets it as a `StrataError`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// One of `ErrorCode`.
    pub code: &'static str,
    /// The op, or empty.
    pub op: String,
    /// The whole sentence.
    pub message: String,
}

/// What can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// Runs what JavaScript called. A panic becomes an error, where panics can be caught: it would end
/// the process.
pub fn catch_panic<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the body borrowed is either gone with it or behind locks that shrug off poison.
    let done = catch_unwind(AssertUnwindSafe(body));
    done.unwrap_or_else(|payload| Err(Error::panic(&*payload)))
}

/// An error whose sentence begins with the op.
macro_rules! error {
    ($code:literal, $op:expr, $($words:tt)+) => {
        $crate::Error::new($code, $op, format!("{}: {}", $op, format_args!($($words)+)))
    };
}

impl Error {
    /// An error with the whole of its sentence.
    pub fn new(code: &'static str, op: &str, message: impl Into<String>) -> Self {
        Error { code, op: op.into(), message: message.into() }
    }

    /// An argument that no sentence of the engine's own speaks of.
    pub fn argument(op: &str, reason: impl std::fmt::Display) -> Self {
        Error::new("argument", op, format!("{op}: {reason}"))
    }

    /// A panic: always a bug of ours.
    fn panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("no message");
        let message = format!("a bug in Strata: {text}. Please report what you called");
        Error::new("internal", "", message)
    }
}

impl From<tensor::Error> for Error {
    fn from(error: tensor::Error) -> Self {
        use tensor::Error as Kind;
        let message = error.to_string();
        match error {
            Kind::Device(error) => error.into(),
            Kind::Shape { op, .. } => Error::new("shape", op, message),
            Kind::DType { op, .. } => Error::new("dtype", op, message),
            Kind::Devices { op, .. } => Error::new("device", op, message),
            Kind::Overflow { op, .. } => Error::new("size", op, message),
            Kind::Room { op, reason, .. } => {
                let code = Error::from(*reason).code;
                Error::new(code, op, message)
            }
            // An op that found no way back: its own sentence says why.
            Kind::Value { op: "backward", .. } => Error::new("graph", "backward", message),
            Kind::Value { op, .. } => Error::new("value", op, message),
        }
    }
}

impl From<device::Error> for Error {
    fn from(error: device::Error) -> Self {
        use device::Error as Kind;
        let message = error.to_string();
        let (code, op) = match &error {
            Kind::Unavailable { .. } | Kind::UnknownDevice { .. } => ("device", "open"),
            Kind::Precision { .. } => ("device", "withPrecision"),
            Kind::UnknownPrecision { .. } => ("argument", "withPrecision"),
            Kind::OutOfMemory { .. } => ("memory", "alloc"),
            Kind::NoRoom { what, .. } => return Error::new("memory", what, message),
            Kind::TooLarge { .. } => ("size", "alloc"),
            Kind::TooLong { op, .. } => return Error::new("size", op, message),
            Kind::Lost { .. } => ("device-lost", ""),
            Kind::Compile { .. } => ("compile", ""),
            Kind::Range { call, .. } => ("index", *call),
            Kind::Recording { call, .. } => ("busy", *call),
            Kind::NoRung { op, .. } => ("rung", *op),
            Kind::DType { op, .. } => ("dtype", *op),
            Kind::UnknownRung { op, .. } => return Error::new("rung", op, message),
            Kind::Overlay { .. } => ("kernels", "open"),
            Kind::Unheeded { .. } => ("kernels", ""),
            Kind::Launch { .. } | Kind::Driver { .. } => ("driver", ""),
        };
        Error::new(code, op, message)
    }
}

impl From<data::DataError> for Error {
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
        Error::new(code, "data", error.to_string())
    }
}

impl From<transformer::Error> for Error {
    fn from(error: transformer::Error) -> Self {
        use transformer::Error as Kind;
        let message = error.to_string();
        match error {
            Kind::Tensor(error) => error.into(),
            Kind::Data(error) => error.into(),
            Kind::Files(_) => Error::new("file", "checkpoint", message),
            Kind::Checkpoint { .. } => Error::new("checkpoint", "checkpoint", message),
            Kind::Value(_) => Error::new("value", "gpt", message),
            Kind::Setting { .. } => Error::new("value", "gpt", message),
            Kind::NonFinite { .. } => Error::new("non-finite", "step", message),
            Kind::NotFinite { .. } => Error::new("non-finite", "gpt", message),
        }
    }
}

/// What JSON says that came from the package's own TypeScript.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(op: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::argument(op, error))
}

/// As JSON.
pub(crate) fn show(op: &str, value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::argument(op, error))
}
