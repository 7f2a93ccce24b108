//! Ctrl-C: the first asks the run to finish its step and save, the second ends it at once.

use crate::failure::{Failure, Outcome};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What a program that was interrupted exits with.
pub const CODE: u8 = 130;

static ASKED: OnceLock<Instant> = OnceLock::new();

/// Wrappers (`timeout`, script runners) hand one Ctrl-C on twice: what follows this closely is an
/// echo, not a second wish.
const ECHO: Duration = Duration::from_millis(300);

/// Listens from now on.
///
/// # Errors
/// The system does not let us.
pub fn listen() -> Outcome<()> {
    let handler = || {
        if ASKED.get_or_init(Instant::now).elapsed() > ECHO {
            std::process::exit(i32::from(CODE));
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::new(format!("Ctrl-C cannot be listened to: {error}")))
}

/// Whether the reader asked to stop.
pub fn requested() -> bool {
    ASKED.get().is_some()
}
