//! How Strata is judged.
//!
//! A kernel is right when it agrees with a definition that nobody can doubt. This crate holds
//! those definitions and the rules of agreement. It knows no tensor and no device: slices go in,
//! a verdict comes out.
//!
//! - [`oracle`]: every operation of the stack as plain float64 loops, slow and obvious.
//! - [`gradient`]: finite differences of an oracle, to check backward passes against.
//! - [`tolerance`]: how far an answer may be from the oracle, and why that far.
//! - [`report`]: the comparison, and what it says when it fails.
//! - [`diagnose`]: what a pattern of wrong elements betrays about the bug behind it.
//! - [`guard`]: poison for outputs and guard words around buffers; [`Watch`]: what was caught so.
//! - [`sample`]: reproducible inputs.
//!
//! ```
//! use strata_check::{oracle::matmul::Matmul, report::Check, sample, tolerance::Tolerance};
//!
//! let (m, n, k) = (3, 5, 4);
//! let (a, b) = (sample::normal(1, m * k), sample::normal(2, k * n));
//!
//! // The answer under test: f32 loops here, a GPU kernel in real life.
//! let mut got = vec![0.0f32; m * n];
//! for i in 0..m { for j in 0..n { for p in 0..k { got[i * n + j] += a[i * k + p] * b[p * n + j]; } } }
//!
//! let want = Matmul::new(m, n, k).run(&sample::widen(&a), &sample::widen(&b));
//! Check::new("matmul", "1_naive")
//!     .device("cpu")
//!     .input("a", &[m, k]).input("b", &[k, n]).output("c", &[m, n])
//!     .page("book/src/03-matmul.md")
//!     .compare(&got, &want.values, &Tolerance::sum(k, want.magnitudes.clone()))?;
//! # Ok::<(), strata_check::report::Report>(())
//! ```

mod check;
pub mod diagnose;
mod element;
mod fault;
pub mod gradient;
pub mod guard;
pub mod oracle;
pub mod report;
pub mod round;
pub mod sample;
pub mod tolerance;

pub use fault::{Fault, Watch, What};
pub use report::{Check, Owner, Report};
pub use tolerance::Tolerance;
