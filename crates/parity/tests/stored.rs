//! What ops say to floats of 16 bits: which dtype their rungs take, and never another kernel's answer.
//! An op that has a rung for them belongs in [`TAKES`].
use strata_ml::device::{Device, Error as DeviceError, Settings};
use strata_ml::tensor::{self, DType};
use strata_ml::transformer;
use strata_parity::{Error, Probe, cases};

/// Those that move bits or convert them, or have to do with integers alone.
const TAKES: &[&str] = &[
    "fill",
    "copy",
    "cast",
    "zip_integers",
    "one_hot",
    "accumulate",
    "map",
    "zip",
    "reduce",
    "argmax",
    "multinomial",
    // Through f32, on every machine.
    "where",
    "triangle",
    "cumsum",
    "topk",
    "gather",
    "scatter_add",
    "gelu",
    "gelu_backward",
    "matmul",
    "grouped_matmul",
    "column_sum",
    "layernorm",
    "residual_layernorm",
    "layernorm_backward",
    "softmax",
    "log_softmax",
    "softmax_backward",
    "log_softmax_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "smoothed_cross_entropy",
    "smoothed_cross_entropy_backward",
    // Of f32 alone, in a case whose scores are taken by the loss before it.
    "mean_of_scored",
    "weighted_mean",
    "attention",
    "attention_backward",
    "adamw",
    "sgd",
    "embedding",
    "embedding_backward",
    "embedding_positions_backward",
    "dropout",
    "kv_append",
];

#[test]
fn an_op_without_a_rung_for_a_dtype_says_so() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let mut amiss = Vec::new();
    for case in cases().into_iter().filter(|case| !TAKES.contains(&case.op)) {
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
