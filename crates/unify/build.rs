//! Does nothing: without a build script cargo leaves the features of build-dependencies alone.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}
