//! Kernels that would end a process or take its memory. Each is compiled in a worker, as an addon in
//! somebody else's process would compile it: without a child to try it out in. The worker must live,
//! answer within ten seconds, and take less than a gigabyte.

#[cfg(feature = "cuda")]
mod cuda;
mod grammar;
mod ours;
mod trial;
mod wgsl;
mod worker;

use std::process::ExitCode;
use strata_device::vet;

/// What must come of a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// An error.
    Refused,
    /// An error, or a kernel.
    AtTheBound,
}

fn main() -> ExitCode {
    if let Some(code) = worker::serve() {
        return code;
    }
    if let Some(code) = vet::serve() {
        return code;
    }
    let filters: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let tests: &[(&str, fn())] = &[
        ("hostile_wgsl_is_an_error", worker::wgsl),
        #[cfg(feature = "cuda")]
        ("hostile_cuda_is_an_error", worker::cuda),
        ("every_kernel_of_ours_passes", ours::pass),
        ("no_kernel_of_ours_mixes_operators_that_wgsl_does_not", grammar::ours),
        ("a_compiler_that_dies_or_takes_too_much_is_an_error", trial::ends),
    ];
    if std::env::args().any(|arg| arg == "--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let mut failed = 0;
    for (name, test) in tests {
        if !filters.is_empty() && !filters.iter().any(|f| name.contains(f.as_str())) {
            continue;
        }
        let ok = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        failed += usize::from(!ok);
    }
    println!("\ntest result: {}. {failed} failed\n", if failed == 0 { "ok" } else { "FAILED" });
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
