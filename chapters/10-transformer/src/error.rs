use std::path::{Path, PathBuf};

/// What the model, the trainer and checkpoints return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong around a model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An op or the device said no.
    #[error(transparent)]
    Tensor(#[from] strata_tensor::Error),
    /// A file that cannot be read or written, or a folder that another run has.
    #[error(transparent)]
    Files(#[from] strata_files::Error),
    /// A checkpoint that does not hold what it should.
    #[error("checkpoint {path}: {reason}")]
    Checkpoint {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A number out of its range.
    #[error("{0}")]
    Value(String),
    /// A setting of a run, or of a model's writing, out of its range.
    #[error("{name} is {value}; {range}")]
    Setting {
        /// Its name, in words.
        name: &'static str,
        /// What it was.
        value: String,
        /// What it may be.
        range: String,
    },
    /// What a model says is no number: it can neither write nor be scored.
    #[error("{what} is not finite: {cause}")]
    NotFinite {
        /// What was asked of it.
        what: &'static str,
        /// The first parameter that is to blame.
        cause: String,
    },
    /// The loss is no number any more.
    #[error(
        "the loss of step {step} is {loss}: {tensor} went non-finite first; the last checkpoint is kept. \
         Try a lower learning rate, or another seed"
    )]
    NonFinite {
        /// The step.
        step: u64,
        /// NaN or infinity.
        loss: f32,
        /// The first tensor of the forward pass, or gradient of the backward pass, that is not finite.
        tensor: String,
    },
    /// Text or tokens that do not fit the model.
    #[error(transparent)]
    Data(#[from] strata_data::DataError),
}

impl From<strata_device::Error> for Error {
    fn from(error: strata_device::Error) -> Self {
        Error::Tensor(error.into())
    }
}

impl Error {
    pub(crate) fn checkpoint(path: &Path, reason: impl Into<String>) -> Self {
        Error::Checkpoint { path: path.to_path_buf(), reason: reason.into() }
    }

    pub(crate) fn setting(
        name: &'static str,
        value: impl std::fmt::Display,
        range: impl Into<String>,
    ) -> Self {
        Error::Setting { name, value: value.to_string(), range: range.into() }
    }
}
