//! The demo runs on every device and draws what it says.
use strata_device::testing::testing_devices;

#[test]
fn the_demo_draws_views() {
    for device in testing_devices() {
        let mut out = Vec::new();
        strata_tensor::demo(&mut out, &device).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("shape [4, 3], strides [1, 4], offset 0"), "{text}");
        assert!(text.contains("reads   .  .  .  .  3  3  3  3  .  .  .  ."), "{text}");
    }
}
