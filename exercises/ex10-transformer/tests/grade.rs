//! Hands the answers of this exercise to its judges.
use ex10_transformer::{cheat, sampling};
use std::hint::black_box;
use std::sync::OnceLock;
use strata_grader::{ex10, harness};

/// Logits of a vocabulary of 4096, for the clock.
static LOGITS: OnceLock<Vec<f32>> = OnceLock::new();

fn main() -> std::process::ExitCode {
    harness::main(
        "ex10-transformer",
        &[
            harness::rust("sampling", || {
                use ex10::sampling::{Sampling, judge};
                judge(&Sampling { candidates: sampling::candidates, draw: sampling::draw })
            })
            .timed(|| {
                let wave = |i: u32| 4.0 * (i as f32 * 0.37).sin();
                let logits = LOGITS.get_or_init(|| (0..4096).map(wave).collect());
                black_box(sampling::sample(black_box(logits), 0.8, 50, 0.9, 0.5));
            }),
            harness::rust("cheat", || {
                use ex10::cheat::{Cheat, judge};
                judge(&Cheat {
                    windows: cheat::windows,
                    logits: cheat::logits,
                    learn: cheat::learn,
                })
            }),
        ],
    )
}
