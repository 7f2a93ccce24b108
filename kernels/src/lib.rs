//! Strata's CUDA C++ kernels as text: `<op>/<n>_<rung>.cu` and the shared parts in `include/`.
//!
//! `source("matmul/1_naive")` is checked at compile time when used in a `const` or `static`:
//! a kernel that names a missing file does not build.

include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// The text of the kernel at `path` (`<op>/<n>_<rung>`, no extension).
///
/// # Panics
/// If there is no such file; in a `const` or `static` that is a compile error.
pub const fn source(path: &str) -> &'static str {
    match strata_embed::find(KERNELS, path) {
        Some(text) => text,
        None => panic!("no kernel file of that name"),
    }
}
