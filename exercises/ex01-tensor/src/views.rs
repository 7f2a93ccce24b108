//! Views: another way to look at the same cells.
//!
//! Transposing, slicing and broadcasting move no number. They write a new shape, new strides and a
//! new offset, and the kernel that reads does the rest. Only reshape is picky: sometimes no strides
//! say what is asked for, and then somebody has to copy.
#![allow(unused, unreachable_code, clippy::all)]

/// Where each element of a tensor lies: element (i, j, ..) is in cell
/// `offset + i * strides[0] + j * strides[1] + ..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Elements along each dimension.
    pub shape: Vec<usize>,
    /// Cells from an element to its neighbor along each dimension.
    pub strides: Vec<usize>,
    /// The cell of the first element.
    pub offset: usize,
}

impl Layout {
    /// Dimensions `a` and `b` exchanged.
    pub fn transpose(&self, a: usize, b: usize) -> Layout {
        let mut view = self.clone();
        // TODO, about 2 lines: What changes places, and what stays?
        todo!("exchange the dimensions in view");
        view
    }

    /// `len` elements along dimension `d`: the first is number `start`, the others follow at every
    /// `step`-th. They are all there.
    pub fn slice(&self, d: usize, start: usize, len: usize, step: usize) -> Layout {
        let mut view = self.clone();
        // TODO, about 3 lines: Where is the first element now, how many are there, and how
        //   far apart are they?
        todo!("change offset, shape[d] and strides[d] of view");
        view
    }

    /// Stretched to `shape`: dimensions that are missing in front are added, those of length 1 are
    /// repeated. `None` if a dimension is neither 1 nor what is asked for, or if there are too many.
    pub fn broadcast_to(&self, shape: &[usize]) -> Option<Layout> {
        let missing = shape.len().checked_sub(self.shape.len())?;
        // TODO, about 8 lines: Which stride shows the same cell over and over?
        todo!("strides for every dimension of shape, then the new layout")
    }

    /// The same elements in the same row-major order under another shape, without moving any; `None`
    /// if the number of elements is another, or if no strides can say it.
    pub fn reshape(&self, shape: &[usize]) -> Option<Layout> {
        if shape.iter().product::<usize>() != self.shape.iter().product() {
            return None;
        }
        if shape.contains(&0) {
            // Nothing is ever read: any strides will do.
            return Some(Layout {
                shape: shape.to_vec(),
                strides: vec![0; shape.len()],
                offset: 0,
            });
        }
        // Runs of dimensions that memory cannot tell from one longer dimension, as (length, stride).
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let dimensions = self.shape.iter().zip(&self.strides);
        for (&length, &stride) in dimensions.filter(|&(&length, _)| length > 1) {
            // TODO, about 6 lines: Push the dimension to runs, or let it join the last run if
            //   that one's stride steps over just this dimension.
            todo!("join the last run, or begin a new one");
        }
        let mut strides = vec![0; shape.len()];
        let mut d = shape.len();
        for &(length, stride) in runs.iter().rev() {
            // TODO, about 10 lines: Cut this run into dimensions of the new shape, from the
            //   last one on: shape[d - 1] gets the stride, what is before it a longer one. A dimension
            //   that does not fit into what is left of the run cannot be said.
            todo!("cut the run into whole dimensions, or return None");
        }
        Some(Layout { shape: shape.to_vec(), strides, offset: self.offset })
    }
}
