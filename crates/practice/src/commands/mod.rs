//! One file, or one folder, for each verb; `practice` is what they share.

pub mod bench;
pub mod bundle;
pub mod check;
pub mod diff;
pub mod exercises;
pub mod hint;
pub mod list;
pub mod mine;
pub mod next;
pub mod parity;
pub mod practice;
pub mod progress;
pub mod reset;
pub mod reveal;
pub mod watch;
