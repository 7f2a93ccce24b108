//! What can be wrong with the book, and where.

use std::io;
use thiserror::Error;

/// What is wrong, without the place in the page; [`Problem`] adds that.
#[derive(Debug, Error)]
pub enum Fault {
    /// A name that nothing has.
    #[error("there is no {kind} `{name}`; there are {have}")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// The name it was given.
        name: String,
        /// The names there are.
        have: String,
    },
    /// An argument that is missing, unknown or malformed.
    #[error("{0}")]
    Argument(String),
    /// A file of the repository that cannot be read.
    #[error("{path} cannot be read: {why}")]
    Read {
        /// Its path in the repository.
        path: String,
        /// Why.
        why: String,
    },
    /// A path that leads out of the repository.
    #[error("{0} does not lie in the repository")]
    Outside(String),
    /// More than a page, a file or an equation may have.
    #[error("{what} has {has} {unit}, and at most {most} are set")]
    TooMuch {
        /// What has it.
        what: String,
        /// How much.
        has: usize,
        /// Of what.
        unit: &'static str,
        /// The bound.
        most: usize,
    },
    /// Something wrong in another file than the page.
    #[error("{path}:{line}: {what}")]
    Elsewhere {
        /// The file's path in the repository.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        what: String,
    },
    /// CUDA has something that its WGSL twin lacks, although the ladder promises a twin.
    #[error("{cuda} has {what}, but {wgsl} has not")]
    NoTwin {
        /// The CUDA file.
        cuda: String,
        /// The WGSL file.
        wgsl: String,
        /// What the one has and the other lacks.
        what: String,
    },
    /// A measurement that nobody took.
    #[error("{file} has no {what}: measure it, or do not mention it")]
    NoMeasurement {
        /// The results' file.
        file: String,
        /// What it lacks.
        what: String,
    },
    /// A command whose output was never recorded.
    #[error("`{0}` has no recorded output")]
    NoCapture(String),
    /// Output that is no longer what the command prints.
    #[error("`{command}` prints something else now than was recorded: {difference}")]
    Stale {
        /// The command.
        command: String,
        /// Where the two part.
        difference: String,
    },
    /// An equation that does not parse.
    #[error("the equation `{tex}` does not parse: {why}")]
    Equation {
        /// The equation.
        tex: String,
        /// What KaTeX says.
        why: String,
    },
}

/// Something wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{file}:{line}: {what}")]
pub struct Problem {
    /// The file's path in the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Why there is no book.
#[derive(Debug, Error)]
pub enum Error {
    /// All that is wrong with its pages.
    #[error("{}", lines(.0))]
    Problems(Vec<Problem>),
    /// A file that cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A file that is none, or larger than it may be.
    #[error(transparent)]
    Files(#[from] strata_files::Error),
    /// Something that mdBook refuses.
    #[error("mdBook: {0}")]
    Book(String),
    /// A command that could not be run.
    #[error("`{command}` could not be run: {error}")]
    Run {
        /// The command.
        command: String,
        /// Why.
        error: io::Error,
    },
    /// The book cannot be served there.
    #[error("cannot serve at {address}: {why}")]
    Serve {
        /// The address.
        address: String,
        /// Why.
        why: String,
    },
    /// Not in a clone.
    #[error("there is no Strata repository at or above {0}")]
    NoTree(String),
}

fn lines(problems: &[Problem]) -> String {
    let mut text: Vec<String> = problems.iter().map(Problem::to_string).collect();
    let count = problems.len();
    text.push(format!("{count} problem{}", if count == 1 { "" } else { "s" }));
    text.join("\n")
}

impl Error {
    /// A file that cannot be read or written.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.display().to_string();
        move |error| Error::File { path, error }
    }
}

/// Why a file cannot be read, without its path, which on every machine is another one.
pub(crate) fn reason(error: &strata_files::Error) -> String {
    use strata_files::Error as E;
    match error {
        E::Io { source, .. } => source.to_string(),
        E::Special { kind, .. } => format!("it is {kind}, not a plain file"),
        E::TooLarge { size, most, .. } => {
            format!("it has {size} bytes, and at most {most} are read")
        }
        E::NotText { at, .. } => format!("it is not UTF-8 text (byte {at})"),
        other => other.to_string(),
    }
}

/// How many names a message has room for.
const NAMED: usize = 60;

/// The names there are, for a message.
pub(crate) fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names.by_ref().take(NAMED).map(|n| n.as_ref().to_string()).collect();
    match (first.is_empty(), names.count()) {
        (true, _) => "none".into(),
        (_, 0) => first.join(", "),
        (_, more) => format!("{} and {more} more", first.join(", ")),
    }
}

/// The beginning of a text that may be long, for a message.
pub(crate) fn beginning(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first: String = words.chars().take(120).collect();
    if first == words { words } else { format!("{first}…") }
}
