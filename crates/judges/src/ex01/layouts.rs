//! Layouts as plain parts, what they read, and the answers that the views are compared with.

use strata_check::oracle::index::{indices, len, strides as contiguous};
use strata_check::sample;

/// Shape, strides, offset.
pub type Parts = (Vec<usize>, Vec<usize>, usize);

/// What a reader can compare: the shape, and the cell of every element in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reads {
    shape: Vec<usize>,
    cells: Vec<usize>,
}

/// The cells of a layout. A wrong one may be anything: nothing here panics or takes long.
pub(super) fn reads((shape, strides, offset): &Parts) -> Reads {
    let many = shape.iter().fold(1usize, |n, &d| n.saturating_mul(d));
    let cell = |index: Vec<usize>| {
        let steps = index.iter().zip(strides).map(|(i, s)| i.wrapping_mul(*s));
        steps.fold(*offset, usize::wrapping_add)
    };
    let few = (1..=1 << 16).contains(&many);
    let cells = if few { indices(shape).map(cell).collect() } else { Vec::new() };
    Reads { shape: shape.clone(), cells }
}

/// A contiguous layout.
pub(super) fn dense(shape: &[usize], offset: usize) -> Parts {
    (shape.to_vec(), contiguous(shape), offset)
}

pub(super) fn describe((shape, strides, offset): &Parts) -> String {
    format!("Layout {{ shape: {shape:?}, strides: {strides:?}, offset: {offset} }}")
}

/// The layout stretched to `shape`; repeated dimensions get stride 0, or 1 times their own.
pub(super) fn stretched(start: &Parts, shape: &[usize], kept: usize) -> Option<Parts> {
    let missing = shape.len().checked_sub(start.0.len())?;
    let mut strides = vec![0; missing];
    for ((&wanted, &have), &stride) in shape.iter().skip(missing).zip(&start.0).zip(&start.1) {
        if have != wanted && have != 1 {
            return None;
        }
        strides.push(if have == wanted { stride } else { stride * kept });
    }
    Some((shape.to_vec(), strides, start.2))
}

/// The mistake of matching dimensions from the first one.
pub(super) fn first_aligned(start: &Parts, shape: &[usize]) -> Option<Parts> {
    let turned = |list: &[usize]| list.iter().rev().copied().collect::<Vec<_>>();
    let backwards = (turned(&start.0), turned(&start.1), start.2);
    let (shape, strides, offset) = stretched(&backwards, &turned(shape), 0)?;
    Some((turned(&shape), turned(&strides), offset))
}

/// The answer by trying: strides follow from the cells of the first elements, or there are none.
pub(super) fn restrided(start: &Parts, shape: &[usize]) -> Option<Parts> {
    if len(shape) != len(&start.0) {
        return None;
    }
    let all = reads(start).cells;
    let Some(first) = all.first() else { return Some(dense(shape, start.2)) };
    let stride = |(&length, step): (&usize, usize)| match length {
        0 | 1 => Some(0),
        _ => all.get(step)?.checked_sub(*first),
    };
    let steps = contiguous(shape);
    let strides: Vec<usize> = shape.iter().zip(steps).map(stride).collect::<Option<_>>()?;
    let view = (shape.to_vec(), strides, start.2);
    (reads(&view).cells == all).then_some(view)
}

/// A layout that was sliced and turned, and a shape with as many elements.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_sign_loss,
    reason = "sixteen numbers are drawn, from 0 on; all other places are remainders by a length"
)]
pub(super) fn drawn(seed: u64) -> (Parts, Vec<usize>) {
    let luck = sample::tokens(seed, 16, 1 << 16);
    let pick = |i: usize, list: &[usize]| list[luck[i] as usize % list.len()];
    let rank = pick(0, &[2, 3, 4]);
    let lengths: Vec<usize> = (0..rank).map(|d| pick(1 + d, &[1, 2, 2, 3, 4, 6])).collect();
    // Room for a cut at the end of one dimension, perhaps.
    let mut room = lengths.clone();
    room[luck[5] as usize % rank] += pick(6, &[0, 0, 1, 2]);
    let mut view = (lengths, contiguous(&room), pick(7, &[0, 11]));
    if pick(8, &[0, 0, 1]) == 1 {
        let (a, b) = (luck[9] as usize % rank, luck[10] as usize % rank);
        view.0.swap(a, b);
        view.1.swap(a, b);
    }
    // The new shape: the old one with two neighbours joined, then perhaps one dimension cut.
    let mut shape = view.0.clone();
    let at = luck[11] as usize % (rank - 1);
    let joined = shape.remove(at) * shape[at];
    shape[at] = joined;
    let cut = luck[12] as usize % shape.len();
    let by = pick(13, &[1, 2, 3, 4]);
    if shape[cut] % by == 0 {
        shape[cut] /= by;
        shape.insert(cut + luck[14] as usize % 2, by);
    }
    (view, shape)
}

#[cfg(test)]
mod tests {
    use super::reads;

    #[test]
    fn a_layout_of_any_size_can_be_looked_at() {
        for shape in [vec![usize::MAX, 2, 0], vec![usize::MAX, usize::MAX], vec![1 << 32, 1 << 32]]
        {
            let strides = vec![usize::MAX; shape.len()];
            assert!(reads(&(shape, strides, usize::MAX)).cells.is_empty());
        }
    }
}
