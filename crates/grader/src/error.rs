use std::path::Path;

/// What this crate's calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with the exercises, the reader's folder, or a file in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What is asked cannot be read, or is not there.
    #[error(transparent)]
    Judges(#[from] strata_judges::Error),
    /// No exercises here.
    #[error(
        "no exercises at {start} or above: go into Strata's clone, or make a folder of your own with \
         `cargo strata exercises init DIR`"
    )]
    NoHome {
        /// Where the search began.
        start: String,
    },
    /// A folder that is not Strata's clone.
    #[error("{path} is not a clone of Strata: {reason}")]
    NotAClone {
        /// The folder.
        path: String,
        /// What is missing.
        reason: String,
    },
    /// A folder that cannot become the reader's.
    #[error("{path} cannot hold exercises: {reason}")]
    BadHome {
        /// The folder.
        path: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The file that describes the reader's folder.
    #[error(
        "{path} cannot be understood: {reason}. `cargo strata exercises init` on its folder writes it \
         anew and keeps your answers"
    )]
    HomeFile {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// Cargo came to no test at all.
    #[error("cargo test came to no test; its last words:\n{log}")]
    Cargo {
        /// The end of what it printed.
        log: String,
    },
    /// A file that is none, or too large to be what it should be.
    #[error("{0}")]
    Unfit(String),
    /// A file or folder that cannot be read or written.
    #[error("cannot {doing} {path}: {reason}")]
    Io {
        /// `read`, `write`, ...
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// What the system says.
        reason: String,
    },
}

impl Error {
    /// A file of an exercise's description is wrong.
    pub(crate) fn catalog(file: &str, reason: impl ToString) -> Self {
        let (file, reason) = (file.into(), reason.to_string());
        strata_judges::Error::Catalog { file, reason }.into()
    }

    /// The system refused to do something with a file.
    pub(crate) fn io(doing: &'static str, path: &Path, reason: impl ToString) -> Self {
        Error::Io { doing, path: path.display().to_string(), reason: reason.to_string() }
    }
}
