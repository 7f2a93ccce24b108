//! Which rung of `copy` serves which tensors, and that none writes what it was not given.
use half::bf16;
use strata_device::{Device, Error as DeviceError, Machine, testing::testing_devices, trace};
use strata_tensor::ops::{copy, copy_into};
use strata_tensor::{DType, Element, Error, Tensor};

/// The kernels that a call launches.
fn kernels<T>(call: impl FnOnce() -> T) -> Vec<&'static str> {
    trace::on(|| {
        call();
        trace::drain().iter().map(|traced| traced.launch().kernel.path).collect()
    })
}

/// What two tensors in one piece are copied with.
fn best(device: &Device) -> &'static str {
    match device.machine() {
        Machine::Cpu => "copy/1_naive",
        Machine::Cuda | Machine::Wgpu => "copy/2_vectorized",
    }
}

/// Lengths around a group of four words, a workgroup and its groups, and many workgroups.
const LENGTHS: [usize; 20] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 255, 257, 1023, 1024, 1025, 2047, 2050, 70_003];

/// Copies `n` elements into the middle of a longer tensor.
fn between_neighbors<T>(device: &Device, n: usize, number: impl Fn(usize) -> T, other: T)
where
    T: Element + PartialEq + std::fmt::Debug,
{
    let front = 512 / T::DTYPE.size();
    let data: Vec<T> = (0..n).map(number).collect();
    let source = Tensor::from_slice(device, &data, &[n]).unwrap();
    let room = Tensor::from_slice(device, &vec![other; front + n + 9], &[front + n + 9]).unwrap();
    let view = room.narrow(0, front, n).unwrap();
    let launched = kernels(|| copy_into(&source, &view).unwrap());
    let label = format!("{n} of {} on {}", T::DTYPE, device.info().label());
    assert_eq!(launched, [best(device)], "{label}");
    let want = [vec![other; front], data, vec![other; 9]].concat();
    assert!(room.to_vec::<T>().unwrap() == want, "{label}");
}

#[test]
fn copies_in_one_piece_write_their_own_elements_only() {
    for device in testing_devices() {
        for n in LENGTHS {
            between_neighbors(&device, n, |i| i as f32 + 0.5, -1.0);
            between_neighbors(&device, n, |i| u32::MAX - i as u32, 7);
            between_neighbors(&device, n, |i| bf16::from_bits((i % 0x7f80) as u16), bf16::NEG_ONE);
        }
    }
}

/// Views that no kernel can read 16 bytes at a time.
fn views(device: &Device) -> Vec<Tensor> {
    let x = Tensor::arange(device, 260).unwrap();
    let matrix = x.reshape(&[13, 20]).unwrap();
    let halves = x.cast(DType::BF16).unwrap();
    [
        matrix.t(),
        matrix.narrow(1, 0, 16),
        matrix.slice_step(0, 0, 13, 2),
        matrix.narrow(0, 2, 1).and_then(|row| row.broadcast_to(&[4, 20])),
        // In one piece, but not from a binding's first byte.
        x.narrow(0, 1, 200),
        x.narrow(0, 4, 200),
        halves.narrow(0, 3, 201),
    ]
    .map(Result::unwrap)
    .to_vec()
}

#[test]
fn what_is_not_in_one_piece_takes_the_naive_rung() {
    for device in testing_devices() {
        for view in views(&device) {
            assert_eq!(kernels(|| copy(&view).unwrap()), ["copy/1_naive"], "{view:?}");
        }
        for view in views(&device.with_rung("copy", "2_vectorized")) {
            let refused = copy(&view).unwrap_err();
            assert!(matches!(refused, Error::Device(DeviceError::UnknownRung { .. })), "{refused}");
        }
        // The destination counts too.
        let x = Tensor::arange(&device, 260).unwrap();
        let room = Tensor::zeros(&device, DType::F32, &[300]).unwrap();
        let part = room.narrow(0, 3, 260).unwrap();
        assert_eq!(kernels(|| copy_into(&x, &part).unwrap()), ["copy/1_naive"]);
        let number = |i| if (3..263).contains(&i) { (i - 3) as f32 } else { 0.0 };
        let want: Vec<f32> = (0..300).map(number).collect();
        assert_eq!(room.to_vec::<f32>().unwrap(), want, "{device:?}");
        // The strides of dimensions with one element do not.
        let one = x.reshape(&[13, 20]).unwrap().narrow(0, 0, 1).unwrap().narrow(1, 0, 1).unwrap();
        assert_eq!(kernels(|| copy(&one).unwrap()), [best(&device)]);
    }
}
