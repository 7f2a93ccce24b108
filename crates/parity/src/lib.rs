//! Strata's parity table: every op, on every rung of its ladder, on every device of this computer,
//! against plain float64 loops. And the benchmarks over the same ladders.
//!
//! - [`cases`]: for each op, a few telling shapes and the comparison with its oracle.
//! - [`table`]: all of them on all devices; a machine that is absent says why, and CUDA kernels are
//!   at least compiled where there is a compiler and no card.
//! - [`mod@bench`]: how long each rung takes, and its share of what the machine can do.
//! - [`guarded`](guarded()): a device that poisons all memory and catches writes where none belong.
//!
//! ```
//! let filter = strata_parity::table::Filter { ops: vec!["gelu".into()], devices: vec!["cpu".parse()?], ..Default::default() };
//! let table = strata_parity::table::run(&filter, |_| {});
//! assert!(table.passed(), "{table}");
//! # Ok::<(), strata_ml::device::Error>(())
//! ```

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

pub mod bench;
mod cases;
mod compile;
mod error;
mod guarded;
mod noted;
mod probe;
pub mod table;

pub use cases::{Case, cases};
pub use error::{Error, Outcome};
pub use guarded::guarded;
pub use noted::{Note, Notes, noted};
pub use probe::Probe;
pub use strata_check::{Fault, Watch, What};
pub use table::Table;
