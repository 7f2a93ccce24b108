//! Bad calls are errors that name the op and the shapes; none of them panics.
use half::bf16;
use strata_device::{Device, Settings, testing::testing_devices};
use strata_tensor::ops::{self, accumulate, concat, copy_into, fill_bits, stack};
use strata_tensor::{DType, Error, Layout, MAX_ELEMENTS, Result, Tensor};

fn cpu() -> Device {
    Device::open("cpu", Settings::default()).unwrap()
}

#[track_caller]
fn says<T>(result: Result<T>, words: &[&str]) -> Error {
    let Err(error) = result else { panic!("this should have been refused") };
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text:?} does not mention {word:?}");
    }
    error
}

fn tensor(shape: &[usize]) -> Tensor {
    Tensor::zeros(&cpu(), DType::F32, shape).unwrap()
}

#[test]
fn shapes_that_do_not_broadcast_name_the_op_and_both() {
    // region: message
    let device = cpu();
    let t = |shape: &[usize]| Tensor::ones(&device, shape).unwrap();
    let error = says(t(&[2, 3]).add(&t(&[2, 4])), &["add", "[2, 3]", "[2, 4]", "3 against 4"]);
    assert!(matches!(error, Error::Shape { .. }));
    // end: message
    says(t(&[3]).gt(&t(&[2, 2])), &["gt", "[3]", "[2, 2]"]);
    says(t(&[0]).mul(&t(&[2])), &["mul", "[0]", "[2]"]);
    says(t(&[2, 3]).broadcast_to(&[3]), &["broadcast_to", "[2, 3]", "[3]"]);
    says(t(&[2, 3]).broadcast_to(&[2, 6]), &["broadcast_to", "3 does not stretch to 6"]);
    says(t(&[1]).broadcast_to(&[1; 7]), &["broadcast_to", "6"]);
    says(accumulate(&t(&[2]), &t(&[3]), 1.0), &["accumulate", "[2]", "[3]"]);
    says(copy_into(&t(&[2]), &t(&[3])), &["copy", "[2]", "[3]"]);
}

#[test]
fn products_that_overflow_are_refused() {
    for device in testing_devices() {
        let above = [MAX_ELEMENTS + 1];
        for shape in
            [&[usize::MAX, 2][..], &[1 << 33], &[1 << 17, 1 << 16], &[usize::MAX; 6], &above]
        {
            for result in [
                Tensor::empty(&device, DType::F32, shape),
                Tensor::zeros(&device, DType::BF16, shape),
                Tensor::full(&device, shape, 1.0),
                Tensor::randn(&device, shape, 1),
                Tensor::uniform(&device, shape, 1),
                Tensor::from_slice(&device, &[1f32], shape),
                Tensor::ones(&device, &[1]).unwrap().broadcast_to(shape),
                Tensor::ones(&device, &[1]).unwrap().reshape(shape),
            ] {
                let error = says(result, &["more elements than a tensor can hold"]);
                assert!(matches!(error, Error::Overflow { .. }), "{error}");
            }
        }
        Tensor::ones(&device, &[1]).unwrap().broadcast_to(&[MAX_ELEMENTS]).unwrap();
        says(Tensor::arange(&device, usize::MAX), &["arange", "more elements"]);
        // Two stretched views whose sum would be too large.
        let one = Tensor::ones(&device, &[1, 1]).unwrap();
        let (a, b) =
            (one.broadcast_to(&[1 << 20, 1]).unwrap(), one.broadcast_to(&[1, 1 << 20]).unwrap());
        says(a.add(&b), &["more elements"]);
    }
    let many = tensor(&[1]).broadcast_to(&[1 << 31]).unwrap();
    says(concat(&[many.clone(), many.clone(), many], 0), &["more elements"]);
}

#[test]
fn wrong_dtypes_say_what_to_do() {
    let x = Tensor::from_slice(&cpu(), &[1i32, 2], &[2]).unwrap();
    for result in [
        x.exp(),
        ops::zip(ops::Zip::Pow, &x, &x),
        x.sum_all(),
        x.argmax(),
        x.max(&[0], false),
        x.affine(1.0, 0.0),
        Tensor::ones(x.device(), &[2]).unwrap().add(&x),
    ] {
        let error = says(result, &["i32", "cast"]);
        assert!(matches!(error, Error::DType { .. }));
    }
    says(x.to_vec::<f32>(), &["read", "f32", "i32"]);
    says(x.write(&[1f32, 2.]), &["write", "f32"]);
    let y = Tensor::ones(x.device(), &[2]).unwrap();
    says(copy_into(&x, &y), &["copy"]);
    says(concat(&[x.clone(), y.clone()], 0), &["concat", "i32"]);
    says(accumulate(&x, &y, 1.0), &["accumulate"]);
}

#[test]
fn operands_on_two_devices_are_refused() {
    let (a, b) = (tensor(&[2]), tensor(&[2]));
    for result in [
        a.add(&b).map(|_| ()),
        copy_into(&a, &b),
        accumulate(&a, &b, 1.0),
        concat(&[a.clone(), b.clone()], 0).map(|_| ()),
    ] {
        let error = says(result, &["to_device"]);
        assert!(matches!(error, Error::Devices { .. }), "{error}");
    }
}

#[test]
fn views_outside_the_tensor_are_refused() {
    let x = tensor(&[3, 4]);
    says(x.narrow(0, 2, 2), &["narrow", "[3, 4]", "2..4"]);
    says(x.narrow(1, usize::MAX, 2), &["narrow"]);
    says(x.narrow(1, 2, usize::MAX), &["narrow"]);
    says(x.narrow(2, 0, 1), &["narrow", "dimension 2"]);
    says(x.slice_step(0, 0, 3, 0), &["slice_step"]);
    says(x.slice_step(0, 2, 1, 1), &["slice_step"]);
    assert_eq!(x.slice_step(1, 1, 4, usize::MAX).unwrap().shape(), [3, 1]);
    says(x.select(1, 4), &["narrow"]);
    says(x.squeeze(0), &["squeeze"]);
    says(x.squeeze(9), &["squeeze"]);
    says(x.unsqueeze(3), &["unsqueeze"]);
    says(tensor(&[1; 6]).unsqueeze(0), &["unsqueeze", "6"]);
    says(x.transpose(0, 2), &["transpose"]);
    says(tensor(&[3]).t(), &["t:", "[3]"]);
    for order in [&[0][..], &[0, 0], &[0, 2], &[0, 1, 1]] {
        says(x.permute(order), &["permute", "[3, 4]"]);
    }
    for shape in [&[5][..], &[], &[12, 0], &[1, 1, 1, 1, 1, 1, 12]] {
        says(x.reshape(shape), &["reshape", "[3, 4]"]);
    }
    says(Tensor::empty(&cpu(), DType::F32, &[1; 7]), &["6 dimensions"]);
}

#[test]
fn layouts_outside_the_buffer_are_refused() {
    let buffer = cpu().alloc(64).unwrap();
    let make = |shape: &[usize], strides: &[usize], offset| {
        let layout = Layout { shape: shape.to_vec(), strides: strides.to_vec(), offset };
        Tensor::from_buffer(buffer.clone(), DType::F32, layout)
    };
    assert!(make(&[4, 4], &[4, 1], 0).is_ok());
    assert!(make(&[2, 2], &[8, 1], 6).is_ok());
    for (shape, strides, offset) in [
        (&[4, 4][..], &[4, 1][..], 1),
        (&[2], &[16], 0),
        (&[2], &[usize::MAX], 0),
        (&[2], &[usize::MAX], 5),
        (&[3, 3], &[usize::MAX / 2, usize::MAX / 2], 0),
        (&[1], &[1], usize::MAX),
        (&[1], &[1], usize::MAX / 4 + 1),
        (&[2, 2], &[1], 0),
        (&[], &[1], 0),
    ] {
        says(make(shape, strides, offset), &["from_buffer"]);
    }
}

#[test]
fn reductions_and_argmax_check_their_dimensions() {
    let x = tensor(&[3, 4]);
    says(x.sum(&[2], false), &["sum", "dimension 2"]);
    says(x.mean(&[0, 0], true), &["sum", "twice"]);
    says(x.max(&[usize::MAX], false), &["max"]);
    says(tensor(&[]).argmax(), &["argmax"]);
    says(tensor(&[3, 0]).argmax(), &["argmax"]);
    assert_eq!(tensor(&[0, 3]).argmax().unwrap().shape(), [0]);
    for (low, high) in [(2.0, 1.0), (f32::NAN, 1.0), (0.0, f32::NAN)] {
        says(x.clamp(low, high), &["clamp", "bound"]);
    }
    says(x.item::<f32>(), &["item", "12"]);
}

#[test]
fn concatenations_check_their_parts() {
    let device = cpu();
    let t = |shape: &[usize]| Tensor::zeros(&device, DType::F32, shape).unwrap();
    says(concat(&[], 0), &["concat"]);
    says(stack(&[], 0), &["concat"]);
    says(concat(&[t(&[2, 3]), t(&[2, 4])], 0), &["concat", "[2, 3]", "[2, 4]"]);
    says(concat(&[t(&[2, 3]), t(&[2])], 0), &["concat"]);
    says(concat(&[t(&[2, 3])], 2), &["concat", "dimension 2"]);
    says(stack(&[t(&[2]), t(&[3])], 0), &["concat"]);
    says(stack(&[t(&[2])], 2), &["unsqueeze"]);
}

#[test]
fn writes_go_where_they_may() {
    let device = cpu();
    let x = Tensor::zeros(&device, DType::F32, &[2, 3]).unwrap();
    says(x.write(&[1f32; 5]), &["write", "[2, 3]", "5"]);
    says(x.t().unwrap().write(&[1f32; 6]), &["write"]);
    says(Tensor::from_slice(&device, &[1f32; 5], &[2, 3]), &["from_slice", "5"]);
    // A destination that shows one element several times, or shares the source's buffer.
    says(
        copy_into(&x, &Tensor::ones(&device, &[3]).unwrap().broadcast_to(&[2, 3]).unwrap()),
        &["copy", "twice"],
    );
    assert!(copy_into(&x.narrow(0, 0, 1).unwrap(), &x.narrow(0, 1, 1).unwrap()).is_err());
    assert!(accumulate(&x, &x, 1.0).is_err());
    says(
        accumulate(&x.t().unwrap(), &Tensor::ones(&device, &[3, 2]).unwrap(), 1.0),
        &["accumulate", "contiguous"],
    );
    says(fill_bits(&x.t().unwrap(), 0), &["fill"]);
    // Half words: a write would take the neighbor along.
    let h = Tensor::from_slice(&device, &[bf16::ONE; 6], &[6]).unwrap();
    says(h.narrow(0, 0, 3).unwrap().write(&[bf16::ZERO; 3]), &["write", "16-bit"]);
    says(h.narrow(0, 1, 2).unwrap().write(&[bf16::ZERO; 2]), &["write", "16-bit"]);
    h.narrow(0, 2, 2).unwrap().write(&[bf16::ZERO; 2]).unwrap();
    assert_eq!(h.to_vec::<bf16>().unwrap()[1..5], [1., 0., 0., 1.].map(bf16::from_f32));
    says(
        copy_into(
            &Tensor::from_slice(&device, &[bf16::ONE; 2], &[2]).unwrap(),
            &h.slice_step(0, 0, 4, 2).unwrap(),
        ),
        &["16-bit"],
    );
}

#[test]
fn reading_and_writing_while_recording_is_refused() {
    for device in testing_devices() {
        let x = Tensor::ones(&device, &[3]).unwrap();
        let (sum, recording) = device
            .record(|| -> Result<Tensor> {
                says(x.to_vec::<f32>(), &["read", "record"]);
                says(x.t().and_then(|_| x.item::<f32>()), &["t:"]);
                says(Tensor::from_slice(&device, &[1f32], &[1]), &["write", "record"]);
                x.add(&x)?.sum_all()
            })
            .unwrap();
        x.write(&[1f32, 2., 3.]).unwrap();
        device.replay(&recording).unwrap();
        assert_eq!(sum.item::<f32>().unwrap(), 12.0, "{device:?}");
    }
}
