//! From an index to a place in memory and back.
//!
//! Memory is one long row of cells. A tensor of shape [2, 3] is a promise about that row: element
//! (i, j) lies in cell `offset + i * strides[0] + j * strides[1]`. In row-major order the last
//! dimension's neighbors lie side by side, and every other stride is the size of what it steps over.
#![allow(unused, unreachable_code, clippy::all)]

/// The row-major strides of a shape: `contiguous(&[2, 3, 4])` is `[12, 4, 1]`.
pub fn contiguous(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    // TODO, about 3 lines: The last stride is there. How many cells does a step along the
    //   dimension before it pass over, and one along the dimension before that?
    todo!("fill strides from the last dimension to the first");
    strides
}

/// The cell of the element at `index`, which has as many numbers as there are strides.
pub fn position(index: &[usize], strides: &[usize], offset: usize) -> usize {
    // TODO, about 1 line: How many steps along each dimension, and how long is each?
    todo!("the cell of the element")
}

/// The index of the element that comes `flat`-th in row-major order: `index(5, &[2, 3])` is `[1, 2]`.
/// `flat` lies inside the shape.
pub fn index(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    // TODO, about 5 lines: Which dimension's number changes with every step? It is what a
    //   division leaves over; the quotient is for the dimensions before it.
    todo!("take flat apart by dividing");
    index
}

/// The shape that two shapes broadcast to, or `None` if they do not. Dimensions are matched from the
/// last one; where one shape has no more of them it counts as 1; a 1 stretches to whatever it meets.
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let mut shape = vec![1; rank];
    // TODO, about 8 lines: Fill shape. `?` and `return None` both work in here.
    todo!("match the dimensions from the last one");
    Some(shape)
}
