//! Ctrl-C: the first asks the run to finish its step and save, the second ends it at once.

use crate::failure::{Failure, Outcome};
use std::sync::atomic::{AtomicBool, Ordering};

/// What a program that was interrupted exits with.
pub const CODE: u8 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens from now on.
///
/// # Errors
/// The system does not let us.
pub fn listen() -> Outcome<()> {
    let handler = || {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(CODE));
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::new(format!("Ctrl-C cannot be listened to: {error}")))
}

/// Whether the reader asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
