//! The press.
fn main() {}
