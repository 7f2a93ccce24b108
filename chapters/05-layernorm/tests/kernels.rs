//! Every CUDA text of this chapter compiles by NVRTC, where libnvrtc is found (no card needed), with
//! the constants that the ops use; and every op stands on every machine.
use strata_device::{Machine, cuda, testing::skip};

/// The constants an op's kernels are compiled with.
const CONSTANTS: &[&[(&str, u32)]] = &[&[("WG", 128), ("PER", 3)], &[("WG", 256), ("PER", 32)]];

/// What floats may be stored in: f32, bf16, f16.
const STORED: &[&[(&str, u32)]] = &[&[], &[("STORED", 1)], &[("STORED", 2)]];

#[test]
fn cuda_texts_compile_for_ampere_and_hopper() {
    if let Err(error) = cuda::compile_available() {
        return skip("nvrtc", &error.to_string());
    }
    for ladder in strata_layernorm::ladders() {
        for kernel in ladder.rungs.iter().flat_map(|rung| rung.kernels) {
            let pairs = CONSTANTS.iter().flat_map(|c| STORED.iter().map(|s| [*c, *s].concat()));
            // A text without such floats is never told of them.
            let halves = kernel.signature.bindings.iter().any(|b| b.element.chosen_by().is_some());
            let told = |set: &Vec<(&str, u32)>| set.iter().any(|(name, _)| *name == "STORED");
            for constants in pairs.filter(|set| halves || !told(set)) {
                for arch in ["sm_80", "sm_90a"] {
                    if let Err(error) = cuda::compile(kernel, &constants, arch, None) {
                        panic!("{kernel:?} for {arch} with {constants:?}: {error}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_rung_stands_on_every_machine() {
    for ladder in strata_layernorm::ladders() {
        for rung in &ladder.rungs {
            assert_eq!(rung.machines.len(), Machine::ALL.len(), "{} {}", ladder.op, rung.name);
        }
        assert!(ladder.rungs.is_sorted_by_key(|rung| rung.number()), "{}", ladder.op);
    }
}
