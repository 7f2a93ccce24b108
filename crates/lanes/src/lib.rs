//! Fast loops on a processor: what every chapter's CPU bodies are made of.
//!
//! A processor adds up to sixteen numbers in one instruction, if the compiler finds sixteen that do not
//! wait for each other. It finds none behind a branch, a call or a running sum. So loops are written in
//! one way here: arithmetic alone ([`exp`]), several partial results side by side ([`sum`]), all of it
//! `#[inline(always)]` into a [`Body`], which [`widest`] compiles for each set of vector instructions and
//! runs with the best that this processor has. Read `math.rs` first, then `sums.rs`, then `simd.rs`.
//!
//! ```
//! use strata_lanes::{Body, exp, widest};
//! struct Exp<'a>(&'a mut [f32]);
//! impl Body for Exp<'_> {
//!     type Out = ();
//!     #[inline(always)]
//!     fn run<const FMA: bool>(self) {
//!         self.0.iter_mut().for_each(|x| *x = exp::<FMA>(*x));
//!     }
//! }
//! let mut x = [0.0, 1.0];
//! widest(Exp(&mut x));
//! assert_eq!(x, [1.0, std::f32::consts::E]);
//! ```

mod math;
mod simd;
mod sums;

pub use math::{exp, exp_gradual, fma, sigmoid, tanh};
pub use simd::{Body, Isa, Width, vectorize, widest};
pub use sums::{dot, max, sum};
