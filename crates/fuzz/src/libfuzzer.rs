//! What libFuzzer calls: one target, named by the environment.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use strata_fuzz::finding::{hush, observe};
use strata_fuzz::{Random, Target, find, guided};

static SEEN: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

fn target() -> &'static Target {
    static CHOSEN: OnceLock<Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var(guided::TARGET).unwrap_or_default();
        find(&name).unwrap_or_else(|| {
            eprintln!("{}={name}: there is no such target", guided::TARGET);
            std::process::exit(2)
        })
    })
}

fuzz_target!(init: hush(), |data: &[u8]| {
    // A panic is written down, and the search goes on behind it.
    if let Some(finding) = observe(target(), data) {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        let times = seen.entry(finding.signature()).or_default();
        *times += 1;
        if let (Some(folder), 1..=3) = (std::env::var_os(guided::FINDINGS), *times) {
            let _ = finding.keep(&PathBuf::from(folder));
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // libFuzzer's own changes find what stands in comparisons; ours know what the input is.
    if seed.is_multiple_of(3) {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut input = data[..size].to_vec();
    (target().mutate)(&mut input, &mut Random::new(u64::from(seed), "guided", 0));
    input.truncate(max_size);
    data[..input.len()].copy_from_slice(&input);
    input.len()
});
