//! Views against ndarray: whatever is narrowed, stepped, permuted, stretched and reshaped in a row,
//! each element must still be the right one, and so must the copy and the reductions made of it.
use ndarray::{ArrayD, Axis, IxDyn, Order, Slice};
use proptest::prelude::*;
use strata_device::{Device, Settings, testing::testing_devices};
use strata_tensor::{DType, Layout, MAX_RANK, Tensor};

/// A tensor and the array it must equal.
#[derive(Clone, Debug)]
struct Pair {
    tensor: Tensor,
    array: ArrayD<f32>,
}

impl Pair {
    fn new(device: &Device, shape: &[usize]) -> Self {
        let n: usize = shape.iter().product();
        let data: Vec<f32> = (0..n).map(|i| i as f32).collect();
        Pair {
            tensor: Tensor::from_slice(device, &data, shape).unwrap(),
            array: ArrayD::from_shape_vec(IxDyn(shape), data).unwrap(),
        }
    }

    fn check(&self) {
        assert_eq!(self.tensor.shape(), self.array.shape());
        let want: Vec<f32> = self.array.iter().copied().collect();
        assert_eq!(self.tensor.to_vec::<f32>().unwrap(), want, "{:?}", self.tensor);
        let whole = self.tensor.contiguous().unwrap();
        assert!(whole.is_contiguous() && whole.is_aligned());
        assert_eq!(whole.to_vec::<f32>().unwrap(), want, "a copy of {:?}", self.tensor);
    }
}

/// One step: which operation, and three numbers that it takes modulo whatever is possible.
type Step = (u8, usize, usize, usize);

fn apply(pair: &Pair, (op, x, y, z): Step) -> Pair {
    let Pair { tensor, array } = pair;
    let rank = tensor.rank();
    let shape = tensor.shape().to_vec();
    let d = x % rank.max(1);
    match op % 8 {
        0 if rank > 1 => {
            let mut order: Vec<usize> = (0..rank).collect();
            order.swap(d, y % rank);
            order.rotate_left(z % rank);
            Pair {
                tensor: tensor.permute(&order).unwrap(),
                array: array.clone().permuted_axes(IxDyn(&order)),
            }
        }
        1 if rank > 0 => {
            let start = y % (shape[d] + 1);
            let end = start + z % (shape[d] - start + 1);
            Pair {
                tensor: tensor.narrow(d, start, end - start).unwrap(),
                array: array.slice_axis(Axis(d), Slice::from(start..end)).to_owned(),
            }
        }
        2 if rank > 0 => {
            let (start, step) = (y % (shape[d] + 1), 1 + z % 4);
            let slice = Slice::new(start as isize, None, step as isize);
            Pair {
                tensor: tensor.slice_step(d, start, shape[d], step).unwrap(),
                array: array.slice_axis(Axis(d), slice).to_owned(),
            }
        }
        3 if rank > 0 && shape[d] > 0 => Pair {
            tensor: tensor.select(d, y % shape[d]).unwrap(),
            array: array.index_axis(Axis(d), y % shape[d]).to_owned(),
        },
        4 if rank < MAX_RANK => Pair {
            tensor: tensor.unsqueeze(x % (rank + 1)).unwrap(),
            array: array.clone().insert_axis(Axis(x % (rank + 1))),
        },
        5 if rank < MAX_RANK && tensor.numel() < 500 => {
            // Stretches every dimension of 1, and puts one in front.
            let ones = shape.iter().map(|&n| if n == 1 { 1 + y % 3 } else { n });
            let wide: Vec<usize> = std::iter::once(1 + z % 3).chain(ones).collect();
            Pair {
                tensor: tensor.broadcast_to(&wide).unwrap(),
                array: array.broadcast(IxDyn(&wide)).unwrap().to_owned(),
            }
        }
        6 | 7 => {
            // Another shape with as many elements: factors moved between neighbors, or all in one.
            let n = tensor.numel();
            let (a, b) = (1 + x % 6, 1 + y % 6);
            let new = match z % 4 {
                _ if n == 0 => vec![0, a],
                0 => vec![n],
                _ if n.is_multiple_of(a * b) => vec![a, n / (a * b), b],
                _ if n.is_multiple_of(a) => vec![n / a, a],
                _ => vec![1, n, 1],
            };
            Pair {
                tensor: tensor.reshape(&new).unwrap(),
                array: array
                    .to_shape((IxDyn(&new), Order::RowMajor))
                    .unwrap()
                    .as_standard_layout()
                    .into_owned(),
            }
        }
        _ => pair.clone(),
    }
}

fn cpu() -> Device {
    Device::open("cpu", Settings::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_chain_of_views_shows_the_right_elements(
        shape in strata_shapes::shape(4, 9, 300),
        steps in prop::collection::vec(any::<Step>(), 0..7),
    ) {
        let mut pair = Pair::new(&cpu(), &shape);
        for step in steps {
            pair = apply(&pair, step);
            pair.check();
        }
    }

    #[test]
    fn copies_into_any_view_write_it_and_nothing_else(
        shape in strata_shapes::full_shape(4, 9, 300),
        steps in prop::collection::vec(any::<Step>(), 0..5),
    ) {
        // Chains that keep showing the buffer itself: no stretching, no reshaping.
        let steps: Vec<Step> = steps.into_iter().filter(|s| s.0 % 8 < 5).collect();
        let mut pair = Pair::new(&cpu(), &shape);
        let base = pair.tensor.clone();
        for step in steps {
            pair = apply(&pair, step);
        }
        let n = pair.tensor.numel();
        let new: Vec<f32> = (0..n).map(|i| -1.0 - i as f32).collect();
        let source = Tensor::from_slice(&cpu(), &new, pair.tensor.shape()).unwrap();
        // Another device's tensor is refused; one of this device goes in.
        prop_assert!(strata_tensor::ops::copy_into(&source, &pair.tensor).is_err());
        let source = source.to_device(base.device()).unwrap();
        strata_tensor::ops::copy_into(&source, &pair.tensor).unwrap();
        let mut want: Vec<f32> = (0..base.numel()).map(|i| i as f32).collect();
        for (cell, value) in pair.array.iter().zip(&new) {
            want[*cell as usize] = *value;
        }
        prop_assert_eq!(base.to_vec::<f32>().unwrap(), want);
    }

    #[test]
    fn collapsing_keeps_every_place(view in strata_shapes::view(4, 9, 300)) {
        let layout = Layout { shape: view.shape, strides: view.strides, offset: view.offset };
        let merged = &Layout::collapse(std::slice::from_ref(&layout))[0];
        prop_assert_eq!(merged.numel(), layout.numel());
        prop_assert!(merged.shape.len() <= layout.shape.len());
        prop_assert_eq!(places(merged), places(&layout));
        prop_assert!(merged.extent() == layout.extent() && layout.offset + layout.extent() <= view.storage);
        let mut once = places(&layout);
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(layout.overlaps(), once.len() < layout.numel());
    }
}

/// The cell of every element, in row-major order.
fn places(layout: &Layout) -> Vec<usize> {
    strata_check::oracle::index::indices(&layout.shape)
        .map(|i| layout.offset + i.iter().zip(&layout.strides).map(|(i, s)| i * s).sum::<usize>())
        .collect()
}

#[test]
fn views_and_copies_on_every_device() {
    for device in testing_devices() {
        let pair = Pair::new(&device, &[3, 1, 5, 4]);
        for steps in [
            &[][..],
            &[(0, 0, 2, 0)],
            &[(0, 1, 3, 2), (2, 0, 0, 1)],
            &[(1, 2, 1, 3), (0, 0, 3, 1), (6, 4, 0, 1)],
            &[(5, 0, 2, 1), (1, 0, 1, 1), (6, 1, 1, 0)],
            &[(3, 0, 1, 0), (4, 0, 0, 0), (5, 0, 2, 2), (0, 1, 4, 3)],
            &[(1, 0, 0, 0), (4, 0, 0, 0)],
        ] {
            let made = steps.iter().fold(pair.clone(), |pair, step| apply(&pair, *step));
            made.check();
            let sum = made.tensor.sum_all().unwrap().item::<f32>().unwrap();
            assert_eq!(sum, made.array.sum(), "{:?}", made.tensor);
        }
        // Into a view: every second column of a transposed matrix.
        let base = Tensor::zeros(&device, DType::F32, &[4, 6]).unwrap();
        let view = base.t().unwrap().slice_step(0, 1, 6, 2).unwrap();
        let source = Tensor::arange(&device, 12).unwrap().reshape(&[3, 4]).unwrap();
        strata_tensor::ops::copy_into(&source, &view).unwrap();
        let want: Vec<f32> = (0..24)
            .map(|i| (i / 6, i % 6))
            .map(|(r, c)| if c % 2 == 1 { (c / 2 * 4 + r) as f32 } else { 0.0 })
            .collect();
        assert_eq!(base.to_vec::<f32>().unwrap(), want, "{device:?}");
    }
}

#[test]
fn transposes_larger_than_a_tile() {
    for (b, r, c) in [(1, 16, 16), (1, 17, 33), (3, 100, 7), (2, 5, 129), (1, 300, 260)] {
        let pair = Pair::new(&cpu(), &[b, r, c]);
        let view = pair.tensor.t().unwrap();
        Pair { tensor: view, array: pair.array.permuted_axes(IxDyn(&[0, 2, 1])) }.check();
    }
}

#[test]
fn reshape_copies_only_where_it_must() {
    let x = Tensor::arange(&cpu(), 24).unwrap().reshape(&[2, 3, 4]).unwrap();
    let same = |a: &Tensor, b: &Tensor| a.buffer().same(b.buffer());
    assert!(same(&x, &x.reshape(&[6, 4]).unwrap()));
    let transposed = x.transpose(0, 1).unwrap();
    // The last dimension is whole: it can be split, but the first two cannot be merged.
    assert!(same(&x, &transposed.reshape(&[3, 2, 2, 2]).unwrap()));
    assert!(!same(&x, &transposed.reshape(&[6, 4]).unwrap()));
    let stretched = x.reshape(&[24, 1]).unwrap().broadcast_to(&[24, 6]).unwrap();
    assert!(same(&x, &stretched.reshape(&[2, 12, 3, 2]).unwrap()));
    assert!(!same(&x, &stretched.reshape(&[144]).unwrap()));
}

#[test]
fn empty_views_work_everywhere() {
    for device in testing_devices() {
        let x = Tensor::arange(&device, 12).unwrap().reshape(&[3, 4]).unwrap();
        let none = x.narrow(1, 4, 0).unwrap();
        assert_eq!(none.shape(), [3, 0]);
        assert!(none.to_vec::<f32>().unwrap().is_empty());
        assert!(none.contiguous().unwrap().exp().unwrap().to_vec::<f32>().unwrap().is_empty());
        assert_eq!(none.sum(&[1], false).unwrap().to_vec::<f32>().unwrap(), [0.0; 3]);
        assert!(
            none.mean(&[1], false).unwrap().to_vec::<f32>().unwrap().iter().all(|m| m.is_nan())
        );
        assert_eq!(none.max(&[0, 1], true).unwrap().to_vec::<f32>().unwrap(), [f32::NEG_INFINITY]);
        assert_eq!(none.min(&[1], true).unwrap().shape(), [3, 1]);
        assert!(none.sum(&[0], false).unwrap().to_vec::<f32>().unwrap().is_empty());
        assert_eq!(none.add(&x.narrow(1, 0, 1).unwrap()).unwrap().shape(), [3, 0]);
        assert_eq!(none.t().unwrap().reshape(&[7, 0, 2]).unwrap().shape(), [7, 0, 2]);
        assert_eq!(none.cast(DType::BF16).unwrap().cast(DType::I32).unwrap().numel(), 0);
        let tail = x.narrow(0, 3, 0).unwrap().to_device(&cpu()).unwrap();
        assert_eq!(tail.shape(), [0, 4]);
        // Lengths whose product would overflow, were it not for the zero.
        let vast = Tensor::empty(&device, DType::F32, &[usize::MAX, 0, usize::MAX]).unwrap();
        assert!(vast.is_contiguous() && vast.numel() == 0);
        assert!(vast.relu().unwrap().to_vec::<f32>().unwrap().is_empty());
    }
}
