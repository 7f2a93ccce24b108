//! Padding masks: keys that nobody sees, whatever stands there.
mod common;

use common::{Case, Padding, STATE, rungs};
use strata_attention::{AttentionExt, Options, attention_weights, backward, forward};
use strata_autograd::Var;
use strata_device::testing::testing_devices;
use strata_device::{Device, Machine, StepState};
use strata_tensor::{DType, Tensor};

fn read(x: &Tensor) -> Vec<f32> {
    x.to_vec().unwrap()
}

fn randn(device: &Device, shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(device, shape, seed).unwrap()
}

#[test]
fn padded_keys_are_seen_by_nobody() {
    for device in testing_devices() {
        for &padding in &Padding::ALL[1..] {
            let mut cases = vec![
                Case::new(1, 1, 1, true),
                Case { heads: 1, ..Case::new(1, 67, 64, true) },
                Case { dropout: 0.4, heads: 2, ..Case::new(37, 70, 8, true) },
                Case { heads: 1, layout: 2, ..Case::new(4, 35, 128, false) },
                Case { batch: 3, heads: 1, scale: Some(-0.3), ..Case::new(9, 4, 8, false) },
            ];
            if device.machine() != Machine::Wgpu {
                cases.push(Case { dropout: 0.2, heads: 1, ..Case::new(130, 130, 96, true) });
                cases.push(Case { heads: 1, ..Case::new(66, 200, 128, false) });
            }
            for case in cases {
                Case { padding, ..case }.compare_all(&device);
            }
        }
    }
}

/// A sequence of two tokens beside one of four: padded, each gives what it gives alone, on the tape too.
#[test]
fn padded_sequences_are_as_they_are_alone() {
    for device in testing_devices() {
        for rung in rungs(&device) {
            let device = device.with_rung("attention", rung).with_rung("attention_backward", rung);
            let qkv = randn(&device, &[2, 4, 3 * 8], 1);
            let d_out = randn(&device, &[2, 4, 8], 2);
            let mask = Tensor::from_slice(&device, &[1u32, 1, 0, 0, 1, 1, 1, 1], &[2, 4]).unwrap();
            let run = |qkv: &Tensor, d_out: &Tensor, options: &Options| {
                let leaf = Var::leaf(qkv.contiguous().unwrap());
                let out = leaf.attention_qkv(2, options).unwrap();
                out.backward_with(d_out.contiguous().unwrap()).unwrap();
                (out.value().clone(), leaf.grad().unwrap())
            };
            let (out, grad) = run(&qkv, &d_out, &Options::full().masked(&mask));
            // What the padding's own queries give is not asked for: its gradient is 0.
            let zeros = Tensor::zeros(&device, DType::F32, &[1, 2, 8]).unwrap();
            let cut = strata_tensor::ops::copy(&d_out).unwrap();
            let rest = cut.narrow(0, 0, 1).unwrap().narrow(1, 2, 2).unwrap();
            strata_tensor::ops::copy_into(&zeros, &rest).unwrap();
            let (_, grad_cut) = run(&qkv, &cut, &Options::full().masked(&mask));
            for (sequence, rows, grad) in [(0, 2, &grad_cut), (1, 4, &grad)] {
                let part =
                    |x: &Tensor| x.narrow(0, sequence, 1).unwrap().narrow(1, 0, rows).unwrap();
                let (alone, alone_grad) = run(&part(&qkv), &part(&d_out), &Options::full());
                for (got, want) in [(part(&out), alone), (part(grad), alone_grad)] {
                    for (got, want) in read(&got).iter().zip(read(&want)) {
                        assert!((got - want).abs() < 1e-5, "{device:?} {rung}: {got} {want}");
                    }
                }
            }
            // Keys and values of the padding got nothing.
            let padding = grad.narrow(0, 0, 1).unwrap().narrow(1, 2, 2).unwrap();
            assert_eq!(read(&padding.narrow(2, 8, 16).unwrap()), [0.0; 32], "{rung}");
        }
    }
}

/// A row that may see nothing: zeros, no gradient, whatever stands in it.
#[test]
fn a_row_masked_whole_is_zero_and_gives_nothing() {
    for device in testing_devices() {
        for rung in rungs(&device) {
            let device = device.with_rung("attention", rung).with_rung("attention_backward", rung);
            let of = |data: [f32; 4]| Tensor::from_slice(&device, &data, &[1, 1, 2, 2]).unwrap();
            let bad = [f32::NAN, f32::INFINITY, 1.0, 2.0];
            let [q, d_out] = [of(bad), of(bad)];
            let (k, v) = (of(bad), of([f32::NEG_INFINITY, f32::NAN, 3.0, 4.0]));
            let mask = Tensor::from_slice(&device, &[0i32, -1], &[1, 2]).unwrap();
            let options = Options::causal().masked(&mask);
            let got = forward(&q, &k, &v, &options).unwrap();
            assert_eq!(read(&got.out), [0.0, 0.0, 3.0, 4.0], "{device:?} {rung}");
            assert_eq!(read(&got.lse)[0], f32::NEG_INFINITY, "{device:?} {rung}");
            let grads = backward(&q, &k, &v, &got, &d_out, &options).unwrap();
            assert_eq!(read(&grads.dq), [0.0; 4], "{device:?} {rung}");
            assert_eq!(read(&grads.dk), [0.0; 4], "{device:?} {rung}");
            assert_eq!(read(&grads.dv), [0.0, 0.0, 1.0, 2.0], "{device:?} {rung}");
            // Seen, but of score -inf: that is another thing, and has no softmax.
            let q = of([1.0, 0.0, 1.0, 0.0]);
            let k = of([f32::NAN, 0.0, f32::NEG_INFINITY, 0.0]);
            let got = read(&forward(&q, &k, &v, &options).unwrap().out);
            assert!(got[..2] == [0.0; 2] && got[2].is_nan() && got[3].is_nan(), "{rung}: {got:?}");
        }
    }
}

/// The mask is read on the device: a recorded step sees the one of its replay, and so with the state.
#[test]
fn a_recorded_mask_is_that_of_the_replay() {
    for device in testing_devices() {
        for rung in rungs(&device) {
            let device = device.with_rung("attention", rung);
            let (heads, rows, dim) = (2, 6, 8);
            let [q, k, v] = [1, 2, 3].map(|seed| randn(&device, &[1, heads, rows, dim], seed));
            let state = device.step_state(STATE).unwrap();
            let mask = Tensor::ones(&device, &[1, rows]).unwrap();
            let query = q.narrow(2, 0, 1).unwrap().contiguous().unwrap();
            let options = Options::causal().cached(&state).masked(&mask);
            let (attended, tape) = device.record(|| forward(&query, &k, &v, &options)).unwrap();
            for (position, left) in [(0, 0), (4, 2), (2, 3), (5, 1)] {
                let now = StepState { position, ..STATE };
                state.write(0, bytemuck::bytes_of(&now)).unwrap();
                let open = |key: usize| f32::from(u8::from(key >= left));
                mask.write(&(0..rows).map(open).collect::<Vec<_>>()).unwrap();
                device.replay(&tape).unwrap();
                // By hand: of the keys that are valid, those behind the padding.
                let keys = (position as usize + 1).saturating_sub(left);
                let got = read(&attended.out);
                if keys == 0 {
                    assert!(got.iter().all(|&x| x == 0.0), "{rung} at {position}: {got:?}");
                    continue;
                }
                let [k, v] = [&k, &v].map(|x| x.narrow(2, left, keys).unwrap());
                let want = read(&forward(&query, &k, &v, &Options::full()).unwrap().out);
                for (got, want) in got.iter().zip(want) {
                    assert!((got - want).abs() < 1e-5, "{device:?} {rung} at {position}");
                }
            }
        }
    }
}

#[test]
fn weights_of_masked_keys_are_zero() {
    for device in testing_devices() {
        let x = randn(&device, &[2, 2, 5, 4], 1);
        let mask = [1.0f32, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let tensor = Tensor::from_slice(&device, &mask, &[2, 5]).unwrap();
        let options = Options::causal().masked(&tensor);
        for (i, row) in read(&attention_weights(&x, &x, &options).unwrap()).chunks(5).enumerate() {
            let (mask, row_at) = (&mask[i / 10 * 5..][..5], i % 5);
            let open = |j: usize| j <= row_at && mask[j] != 0.0;
            assert!((0..5).all(|j| open(j) == (row[j] > 0.0)), "{row:?}");
            let sum: f32 = row.iter().sum();
            let want = if (0..5).any(open) { 1.0 } else { 0.0 };
            assert!((sum - want).abs() < 1e-6, "{row:?}");
        }
    }
}
