//! Hands the answers of this exercise to its judges.
use ex04_gelu::derivative;
use strata_grader::{ex04, harness};

fn main() -> std::process::ExitCode {
    harness::main(
        "ex04-gelu",
        &[harness::rust("derivative", || {
            use ex04::derivative::{Derivative, judge};
            judge(&Derivative { derivative: derivative::derivative })
        })],
    )
}
