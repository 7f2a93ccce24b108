//! Files, as every part of Strata reads and writes them.
//!
//! - [`read`], [`read_text`]: a plain file, no larger than the caller can use. A device, a pipe or a
//!   folder in its place is an error, never a wait without end.
//! - [`write()`]: the old content or the new, never half of it, also when the power goes.
//! - [`append()`]: a log that grows, at the cost of what is added.
//! - [`Staged`]: several files that change together; [`current`] finds them after a kill at any
//!   moment.
//! - [`Lock`]: one writer in a folder.
//! - [`fault`]: makes any of these calls fail, or end the process, so that tests can try them all.
//! - [`printable`]: text that is not ours, safe to show on a terminal.

// What can end the process or change a number without a word is gone, or says why it cannot.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]

mod append;
mod disk;
mod error;
pub mod fault;
mod lock;
mod printable;
mod read;
mod staged;
mod sweep;
mod write;

pub use append::append;
pub use error::{Error, Kind, Result};
pub use lock::Lock;
pub use printable::{printable, printable_lines};
pub use read::{kind, open, read, read_text};
pub use staged::{Staged, current, finish};
pub use sweep::sweep;
pub use write::{make_folder, write, write_with};

/// The number of this process. A page has none, nor files to name after it: each call says so.
fn process() -> u32 {
    if cfg!(target_family = "wasm") { 0 } else { std::process::id() }
}
