//! Each op as `gpt-12m`'s training step calls it, and some over a range of sizes. What is timed of an op
//! stands beside its case in `cases/`; of chapters 1, 3 and 6, which have many, it stands here.

mod loss;
mod scale;
mod tensor;

pub use scale::{SCALES, Scale};
pub(crate) use scale::{contexts, elementwise, of_1024, rows};

use super::workload::Workload;
use crate::cases;

/// The workloads of an op; none where it is not known here.
pub fn of(op: &str) -> Vec<Workload> {
    let all = [tensor::LIST, loss::LIST, &cases::workloads()].concat().into_iter();
    all.filter(|(name, _)| *name == op).map(|(op, build)| Workload { op, build }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_op_has_a_workload() {
        for ladder in strata_ml::ladders() {
            assert!(!super::of(ladder.op).is_empty(), "{} has none", ladder.op);
        }
    }
}
