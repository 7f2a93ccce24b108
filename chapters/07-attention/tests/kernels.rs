//! Every CUDA text of this chapter compiles by NVRTC, where libnvrtc is found (no card needed), with
//! the constants that the ops use; and every rung stands on every machine.
use strata_device::{Machine, cuda, testing::skip};

/// The constants that kernels are compiled with: gpt-12m's, and the corners.
const CONSTANTS: &[&[(&str, u32)]] = &[
    &[("WG", 256), ("CAUSAL", 1), ("TILE", 64), ("DIM", 64), ("BY_FOUR", 1)],
    &[("WG", 64), ("CAUSAL", 1), ("DROPOUT", 1), ("TILE", 32), ("DIM", 48), ("BY_FOUR", 0)],
    &[("WG", 256), ("USE_POSITION", 1), ("TILE", 16), ("DIM", 128)],
];

#[test]
fn cuda_texts_compile_for_ampere_and_hopper() {
    if let Err(error) = cuda::compile_available() {
        return skip("nvrtc", &error.to_string());
    }
    for ladder in strata_attention::ladders() {
        for kernel in ladder.rungs.iter().flat_map(|rung| rung.kernels) {
            for (constants, arch) in CONSTANTS.iter().zip(["sm_90a", "sm_80", "sm_80"]) {
                if let Err(error) = cuda::compile(kernel, constants, arch, None) {
                    panic!("{kernel:?} for {arch} with {constants:?}: {error}");
                }
            }
        }
    }
}

#[test]
fn every_rung_stands_on_every_machine() {
    for ladder in strata_attention::ladders() {
        for rung in &ladder.rungs {
            assert_eq!(rung.machines.len(), Machine::ALL.len(), "{} {}", ladder.op, rung.name);
        }
        assert!(ladder.rungs.is_sorted_by_key(|rung| rung.name), "{}", ladder.op);
    }
}
