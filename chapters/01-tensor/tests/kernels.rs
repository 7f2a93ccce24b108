//! Every text of this chapter compiles: CUDA by NVRTC where libnvrtc is found (no card needed), with
//! each set of constants that the ops use.
use strata_device::{LadderInfo, Machine};
use strata_tensor::ops::ladders;

/// The constants an op's kernels are compiled with.
fn constants(op: &str, rung: &str) -> Vec<Vec<(&'static str, u32)>> {
    let each = |name, count| (0..count).map(|v| vec![(name, v)]).collect();
    let halves = [("STORED", 1), ("STORED", 2)];
    let mut sets: Vec<Vec<_>> = match (op, rung) {
        ("copy", "1_naive") => vec![vec![("SIZE", 2)], vec![("SIZE", 4)]],
        ("map", _) => each("OP", 16),
        ("zip", _) => each("OP", 14),
        ("zip_integers", _) => (0..30).map(|i| vec![("OP", i / 2), ("SIGNED", i % 2)]).collect(),
        ("triangle", _) => each("UPPER", 2),
        ("reduce", "2_tree") => {
            (0..3).flat_map(|op| [1, 32].map(|c| vec![("OP", op), ("COLS", c)])).collect()
        }
        ("reduce", _) => each("OP", 3),
        ("cast", _) => (0..25)
            .filter(|i| i / 5 != i % 5)
            .map(|i| vec![("FROM", i / 5), ("TO", i % 5)])
            .collect(),
        _ => vec![vec![]],
    };
    // Floats of 16 bits, and results in them.
    let first = sets[0].clone();
    if ["map", "zip", "reduce", "argmax", "accumulate"].contains(&op) {
        sets.extend(halves.map(|half| [&first[..], &[half]].concat()));
    }
    if ["zip", "reduce", "accumulate"].contains(&op) {
        sets.extend(halves.map(|half| [&first[..], &[half, ("RESULT", half.1)]].concat()));
    }
    sets
}

#[test]
fn cuda_texts_compile_for_ampere_and_hopper() {
    if let Err(error) = strata_device::cuda::compile_available() {
        return strata_device::testing::skip("nvrtc", &error.to_string());
    }
    for LadderInfo { op, rungs } in ladders() {
        for rung in rungs {
            for (i, set) in constants(op, rung.name).into_iter().enumerate() {
                // The constants choose lines; that the text suits both cards is asked once.
                let half = set.iter().any(|(name, _)| *name == "STORED");
                let cards: &[&str] =
                    if i == 0 || half { &["sm_90a", "sm_80"] } else { &["sm_90a"] };
                let with = [set, vec![("WG", 256)]].concat();
                for (kernel, arch) in
                    rung.kernels.iter().flat_map(|k| cards.iter().map(move |a| (k, a)))
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
