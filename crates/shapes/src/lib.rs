//! Proptest strategies for the shapes that kernels trip over.
//!
//! Tiles are powers of two; tests written by hand are too. These strategies prefer what lies just
//! beside: one less, one more, odd, one-long, and empty.

use proptest::prelude::*;
use proptest::sample::select;

/// Lengths worth trying: small ones, those around tile sizes, odd ones in between.
const LENGTHS: [usize; 24] =
    [1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 24, 31, 32, 33, 47, 63, 64, 65, 100, 127, 128, 129];

/// A length from 1 to `most` (at least 1 is drawn): ragged, odd, one-long.
pub fn length(most: usize) -> BoxedStrategy<usize> {
    let telling: Vec<usize> = LENGTHS.into_iter().filter(|&n| n <= most.max(1)).collect();
    prop_oneof![3 => select(telling), 1 => 1..=most.max(1)].boxed()
}

/// Like [`length`], and now and then 0.
pub fn length_or_empty(most: usize) -> BoxedStrategy<usize> {
    prop_oneof![1 => Just(0), 15 => length(most)].boxed()
}

/// A shape of rank 0 to `rank`, each length up to `most`, with at most `elements` elements. Lengths
/// beyond that are clamped rather than drawn again, so that the strategy never gives up.
pub fn shape(rank: usize, most: usize, elements: usize) -> BoxedStrategy<Vec<usize>> {
    prop::collection::vec(length_or_empty(most), 0..=rank)
        .prop_map(move |shape| fit(shape, elements))
        .boxed()
}

/// Like [`shape`], of rank 1 to `rank` and without empty axes.
pub fn full_shape(rank: usize, most: usize, elements: usize) -> BoxedStrategy<Vec<usize>> {
    prop::collection::vec(length(most), 1..=rank.max(1))
        .prop_map(move |shape| fit(shape, elements))
        .boxed()
}

/// Clamps lengths so that the product is at most `elements`. Shrinking keeps working, since the map
/// is monotone.
fn fit(mut shape: Vec<usize>, elements: usize) -> Vec<usize> {
    let mut room = elements.max(1);
    for length in &mut shape {
        *length = (*length).min(room);
        room /= (*length).max(1);
    }
    shape
}

/// Two shapes that broadcast: each is the result's shape with some axes made 1 and some leading
/// ones left out. The result has rank up to `rank` and at most `elements` elements.
pub fn broadcast_pair(
    rank: usize,
    most: usize,
    elements: usize,
) -> BoxedStrategy<(Vec<usize>, Vec<usize>)> {
    shape(rank, most, elements)
        .prop_flat_map(|result| {
            let rank = result.len();
            // For each axis: 0 and 1 keep it on both sides, 2 makes it 1 on the left, 3 on the right.
            let ones = prop::collection::vec(0..4u8, rank);
            (Just(result), ones, any::<bool>(), 0..=rank)
        })
        .prop_map(|(result, ones, left, dropped)| {
            let side = |one: u8, dropped: usize| -> Vec<usize> {
                let lengths =
                    result.iter().zip(&ones).map(|(&n, &kind)| if kind == one { 1 } else { n });
                lengths.skip(dropped).collect()
            };
            let (a, b) = if left { (dropped, 0) } else { (0, dropped) };
            (side(2, a), side(3, b))
        })
        .boxed()
}

/// A view of a buffer: what a strided kernel is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Length of the buffer behind it, in elements.
    pub storage: usize,
    /// The view's shape.
    pub shape: Vec<usize>,
    /// Strides in elements; 0 where the view repeats itself.
    pub strides: Vec<usize>,
    /// Where the first element lies.
    pub offset: usize,
}

/// A view that has been sliced, transposed and broadcast, of rank 1 to `rank`, with at most
/// `elements` elements in view and eight times as many behind it.
pub fn view(rank: usize, most: usize, elements: usize) -> BoxedStrategy<View> {
    full_shape(rank, most, elements)
        .prop_flat_map(|shape| {
            let rank = shape.len();
            let order = Just((0..rank).collect::<Vec<usize>>()).prop_shuffle();
            // One axis may be a slice of a longer one, and each may be a repetition.
            let repeated = prop::collection::vec(prop::bool::weighted(0.2), rank);
            (Just(shape), order, repeated, 0..rank, 0..4usize, 0..4usize)
        })
        .prop_map(|(shape, order, repeated, sliced, before, after)| {
            // The dense buffer: axes in the order of `order`, the sliced axis longer by the margins.
            let mut strides = vec![0; shape.len()];
            let mut storage = 1;
            let mut offset = 0;
            for &axis in order.iter().rev().filter(|&&axis| !repeated[axis]) {
                strides[axis] = storage;
                let margin = if axis == sliced { before + after } else { 0 };
                if axis == sliced {
                    offset = before * storage;
                }
                storage *= shape[axis] + margin;
            }
            View { storage, shape, strides, offset }
        })
        .boxed()
}

/// What to multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// How many products.
    pub batch: usize,
    /// Rows of the result.
    pub m: usize,
    /// Columns of the result.
    pub n: usize,
    /// Terms of each sum.
    pub k: usize,
    /// The left matrix is stored transposed.
    pub trans_a: bool,
    /// The right matrix is stored transposed.
    pub trans_b: bool,
}

/// A matrix multiply with up to 3 products and lengths up to `most`, any of which may be 0.
pub fn matmul(most: usize) -> BoxedStrategy<Product> {
    (
        1..=3usize,
        length_or_empty(most),
        length_or_empty(most),
        length_or_empty(most),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(batch, m, n, k, trans_a, trans_b)| Product { batch, m, n, k, trans_a, trans_b })
        .boxed()
}

/// Rows and columns of a row-wise op (softmax, layer norm), neither of them 0.
pub fn rows(most_rows: usize, most_cols: usize) -> BoxedStrategy<(usize, usize)> {
    (length(most_rows), length(most_cols)).boxed()
}
