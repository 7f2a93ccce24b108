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
    let mut i = 0;
    while i < KERNELS.len() {
        if same(KERNELS[i].0, path) {
            return KERNELS[i].1;
        }
        i += 1;
    }
    panic!("no kernel file of that name")
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
