//! Lists every kernel and include of this folder, so that adding a file is all it takes to embed it.
fn main() -> Result<(), String> {
    strata_embed::kernels("wgsl", "wgsl")
}
