//! Gradients of running sums and of the largest elements.
use strata_autograd::{Var, check_gradients};
use strata_device::testing::testing_devices;
use strata_tensor::Tensor;

#[test]
fn running_sums_agree_with_finite_differences() {
    for device in testing_devices() {
        for (shape, d) in [(&[7][..], 0), (&[3, 70], 1), (&[5, 2, 3], 0), (&[2, 3, 2], 1)] {
            let up = |seed| Tensor::randn(&device, shape, seed).unwrap();
            let weights = Var::constant(up(2));
            let loss = |x: &[Var]| x[0].cumsum(d)?.mul(&weights)?.sum_all();
            // Linear: a large step costs nothing and rounds little.
            for found in check_gradients(loss, &[up(1)], 0.5).unwrap() {
                assert!(found.error < 1e-4, "{shape:?} along {d} on {device:?}: {found:?}");
            }
        }
    }
}

#[test]
fn the_largest_take_their_gradient_home() {
    for device in testing_devices() {
        for (width, k) in [(5usize, 2), (5, 5), (100, 40)] {
            // All different, so that a small step changes no order.
            let data: Vec<f32> = (0..2 * width).map(|i| ((i * 37) % (2 * width)) as f32).collect();
            let x = Var::leaf(Tensor::from_slice(&device, &data, &[2, width]).unwrap());
            let (values, places) = x.topk(k).unwrap();
            let weights: Vec<f32> = (1..=2 * k).map(|i| i as f32).collect();
            let weights = Var::constant(Tensor::from_slice(&device, &weights, &[2, k]).unwrap());
            values.mul(&weights).unwrap().sum_all().unwrap().backward().unwrap();
            let mut want = vec![0f32; 2 * width];
            for (i, place) in places.to_vec::<u32>().unwrap().into_iter().enumerate() {
                want[i / k * width + place as usize] = (i + 1) as f32;
            }
            assert_eq!(x.grad().unwrap().to_vec::<f32>().unwrap(), want, "{device:?}");
        }
    }
}
