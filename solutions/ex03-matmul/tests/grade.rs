//! Hands the answers of this exercise to its judges.
use strata_grader::harness;

fn main() -> std::process::ExitCode {
    harness::main("ex03-matmul", &[])
}
