//! The demo runs and shows what it promises.
use strata_device::{Device, Settings};

#[test]
fn the_demo_draws_heads_and_counts_memory() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let mut out = Vec::new();
    strata_attention::demo(&mut out, &device).unwrap();
    let text = String::from_utf8(out).unwrap();
    println!("{text}");
    assert!(text.contains("the letter before") && text.contains("3_flash1") && text.contains('@'));
}
