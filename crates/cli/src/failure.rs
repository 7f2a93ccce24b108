//! How a command fails: one clear message, or silence when nobody listens any more.

use crate::flags;
use crate::ui;
use std::error::Error;
use std::io;
use std::process::ExitCode;

/// What a command returns: the exit code where it has something to say with it.
pub type Outcome<T = u8> = Result<T, Failure>;

/// Why a command stopped.
#[derive(Debug)]
pub enum Failure {
    /// It went wrong; the message says what to do.
    Message(String),
    /// Whoever read our output has gone (`strata ... | head`): nothing is wrong, nobody is there.
    Pipe,
}

impl Failure {
    /// A failure with a message.
    pub fn new(message: impl Into<String>) -> Self {
        Failure::Message(message.into())
    }

    /// Tells the reader and says how the process ends.
    pub fn report(self) -> ExitCode {
        match self {
            Failure::Pipe => ExitCode::SUCCESS,
            Failure::Message(message) => {
                ui::error(&message);
                ExitCode::FAILURE
            }
        }
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::from_dyn(&error)
    }
}

impl Failure {
    /// From an error of unknown type.
    pub fn from_dyn(error: &(dyn Error + 'static)) -> Self {
        let pipe = error.downcast_ref::<io::Error>();
        match pipe.filter(|e| e.kind() == io::ErrorKind::BrokenPipe) {
            Some(_) => Failure::Pipe,
            None => Failure::Message(format!("{error}{}", flags::advice(error))),
        }
    }
}
