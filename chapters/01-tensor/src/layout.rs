use crate::{Error, Result};

/// The most dimensions a strided kernel walks.
pub const MAX_RANK: usize = 6;

/// Where each element of a tensor lies in its buffer: element (i, j, …) is at
/// `offset + i·strides[0] + j·strides[1] + …`, all counted in elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Elements along each dimension.
    pub shape: Vec<usize>,
    /// Steps between neighbors along each dimension; 0 repeats one element (broadcasting).
    pub strides: Vec<usize>,
    /// The first element.
    pub offset: usize,
}

/// The most elements a tensor may have. Kernels count them with 32 bits, and a loop that goes on by a
/// whole grid, 65,535 workgroups of 256, must come out behind the last one without wrapping around.
pub const MAX_ELEMENTS: usize = 0xff00_0000;

/// The number of elements of a shape.
///
/// # Errors
/// More than [`MAX_ELEMENTS`].
pub fn numel(op: &'static str, shape: &[usize]) -> Result<usize> {
    // A zero anywhere makes the tensor empty, however large the other dimensions are.
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1usize, |n, &d| n.checked_mul(d))
        .filter(|&n| n <= MAX_ELEMENTS)
        .ok_or_else(|| Error::Overflow { op, shape: shape.to_vec() })
}

impl Layout {
    /// Row-major: the last dimension's neighbors lie side by side.
    pub fn contiguous(shape: &[usize]) -> Self {
        let mut strides = vec![1usize; shape.len()];
        for d in (1..shape.len()).rev() {
            // An empty tensor may have any other lengths; its strides are never followed.
            strides[d - 1] = strides[d].saturating_mul(shape[d].max(1));
        }
        Layout { shape: shape.to_vec(), strides, offset: 0 }
    }

    /// The shape as kernels take it: eight sizes, of which those beyond the rank are 1.
    pub fn padded_shape(&self) -> [usize; 8] {
        std::array::from_fn(|d| self.shape.get(d).copied().unwrap_or(1))
    }

    /// The strides as kernels take them: eight, of which those beyond the rank are 0.
    pub fn padded_strides(&self) -> [usize; 8] {
        std::array::from_fn(|d| self.strides.get(d).copied().unwrap_or(0))
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        // As in the free function: the other dimensions of an empty tensor may overflow.
        match self.shape.contains(&0) {
            true => 0,
            false => self.shape.iter().fold(1, |n, &d| n.saturating_mul(d)),
        }
    }

    /// Whether the elements lie side by side in row-major order (the offset does not matter).
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1usize;
        self.numel() == 0
            || self.shape.iter().zip(&self.strides).rev().all(|(&d, &s)| {
                let fits = d == 1 || s == expected;
                expected = d.saturating_mul(expected);
                fits
            })
    }

    /// Elements from the first to one past the last; `usize::MAX` where no integer holds it.
    pub fn extent(&self) -> usize {
        if self.numel() == 0 {
            return 0;
        }
        let spans = self.shape.iter().zip(&self.strides).map(|(d, s)| (d - 1).saturating_mul(*s));
        spans.fold(1, usize::saturating_add)
    }

    /// Whether two indices may show one element, as in a broadcast view: such a tensor can be read,
    /// not written.
    pub fn overlaps(&self) -> bool {
        let mut spans: Vec<_> =
            self.shape.iter().zip(&self.strides).filter(|(d, _)| **d > 1).collect();
        spans.sort_by_key(|(_, s)| **s);
        // Each stride must step over everything that the smaller ones reach.
        let mut reach = 0usize;
        self.numel() > 0
            && spans.into_iter().any(|(&d, &s)| {
                let short = s <= reach;
                reach = reach.saturating_add((d - 1).saturating_mul(s));
                short
            })
    }

    /// The same elements with dimensions merged where memory allows it: a kernel that walks fewer
    /// dimensions divides less. All layouts of `many` are merged alike.
    pub fn collapse(many: &[Layout]) -> Vec<Layout> {
        let mut out: Vec<Layout> = many
            .iter()
            .map(|l| Layout { shape: vec![], strides: vec![], offset: l.offset })
            .collect();
        let Some(first) = many.first() else { return out };
        for d in 0..first.shape.len() {
            let size = first.shape[d];
            if size == 1 {
                continue;
            }
            let joins = !out[0].shape.is_empty()
                && many.iter().zip(&out).all(|(l, o)| {
                    let below = l.strides[d].saturating_mul(size);
                    o.strides.last().is_some_and(|&stride| stride == below)
                });
            for (l, o) in many.iter().zip(&mut out) {
                match (joins, o.shape.last_mut(), o.strides.last_mut()) {
                    (true, Some(last), Some(stride)) => {
                        *last = last.saturating_mul(size);
                        *stride = l.strides[d];
                    }
                    _ => {
                        o.shape.push(size);
                        o.strides.push(l.strides[d]);
                    }
                }
            }
        }
        out
    }
}

/// The shape that both shapes broadcast to: dimensions are matched from the last; 1 stretches.
///
/// # Errors
/// Two dimensions differ and neither is 1.
pub fn broadcast_shapes(op: &'static str, a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], d: usize| {
        let missing = rank - s.len();
        if d < missing { 1 } else { s[d - missing] }
    };
    (0..rank)
        .map(|d| match (at(a, d), at(b, d)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            (x, y) => Err(Error::shape(
                op,
                &[a, b],
                format!("the shapes do not broadcast: {x} against {y} in dimension {d}"),
            )),
        })
        .collect()
}
