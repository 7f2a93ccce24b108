//! A case for every op: small ragged shapes, compared with the float64 oracle.
//!
//! The chapters' own tests draw hundreds of shapes; these few are those that kernels trip over (one
//! element, one more than a workgroup, a transposed view, a row longer than a block), so that the
//! whole table takes a minute on the slowest adapter.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no number here is from outside: shapes are constants of these files and small, lists are \
              as long as they say, ids are not below 0; floats round and saturate as on the devices"
)]

mod adamw;
mod attention;
mod data;
mod dtypes;
mod gelu;
mod layernorm;
mod loss;
mod matmul;
mod picked;
mod ranked;
mod tensor;
mod transformer;

use crate::bench::{Inputs, Run, Scale, Shapes};
use crate::{Outcome, Probe};

/// How one op is judged.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The op, as its ladder calls it.
    pub op: &'static str,
    /// The page of the book.
    pub page: &'static str,
    /// Runs the op on the probe's device and compares.
    pub run: fn(&mut Probe) -> Outcome,
}

/// All cases, in the chapters' order.
pub fn cases() -> Vec<Case> {
    [
        chapter("book/src/01-tensor.md", tensor::CASES),
        chapter("book/src/03-matmul.md", matmul::CASES),
        chapter("book/src/04-gelu.md", gelu::CASES),
        chapter("book/src/05-layernorm.md", layernorm::CASES),
        chapter("book/src/06-loss.md", loss::CASES),
        chapter("book/src/07-attention.md", attention::CASES),
        chapter("book/src/08-adamw.md", adamw::CASES),
        chapter("book/src/09-data.md", data::CASES),
        chapter("book/src/10-transformer.md", transformer::CASES),
    ]
    .concat()
}

/// What `bench` times of the ops that are judged here, see [`Workload`](crate::bench::Workload).
pub(crate) fn workloads() -> Vec<Work> {
    [
        gelu::WORKLOADS,
        layernorm::WORKLOADS,
        attention::WORKLOADS,
        adamw::WORKLOADS,
        data::WORKLOADS,
        transformer::WORKLOADS,
    ]
    .concat()
}

/// And those that it times over a range of sizes.
pub(crate) fn scales() -> Vec<Scale> {
    [gelu::SCALES, layernorm::SCALES, attention::SCALES, adamw::SCALES].concat()
}

/// An op, and what makes the call that is timed.
pub(crate) type Work = (&'static str, fn(&Shapes, &Inputs) -> Outcome<Run>);

/// An op and its case.
type Entry = (&'static str, fn(&mut Probe) -> Outcome);

fn chapter(page: &'static str, list: &[Entry]) -> Vec<Case> {
    list.iter().map(|&(op, run)| Case { op, page, run }).collect()
}
