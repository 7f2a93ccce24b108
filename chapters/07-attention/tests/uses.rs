//! Attention as models use it: packed, on the tape, over a cache; and what it refuses.
mod common;

use common::{Case, Padding, STATE, rungs};
use strata_attention::{
    AttentionExt, Options, attention, attention_weights, backward, backward_qkv, forward,
    merge_heads, split_heads, split_qkv,
};
use strata_autograd::{Var, check_gradients};
use strata_device::testing::testing_devices;
use strata_device::{Device, StepState};
use strata_tensor::{DType, Error, Tensor};

fn read(x: &Tensor) -> Vec<f32> {
    x.to_vec().unwrap()
}

fn randn(device: &Device, shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(device, shape, seed).unwrap()
}

#[test]
fn packed_is_the_same_as_three_tensors() {
    for device in testing_devices() {
        for rung in rungs(&device) {
            let device = device.with_rung("attention", rung).with_rung("attention_backward", rung);
            let (batch, rows, heads, dim) = (2, 37, 3, 8);
            let qkv = randn(&device, &[batch, rows, 3 * heads * dim], 1);
            let d_out = randn(&device, &[batch, rows, heads * dim], 2);
            let options = Options::causal();

            let parts = split_qkv(&qkv, heads).unwrap();
            assert!(parts.iter().all(|part| part.buffer().same(qkv.buffer())), "views, not copies");
            let [q, k, v] = parts.map(|part| part.contiguous().unwrap());
            let apart = forward(&q, &k, &v, &options).unwrap();
            let d = split_heads(&d_out, heads).unwrap();
            let want = backward(&q, &k, &v, &apart, &d, &options).unwrap();

            let leaf = Var::leaf(qkv.clone());
            let out = leaf.attention_qkv(heads, &options).unwrap();
            assert_eq!(read(out.value()), read(&merge_heads(&apart.out).unwrap()), "{rung}");
            out.backward_with(d_out.clone()).unwrap();
            let packed = split_qkv(&leaf.grad().unwrap(), heads).unwrap();
            for (got, want) in packed.iter().zip([&want.dq, &want.dk, &want.dv]) {
                assert_eq!(read(got), read(want), "{rung}");
            }
            let direct = backward_qkv(&qkv, heads, &apart, &d, &options).unwrap();
            assert_eq!(read(&direct), read(&leaf.grad().unwrap()), "{rung}");
        }
    }
}

#[test]
fn merging_the_output_s_heads_is_a_view() {
    let device = Device::open("cpu", Default::default()).unwrap();
    let x = randn(&device, &[2, 3, 5, 4], 1);
    let attended = forward(&x, &x, &x, &Options::full()).unwrap();
    assert!(merge_heads(&attended.out).unwrap().buffer().same(attended.out.buffer()));
}

#[test]
fn the_tape_s_gradients_are_central_differences() {
    let device = Device::open("cpu", Default::default()).unwrap();
    let state = device.step_state(STATE).unwrap();
    let mask = Tensor::from_slice(&device, &[0.0f32, 1.0, 1.0, 0.0, 1.0], &[1, 5]).unwrap();
    for options in [
        Options::full(),
        Options::causal().dropout(0.3, 9, &state),
        Options::full().masked(&mask),
        Options::causal().dropout(0.3, 9, &state).masked(&mask),
    ] {
        let inputs = [1, 2, 3].map(|seed| randn(&device, &[1, 2, 5, 4], seed));
        let weights = Var::constant(randn(&device, &[1, 2, 5, 4], 4));
        let f = |v: &[Var]| attention(&v[0], &v[1], &v[2], &options)?.mul(&weights)?.sum_all();
        for found in check_gradients(f, &inputs, 1e-2).unwrap() {
            assert!(found.error < 1e-2, "{found:?}");
        }
    }
}

#[test]
fn no_dropout_is_dropout_of_nothing() {
    for device in testing_devices() {
        let state = device.step_state(STATE).unwrap();
        let x = randn(&device, &[1, 2, 33, 8], 1);
        let run = |options: &Options| read(&forward(&x, &x, &x, options).unwrap().out);
        let without = run(&Options::causal());
        assert_eq!(without, run(&Options::causal().dropout(0.0, 5, &state)));
        assert_ne!(without, run(&Options::causal().dropout(0.5, 5, &state)));
        let other_op = run(&Options::causal().dropout(0.5, 6, &state));
        assert_ne!(other_op, run(&Options::causal().dropout(0.5, 5, &state)));
    }
}

/// Rows decoded one by one from a cache are the rows of one causal pass, and one recording serves
/// them all.
#[test]
fn decoding_with_a_cache_gives_the_same_rows() {
    for device in testing_devices() {
        for rung in rungs(&device) {
            let device = device.with_rung("attention", rung);
            let (heads, rows, dim, room) = (2, 9, 8, 12);
            let [q, k, v] = [1, 2, 3].map(|seed| randn(&device, &[1, heads, rows, dim], seed));
            let whole = read(&forward(&q, &k, &v, &Options::causal()).unwrap().out);
            // The cache has room for more; what is not valid yet is NaN, to be looked at by nobody.
            let [cache_k, cache_v] = [&k, &v].map(|x| {
                let cache = Tensor::full(&device, &[1, heads, room, dim], f32::NAN).unwrap();
                strata_tensor::ops::copy_into(x, &cache.narrow(2, 0, rows).unwrap()).unwrap();
                cache
            });
            let state = device.step_state(STATE).unwrap();
            let options = Options::causal().cached(&state);
            let query = Tensor::empty(&device, DType::F32, &[1, heads, 1, dim]).unwrap();
            let (attended, tape) =
                device.record(|| forward(&query, &cache_k, &cache_v, &options)).unwrap();
            for position in 0..rows {
                query.write(&read(&q.narrow(2, position, 1).unwrap())).unwrap();
                let now = StepState { position: position as u32, ..STATE };
                state.write(0, bytemuck::bytes_of(&now)).unwrap();
                device.replay(&tape).unwrap();
                let got = read(&attended.out);
                for head in 0..heads {
                    let want = &whole[(head * rows + position) * dim..][..dim];
                    for (got, want) in got[head * dim..][..dim].iter().zip(want) {
                        let what = format!("{device:?} {rung} at {position}");
                        assert!((got - want).abs() < 1e-5, "{got} {want}: {what}");
                    }
                }
            }
            // Several tokens at once, from the fifth position on.
            let now = StepState { position: 4, ..STATE };
            state.write(0, bytemuck::bytes_of(&now)).unwrap();
            let several = q.narrow(2, 4, 3).unwrap();
            let got = read(&forward(&several, &cache_k, &cache_v, &options).unwrap().out);
            for head in 0..heads {
                let want = &whole[(head * rows + 4) * dim..][..3 * dim];
                let got = &got[head * 3 * dim..][..3 * dim];
                assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-5), "{rung}");
            }
        }
    }
}

#[test]
fn weights_are_probabilities_of_what_is_visible() {
    for device in testing_devices() {
        let x = randn(&device, &[2, 2, 5, 4], 1);
        let weights = read(&attention_weights(&x, &x, &Options::causal()).unwrap());
        for (i, row) in weights.chunks(5).enumerate() {
            let sum: f32 = row.iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{sum}");
            assert!(row[i % 5 + 1..].iter().all(|&p| p == 0.0), "{row:?}");
        }
    }
}

#[test]
fn nothing_to_do_is_done() {
    for device in testing_devices() {
        for shape in [[0, 2, 3, 4], [2, 0, 3, 4], [2, 2, 0, 4], [2, 2, 3, 0]] {
            let q = randn(&device, &shape, 1);
            let got = forward(&q, &q, &q, &Options::causal()).unwrap();
            assert_eq!(got.out.shape(), shape);
            let grads = backward(&q, &q, &q, &got, &got.out, &Options::causal()).unwrap();
            assert_eq!(grads.dk.shape(), shape);
        }
        let (q, k) = (randn(&device, &[1, 1, 0, 4], 1), randn(&device, &[1, 1, 3, 4], 1));
        let mask = Tensor::ones(&device, &[1, 3]).unwrap();
        for options in [Options::full(), Options::full().masked(&mask)] {
            let got = forward(&q, &k, &k, &options).unwrap();
            let grads = backward(&q, &k, &k, &got, &got.out, &options).unwrap();
            assert_eq!(read(&grads.dk), [0.0; 12]);
        }
    }
}

#[test]
fn what_does_not_fit_is_an_error_that_says_why() {
    let device = Device::open("cpu", Default::default()).unwrap();
    let state = device.step_state(STATE).unwrap();
    let zeros = |shape: &[usize]| Tensor::zeros(&device, DType::F32, shape).unwrap();
    let x = zeros(&[1, 2, 3, 4]);
    let says = |result: Result<strata_attention::Attended, Error>, what: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with("attention") && error.contains(what), "{error}");
    };
    let causal = Options::causal();
    says(forward(&zeros(&[2, 3, 4]), &x, &x, &causal), "[batch, heads, rows, head_dim]");
    says(forward(&x, &zeros(&[1, 2, 3, 5]), &x, &causal), "one value for each key");
    says(forward(&zeros(&[1, 1, 3, 4]), &x, &x, &causal), "same batch, heads and head_dim");
    let long = zeros(&[1, 1, 2, 129]);
    says(forward(&long, &long, &long, &causal), "at most 128");
    let two = zeros(&[1, 2, 2, 4]);
    says(forward(&x, &two, &two, &causal), "a key for each query");
    let none = zeros(&[1, 2, 0, 4]);
    says(forward(&x, &none, &none, &Options::full()), "no key");
    let integers = Tensor::zeros(&device, DType::I32, &[1, 2, 3, 4]).unwrap();
    says(forward(&integers, &x, &x, &causal), "takes floats");
    for p in [-0.1, 1.0, f32::NAN, f32::INFINITY] {
        says(forward(&x, &x, &x, &Options::causal().dropout(p, 0, &state)), "below 1");
    }
    says(forward(&x, &x, &x, &Options::causal().scaled(f32::NAN)), "must be a number");
    let short = device.alloc(8).unwrap();
    says(forward(&x, &x, &x, &Options::causal().cached(&short)), "fewer than 32 bytes");
    let mask = |shape: &[usize], dtype| Tensor::zeros(&device, dtype, shape).unwrap();
    for shape in [&[1, 4][..], &[2, 3], &[3], &[1, 3, 1], &[]] {
        let masked = Options::causal().masked(&mask(shape, DType::U32));
        says(forward(&x, &x, &x, &masked), "[batch, keys], here [1, 3]");
    }
    let elsewhere = Device::open("cpu", Default::default()).unwrap();
    let masked = Tensor::zeros(&elsewhere, DType::U32, &[1, 3]).unwrap();
    says(forward(&x, &x, &x, &Options::causal().masked(&masked)), "to_device");
    let other = Tensor::zeros(&elsewhere, DType::F32, &[1, 2, 3, 4]).unwrap();
    says(forward(&x, &other, &other, &causal), "to_device");

    let attended = forward(&x, &x, &x, &causal).unwrap();
    assert!(backward(&x, &x, &x, &attended, &two, &causal).is_err());
    assert!(backward(&x, &x, &x, &attended, &x, &Options::causal().cached(&state)).is_err());
    assert!(
        split_qkv(&zeros(&[1, 2, 10]), 2).is_err() && split_qkv(&zeros(&[1, 2, 6]), 0).is_err()
    );
    assert!(split_heads(&zeros(&[1, 2, 5]), 2).is_err() && merge_heads(&zeros(&[1, 2])).is_err());
}

/// Rows side by side, heads inside rows, rows with gaps between them.
#[test]
fn inputs_may_lie_anywhere() {
    for device in testing_devices() {
        for layout in 0..3 {
            for padding in Padding::ALL {
                let case = Case { batch: 2, layout, padding, ..Case::new(6, 6, 5, true) };
                case.compare_all(&device);
            }
        }
    }
}
