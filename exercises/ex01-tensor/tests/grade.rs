//! Hands the answers of this exercise to its judges.
use ex01_tensor::{strides, views};
use strata_grader::ex01::strides::Strides;
use strata_grader::ex01::views::Views;
use strata_grader::{ex01, harness};

fn main() -> std::process::ExitCode {
    harness::main(
        "ex01-tensor",
        &[
            harness::rust("strides", || {
                ex01::strides::judge(&Strides {
                    contiguous: strides::contiguous,
                    position: strides::position,
                    index: strides::index,
                    broadcast: strides::broadcast,
                })
            }),
            harness::rust("views", || {
                ex01::views::judge(&Views {
                    new: |shape, strides, offset| views::Layout { shape, strides, offset },
                    parts: |layout| (layout.shape, layout.strides, layout.offset),
                    transpose: views::Layout::transpose,
                    slice: views::Layout::slice,
                    broadcast_to: views::Layout::broadcast_to,
                    reshape: views::Layout::reshape,
                })
            }),
        ],
    )
}
