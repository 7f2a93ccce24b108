//! Hands the answers of this exercise to its judges.
use ex07_attention::one_query;
use strata_grader::{ex07, harness};

fn main() -> std::process::ExitCode {
    harness::main(
        "ex07-attention",
        &[harness::rust("one_query", || {
            ex07::one_query::judge(&ex07::one_query::OneQuery { attend: one_query::attend })
        })],
    )
}
