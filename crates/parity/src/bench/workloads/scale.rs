//! Ops at sizes from small to large, for the plots of their ladders: the workloads of the training
//! step, in other shapes.

use crate::bench::workload::{Inputs, Run, Shapes};
use crate::{Error, Outcome, cases};
use std::sync::LazyLock;
use strata_ml::matmul::{Epilogue, gemm_into};

/// An op over a range of sizes.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The op.
    pub op: &'static str,
    /// What a size counts.
    pub unit: &'static str,
    /// The sizes, small to large.
    pub sizes: &'static [usize],
    /// Work grows with this power of the size.
    pub power: i32,
    /// Elements of the largest tensor that a rung needs at a size.
    pub elements: fn(&str, usize) -> usize,
    of: Of,
}

/// What is called.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// One of the op's workloads, by its place among them, in shapes that follow from a size.
    Workload(usize, fn(usize) -> Shapes),
    /// A product of two squares: none of the training step's is one.
    Squares,
}

impl Scale {
    /// Makes inputs of a size, and the call.
    ///
    /// # Errors
    /// The device fails.
    pub fn build(&self, size: usize, inputs: &Inputs) -> Outcome<Run> {
        match self.of {
            Of::Workload(nth, shapes) => {
                let none = || Error::Text(format!("{} has no workload {nth}", self.op));
                let work = super::of(self.op).into_iter().nth(nth).ok_or_else(none)?;
                (work.build)(&shapes(size), inputs)
            }
            Of::Squares => square(size, inputs),
        }
    }
}

/// All that there are.
pub static SCALES: LazyLock<Vec<Scale>> =
    LazyLock::new(|| [OF_TENSORS, super::loss::SCALES, &cases::scales()].concat());

/// Those of chapters 1 and 3.
const OF_TENSORS: &[Scale] = &[
    Scale {
        op: "matmul",
        unit: "rows, columns and terms of square matrices",
        sizes: &[256, 512, 1024, 2048, 4096],
        power: 3,
        elements: |_, n| n.saturating_mul(n),
        of: Of::Squares,
    },
    Scale {
        op: "copy",
        unit: "rows and columns of a square matrix, transposed",
        sizes: &[256, 512, 1024, 2048, 4096, 8192],
        power: 2,
        elements: |_, n| n.saturating_mul(n),
        of: Of::Workload(1, |n| rows(n, n / 4)),
    },
    elementwise("map", |n| rows(1, n / 4)),
    elementwise("zip", |n| rows(1, n)),
    elementwise("reduce", of_1024),
    elementwise("column_sum", |n| Shapes { width: (of_1024(n).width / 4).max(1), ..of_1024(n) }),
];

/// An op that goes through its elements, over sizes that are counts of them.
pub(crate) const fn elementwise(op: &'static str, shapes: fn(usize) -> Shapes) -> Scale {
    const SIZES: [usize; 8] =
        [1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26];
    let (unit, of) = ("elements", Of::Workload(0, shapes));
    Scale { op, unit, sizes: &SIZES, power: 1, elements: |_, n| n, of }
}

/// The batch, the heads and their width: all that a context is multiplied by.
const BATCH: usize = 4;
const HEADS: usize = 6;
const HEAD_DIM: usize = 64;

/// Attention over contexts of growing length.
pub(crate) const fn contexts(op: &'static str) -> Scale {
    const SIZES: [usize; 7] = [64, 128, 256, 512, 1024, 2048, 4096];
    // The naive rungs store probabilities, and their gradients beside them.
    let elements: fn(&str, usize) -> usize = |rung, n| match rung {
        "1_naive" => n.saturating_mul(n).saturating_mul(2 * BATCH * HEADS),
        _ => n.saturating_mul(3 * BATCH * HEADS * HEAD_DIM),
    };
    let shapes = |n| Shapes { batch: BATCH, heads: HEADS, ..rows(n, HEADS * HEAD_DIM) };
    let (unit, of) = ("positions of the context", Of::Workload(0, shapes));
    Scale { op, unit, sizes: &SIZES, power: 2, elements, of }
}

/// So many rows of a width, which is that of everything.
pub(crate) fn rows(rows: usize, width: usize) -> Shapes {
    let width = width.max(1);
    let parameters = rows.saturating_mul(width);
    Shapes { batch: 1, context: rows, width, heads: 1, vocab: width, parameters }
}

/// So many elements in rows of 1024.
pub(crate) fn of_1024(n: usize) -> Shapes {
    let width = n.clamp(1, 1024);
    rows(n / width, width)
}

fn square(n: usize, inputs: &Inputs) -> Outcome<Run> {
    let (a, b) = (inputs.noise(&[n, n])?, inputs.noise(&[n, n])?);
    let out = inputs.result(&[n, n])?;
    Run::new(format!("[{n}, {n}] by [{n}, {n}]"), move || {
        Ok(gemm_into(&out, &a, &b, Epilogue::default())?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_ml::device::{Device, Settings};

    #[test]
    fn a_size_is_what_a_call_works_on() {
        let device = Device::open("cpu", Settings::default()).unwrap();
        let shape = |op: &str, size| {
            let scale = SCALES.iter().find(|s| s.op == op).unwrap();
            scale.build(size, &Inputs::random(&device)).unwrap().shape
        };
        assert_eq!(shape("copy", 64), "[64, 64], transposed");
        assert_eq!(shape("zip", 4096), "[1, 4096] + the same");
        assert_eq!(shape("reduce", 4096), "rows of [4, 1024]");
        assert_eq!(shape("attention", 64), "[4, 6, 64, 64], causal");
        for op in ["gelu", "gelu_backward"] {
            assert_eq!(shape(op, 4096), "[1, 4096]");
        }
        for op in ["column_sum", "layernorm", "softmax", "cross_entropy_backward"] {
            assert_eq!(shape(op, 4096), "[4, 1024]", "{op}");
        }
        assert_eq!(shape("adamw", 4096), "[4096]");
        assert_eq!(shape("column_sum", 1), "[1, 4]", "never nothing");
    }
}
