//! What ops say to floats of 16 bits: which dtype their rungs take, and never another kernel's answer.
use strata_ml::device::{Device, Error as DeviceError, Settings};
use strata_ml::tensor::{self, DType};
use strata_ml::transformer;
use strata_parity::{Error, Probe, cases};

/// Those that no kernel of 16 bits is needed for.
const OTHERWISE: &[&str] = &[
    // They move bits or convert them, or have to do with integers alone.
    "fill",
    "copy",
    "cast",
    "zip_integers",
    "one_hot",
    "accumulate",
    // Through f32, on every machine.
    "where",
    "triangle",
    "cumsum",
    "topk",
    "gather",
    "scatter_add",
    // Of f32 alone, in a case whose scores are taken by the loss before it, or that has a shadow.
    "mean_of_scored",
    "weighted_mean",
    "adamw",
    "sgd",
];

/// Whether the op takes floats of 16 bits: a rung of its ladder says so.
fn takes(op: &str) -> bool {
    let ladders = strata_ml::ladders();
    let mut rungs = ladders.iter().filter(|l| l.op == op).flat_map(|l| &l.rungs);
    let halves = |dtype: DType| dtype.is_float() && dtype != DType::F32;
    OTHERWISE.contains(&op) || rungs.any(|r| r.precisions().iter().any(|p| halves(p.dtype())))
}

#[test]
fn an_op_without_a_rung_for_a_dtype_says_so() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let mut amiss = Vec::new();
    for case in cases().into_iter().filter(|case| !takes(case.op)) {
        for dtype in [DType::BF16, DType::F16] {
            let mut probe = Probe::stored(case.op, &device, dtype);
            match (case.run)(&mut probe) {
                Err(Error::Tensor(tensor::Error::Device(DeviceError::DType { got, .. })))
                | Err(Error::Transformer(transformer::Error::Tensor(tensor::Error::Device(
                    DeviceError::DType { got, .. },
                )))) if got == dtype => {}
                Ok(()) => amiss.push(format!("{} took {dtype}", case.op)),
                Err(error) => amiss.push(format!("{}, of {dtype}: {error}", case.op)),
            }
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
}
