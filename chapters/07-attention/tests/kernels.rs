//! Every CUDA text of this chapter compiles by NVRTC, where libnvrtc is found (no card needed), with
//! the constants that the ops use; and every rung stands on every machine.
use std::sync::Arc;
use strata_attention::{Options, backward, forward};
use strata_device::{Device, Machine, Overlay, Settings, cuda, testing::skip};
use strata_tensor::Tensor;

/// The constants that kernels are compiled with: gpt-12m's, and the corners.
const CONSTANTS: &[&[(&str, u32)]] = &[
    &[("WG", 256), ("CAUSAL", 1), ("TILE", 64), ("DIM", 64), ("BY_FOUR", 1)],
    &[("WG", 64), ("CAUSAL", 1), ("DROPOUT", 1), ("TILE", 32), ("DIM", 48), ("BY_FOUR", 0)],
    &[("WG", 256), ("USE_POSITION", 1), ("TILE", 16), ("DIM", 128)],
    &[("WG", 256), ("MASK", !(1 << 31)), ("TILE", 64), ("DIM", 64), ("BY_FOUR", 1)],
    &[("WG", 64), ("CAUSAL", 1), ("DROPOUT", 1), ("MASK", u32::MAX), ("TILE", 32), ("DIM", 96)],
];

/// Floats of 16 bits, as texts are told of them.
const STORED: [u32; 2] = [1, 2];

#[test]
fn cuda_texts_compile_for_ampere_and_hopper() {
    if let Err(error) = cuda::compile_available() {
        return skip("nvrtc", &error.to_string());
    }
    for ladder in strata_attention::ladders() {
        for kernel in ladder.rungs.iter().flat_map(|rung| rung.kernels) {
            for (constants, arch) in
                CONSTANTS.iter().zip(["sm_90a", "sm_80", "sm_80", "sm_90a", "sm_80"])
            {
                if let Err(error) = cuda::compile(kernel, constants, arch, None) {
                    panic!("{kernel:?} for {arch} with {constants:?}: {error}");
                }
            }
            for (stored, arch) in STORED.into_iter().flat_map(|s| [(s, "sm_80"), (s, "sm_90a")]) {
                let constants = [CONSTANTS[0], &[("STORED", stored)]].concat();
                if let Err(error) = cuda::compile(kernel, &constants, arch, None) {
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
        assert!(ladder.rungs.is_sorted_by_key(|rung| rung.number()), "{}", ladder.op);
    }
}

/// A reader's kernel that was written before there were masks: it serves without one, and with one it is
/// refused, for it would look at what is masked. The exercise's solution is such a kernel.
#[test]
fn a_kernel_that_knows_of_no_mask_is_not_used_under_one() {
    let solution = concat!(env!("CARGO_MANIFEST_DIR"), "/../../solutions/ex07-attention");
    let overlay = Overlay::open(solution).unwrap();
    let says = |error: String| {
        assert!(error.contains("3_flash1") && error.contains("constant MASK"), "{error}");
    };
    match cuda::compile_available() {
        Err(error) => skip("nvrtc", &error.to_string()),
        Ok(_) => {
            let ladders = strata_attention::ladders();
            let flash = ladders[0].rungs.last().unwrap().kernels[0];
            let compile =
                |constants: &[_]| cuda::compile(flash, constants, "sm_80", Some(&overlay));
            compile(&[("DIM", 32)]).unwrap();
            says(compile(&[("DIM", 32), ("MASK", 1)]).unwrap_err().to_string());
            // Of the kernels of the backward pass only `delta` is overlaid, which looks at no pair.
            let delta = ladders[1].rungs.last().unwrap().kernels[0];
            cuda::compile(delta, &[("MASK", 1)], "sm_80", Some(&overlay)).unwrap();
        }
    }
    let settings = Settings { overlay: Some(Arc::new(overlay)), ..Settings::default() };
    let device = match Device::open("wgpu", settings) {
        Ok(device) => device,
        Err(error) => return skip("wgpu", &error.to_string()),
    };
    let x = Tensor::randn(&device, &[1, 2, 5, 4], 1).unwrap();
    let mask = Tensor::from_slice(&device, &[1u32, 0, 1, 1, 1], &[1, 5]).unwrap();
    let masked = Options::causal().masked(&mask);
    forward(&x, &x, &x, &Options::causal()).unwrap();
    says(forward(&x, &x, &x, &masked).unwrap_err().to_string());
    // Another rung serves, and backward with the reader's delta in it.
    let other = device.with_rung("attention", "1_naive");
    let x = Tensor::randn(&other, &[1, 2, 5, 4], 1).unwrap();
    let got = forward(&x, &x, &x, &masked).unwrap();
    let grads = backward(&x, &x, &x, &got, &x, &masked).unwrap();
    for grad in [grads.dk, grads.dv] {
        let hidden = grad.narrow(2, 1, 1).unwrap().to_vec::<f32>().unwrap();
        assert!(hidden.iter().all(|&x| x == 0.0), "{hidden:?}");
    }
}
