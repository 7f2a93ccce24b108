//! Hands the answers of this exercise to its judges.
use ex08_adamw::{schedule, step};
use strata_grader::{ex08, harness};

fn main() -> std::process::ExitCode {
    harness::main(
        "ex08-adamw",
        &[
            harness::rust("schedule", || {
                ex08::schedule::judge(&ex08::schedule::Schedule {
                    cosine: schedule::cosine,
                    wsd: schedule::wsd,
                })
            }),
            harness::rust("step", || {
                ex08::step::judge(&ex08::step::Step {
                    step: |rule, at, p, g, m, v| {
                        let ex08::step::Rule { lr, betas, eps, decay } = rule;
                        step::step(&step::Rule { lr, betas, eps, decay }, at, p, g, m, v);
                    },
                })
            }),
        ],
    )
}
