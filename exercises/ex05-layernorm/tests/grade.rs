//! Hands the answers of this exercise to its judges.
use ex05_layernorm::welford::Moments;
use strata_grader::{ex05, harness};

type State = (u32, f32, f32);

fn moments((count, mean, squares): State) -> Moments {
    Moments { count, mean, squares }
}

fn state(m: Moments) -> State {
    (m.count, m.mean, m.squares)
}

fn main() -> std::process::ExitCode {
    harness::main(
        "ex05-layernorm",
        &[harness::rust("welford", || {
            use ex05::welford::{Welford, judge};
            judge(&Welford {
                push: |before, x| {
                    let mut m = moments(before);
                    m.push(x);
                    state(m)
                },
                variance: |of| moments(of).variance(),
                merge: |a, b| state(moments(a).merge(moments(b))),
            })
        })],
    )
}
