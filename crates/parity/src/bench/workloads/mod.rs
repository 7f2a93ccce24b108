//! Each op as `gpt-12m`'s training step calls it, and some over a range of sizes.

mod model;
mod scale;
mod tensor;

pub use scale::{SCALES, Scale};

use super::workload::Workload;

/// The workloads of an op; none where it is not known here.
pub fn of(op: &str) -> Vec<Workload> {
    let all = tensor::LIST.iter().chain(model::LIST);
    all.filter(|(name, _)| *name == op).map(|&(op, build)| Workload { op, build }).collect()
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
