//! The definitions: every operation of the stack as plain float64 loops.
//!
//! Nothing here is fast. Each file is meant to be read in one look and believed, because
//! everything else in Strata is compared with it. All arrays are dense and row-major; shapes and
//! sizes are given beside them.
//!
//! # Panics
//!
//! An oracle is called by tests, with shapes the test has chosen. Where a slice does not have the
//! length its shape says, the oracle panics with both numbers, as indexing a slice would.

pub mod adamw;
pub mod attention;
pub mod choose;
pub mod clip;
pub mod copy;
pub mod cross_entropy;
pub mod dropout;
pub mod embedding;
pub mod gelu;
pub mod index;
pub mod integer;
pub mod layernorm;
pub mod map;
pub mod matmul;
pub mod philox;
pub mod pick;
pub mod reduce;
pub mod scan;
pub mod schedule;
pub mod sgd;
pub mod softmax;
pub mod topk;
pub mod zip;
