//! Why a cell of the table is red.

use strata_check::Report;
use strata_ml::{device, tensor, transformer};

/// What a case returns.
pub type Outcome<T = ()> = Result<T, Error>;

/// Why a case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The result is not the oracle's.
    #[error(transparent)]
    Report(#[from] Report),
    /// An op refused what it should take.
    #[error(transparent)]
    Tensor(#[from] tensor::Error),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] device::Error),
    /// Chapter 10 refused what it should take.
    #[error(transparent)]
    Transformer(#[from] transformer::Error),
    /// A kernel wrote memory that was not bound for writing, or gave other bits the second time.
    #[error("{0}")]
    Fault(String),
    /// Something that has no type of its own.
    #[error("{0}")]
    Text(String),
}
