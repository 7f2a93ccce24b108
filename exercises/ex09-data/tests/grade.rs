//! Hands the answers of this exercise to its judges.
use ex09_data::{encode, merge, windows};
use strata_grader::{ex09, harness};

fn main() -> std::process::ExitCode {
    harness::main(
        "ex09-data",
        &[
            harness::rust("merge", || {
                ex09::merge::judge(&ex09::merge::Merge {
                    count: merge::count,
                    choose: merge::choose,
                    merge: merge::merge,
                })
            }),
            harness::rust("encode", || {
                ex09::encode::judge(&ex09::encode::Encode {
                    encode: encode::encode,
                    decode: encode::decode,
                })
            }),
            harness::rust("windows", || {
                ex09::windows::judge(&ex09::windows::Windows {
                    count: windows::count,
                    window: windows::window,
                    order: windows::order,
                    batch: windows::batch,
                })
            }),
        ],
    )
}
