//! The chapter's demo runs, and shows that the optimizers do what it says.
use strata_device::testing::testing_devices;

#[test]
fn the_demo_draws_three_descents() {
    let mut out = Vec::new();
    strata_adamw::demo(&mut out, &testing_devices()[0]).unwrap();
    let text = String::from_utf8(out).unwrap();
    let ends: Vec<f64> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("f after 80 steps: "))
        .map(|number| number.parse().unwrap())
        .collect();
    let [sgd, momentum, adamw] = ends[..] else { panic!("{text}") };
    assert!(momentum < sgd && adamw < sgd, "{text}");
    println!("{text}");
}
