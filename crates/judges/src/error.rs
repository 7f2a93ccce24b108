/// What this crate's calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with the exercises, or with the name of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A file of an exercise's description.
    #[error("solutions/{file}: {reason}")]
    Catalog {
        /// The file, below `solutions/`.
        file: String,
        /// What is wrong, and what to write.
        reason: String,
    },
    /// A region marker.
    #[error("{file}:{line}: {reason}")]
    Marker {
        /// The file.
        file: String,
        /// Its line, from one.
        line: usize,
        /// What is wrong, and what to write.
        reason: String,
    },
    /// A wrong answer that cannot be made of the solution.
    #[error("solutions/{file}, wrong answer {name}: {reason}")]
    Wrong {
        /// The file that lists it.
        file: String,
        /// Its name.
        name: String,
        /// What is wrong, and what to write.
        reason: String,
    },
    /// No exercise of that name.
    #[error("there is no exercise {what:?}; there is {known}")]
    UnknownExercise {
        /// What was asked for.
        what: String,
        /// Those there are.
        known: String,
    },
    /// No task of that name.
    #[error("{exercise} has no task {what:?}; it has {known}")]
    UnknownTask {
        /// The exercise.
        exercise: String,
        /// What was asked for.
        what: String,
        /// Those there are.
        known: String,
    },
    /// A name that could be several.
    #[error("{what:?} could be {known}: type more of it")]
    Ambiguous {
        /// What was asked for.
        what: String,
        /// Those it could be.
        known: String,
    },
}
