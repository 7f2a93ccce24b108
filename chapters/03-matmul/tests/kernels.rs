//! Every CUDA text of this chapter compiles by NVRTC where libnvrtc is found (no card needed), with
//! each set of constants that the ops use.
use strata_device::{LadderInfo, Machine};
use strata_matmul::ladders;

type Constants = Vec<(&'static str, u32)>;

/// The constants an op's kernels are compiled with: each way the operands can lie, each epilogue.
fn constants(op: &str, rung: &str) -> Vec<Constants> {
    if op == "column_sum" {
        let with = |stored| vec![("ACCUMULATE", 1), ("STORED", stored)];
        return vec![vec![("ACCUMULATE", 0)], with(0), with(1), with(2)];
    }
    let epilogues = ["ACCUMULATE", "BIAS", "RESIDUAL", "GELU"];
    let mut sets: Vec<Constants> = epilogues.iter().map(|&name| vec![(name, 1)]).collect();
    if ["1_naive", "2_coalesced"].contains(&rung) {
        return sets;
    }
    for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let lie = vec![("A_ALONG_K", a), ("B_ALONG_K", b)];
        if ["4_register_tiled", "5_vectorized", "6_double_buffered"].contains(&rung) {
            // Only the upper two look at what is wide.
            for wide in 0..if rung == "4_register_tiled" { 1 } else { 2 } {
                for (width, depth, split) in [(8, 8, 0), (8, 8, 1), (4, 16, 0), (4, 16, 1)] {
                    let own = [("TM", width), ("TN", width), ("BK", depth), ("SPLIT", split)];
                    let wide = [("A_WIDE", wide), ("B_WIDE", wide)];
                    sets.push([&lie[..], &own, &wide].concat());
                }
            }
        } else {
            sets.push(lie);
        }
    }
    sets
}

#[test]
fn cuda_texts_compile_for_ampere_and_hopper() {
    if let Err(error) = strata_device::cuda::compile_available() {
        return strata_device::testing::skip("nvrtc", &error.to_string());
    }
    for LadderInfo { op, rungs } in ladders() {
        for rung in rungs.iter().filter(|r| r.machines.contains(&Machine::Cuda)) {
            for (i, set) in constants(op, rung.name).into_iter().enumerate() {
                let with = [set, vec![("WG", 256)]].concat();
                // The constants choose lines; that the text suits both cards is asked once.
                let cards: &[&str] = if i == 0 { &["sm_90a", "sm_80"] } else { &["sm_90a"] };
                let taken =
                    |card: &&&str| rung.needs.arch.takes(if **card == "sm_80" { 80 } else { 90 });
                let cards: Vec<_> = cards.iter().filter(|card| taken(card)).collect();
                for (kernel, arch) in
                    rung.kernels.iter().flat_map(|k| cards.iter().map(move |a| (k, **a)))
                {
                    let image = strata_device::cuda::compile(kernel, &with, arch, None);
                    assert!(
                        image.as_ref().is_ok_and(|i| !i.is_empty()),
                        "{with:?} {arch}: {image:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_op_stands_on_every_machine() {
    for ladder in ladders() {
        for machine in Machine::ALL {
            let here = ladder.rungs.iter().any(|r| r.machines.contains(&machine));
            assert!(here, "{} has no rung on {machine}", ladder.op);
        }
        let names: Vec<_> = ladder.rungs.iter().map(|r| r.name).collect();
        assert!(names.is_sorted_by_key(|name| strata_device::rung_number(name)), "{names:?}");
    }
}
