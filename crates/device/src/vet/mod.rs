//! Kernels that a reader wrote, looked at before a compiler sees them.
//!
//! Compilers trust their input. naga, NVRTC and the drivers walk an expression by calling
//! themselves, reserve what a declaration asks for, and replace a name as often as it stands there;
//! a file of a few lines can end the process or take all memory. So a file of an [`Overlay`] passes
//! three gates, and what does not pass is an error that names its line:
//!
//! 1. Its text is counted, without recursion: bytes, words, brackets inside brackets, operators of
//!    one expression, what its names grow to ([`wgsl`], [`cuda`]).
//! 2. What naga makes of it is measured, on a thread whose stack is large enough for every text that
//!    passed the first gate: memory of each kind, and the work that is left once all functions stand
//!    in line. Bounds that WGSL itself states are WGSL's. Where the end of a loop cannot be seen, it
//!    gets a counter.
//! 3. Where the program offers it ([`serve`]), the driver compiles it in a process of its own first,
//!    with a limit on time and memory.
//!
//! The kernels that come with Strata are not asked; a test shows that they would pass.
//!
//! [`Overlay`]: crate::Overlay

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

mod cuda;
mod growth;
mod lengths;
#[cfg(all(feature = "wgpu", not(target_family = "wasm")))]
mod loops;
mod macros;
#[cfg(all(feature = "wgpu", not(target_family = "wasm")))]
mod module;
mod shape;
#[cfg(not(target_family = "wasm"))]
mod stack;
mod tokens;
#[cfg(not(target_family = "wasm"))]
mod trial;
#[cfg(all(feature = "wgpu", not(target_family = "wasm")))]
mod types;
#[cfg(all(feature = "wgpu", not(target_family = "wasm")))]
mod weigh;
mod wgsl;

pub use cuda::check as cuda;
#[cfg(all(feature = "wgpu", not(target_family = "wasm")))]
pub use module::{Looked, look};
#[cfg(not(target_family = "wasm"))]
pub use stack::THREAD;
#[cfg(not(target_family = "wasm"))]
pub(crate) use stack::deep;
#[cfg(not(target_family = "wasm"))]
pub use trial::serve;
#[cfg(not(target_family = "wasm"))]
pub(crate) use trial::{Asked, outlives};
pub use wgsl::check as wgsl;

use crate::Machine;
use shape::Depths;
use std::fmt;

/// Bytes of a kernel file, comments included. The largest of ours has 7,000.
pub(crate) const BYTES: usize = 256 << 10;
/// Words and signs of a file. The largest of ours has 2,300.
const TOKENS: usize = 32 << 10;
/// Words and signs once every name is replaced by what it stands for.
const GROWN: u64 = 1 << 20;
/// WGSL allows 127 blocks inside one another; naga stops at 200 of everything.
const DEPTHS: Depths = Depths { nesting: 100, operators: 400 };

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The line, from 1; 0 where it is the file as a whole.
    pub line: usize,
    /// What is wrong, what the limit is, what to do.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.text),
            line => write!(f, "line {line}: {}", self.text),
        }
    }
}

impl Fault {
    /// As a compiler's message: `mine.wgsl:12: error: ...`.
    pub(crate) fn log(&self, path: &str) -> String {
        match self.line {
            0 => format!("{path}: error: {}", self.text),
            line => format!("{path}:{line}: error: {}", self.text),
        }
    }
}

fn fault(line: usize, text: impl Into<String>) -> Fault {
    Fault { line, text: text.into() }
}

/// Whether a text has this name anywhere outside of comments and strings. One that cannot be read so far
/// counts as having it: the checks will say what is wrong with it.
pub(crate) fn names(text: &str, machine: Machine, name: &str) -> bool {
    let tongue = match machine {
        Machine::Cuda => tokens::Tongue::Cuda,
        _ => tokens::Tongue::Wgsl,
    };
    tokens::tokens(text, tongue, TOKENS)
        .map_or(true, |list| list.iter().any(|t| t.kind == tokens::Kind::Word && t.is(name)))
}

fn size(text: &str) -> Result<(), Fault> {
    match text.len() > BYTES {
        true => Err(fault(0, format!("{} bytes; a kernel file has at most {BYTES}", text.len()))),
        false => Ok(()),
    }
}
