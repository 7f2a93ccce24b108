//! The ops that choose, split and gather, as methods.
use crate::{Result, Tensor};

impl Tensor {
    /// With this tensor as the condition: elements of `a` where it is not 0, of `b` elsewhere, all three
    /// broadcast to one shape. PyTorch's `where`. The condition holds floats (NaN is true, -0 is not) or
    /// integers; `a` and `b` have one dtype, which is the result's.
    ///
    /// # Errors
    /// As [`choose`](super::choose()).
    #[doc(alias = "where")]
    pub fn choose(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        super::choose(self, a, b)
    }

    /// The part of each matrix (the last two dimensions) on and below a diagonal, 0 above it; diagonal 0
    /// is the main one, 1 the one above it, -1 the one below.
    ///
    /// # Errors
    /// As [`tril`](super::tril()).
    pub fn tril(&self, diagonal: isize) -> Result<Tensor> {
        super::tril(self, diagonal)
    }

    /// The part of each matrix on and above a diagonal, 0 below it.
    ///
    /// # Errors
    /// As [`triu`](super::triu()).
    pub fn triu(&self, diagonal: isize) -> Result<Tensor> {
        super::triu(self, diagonal)
    }

    /// For each of these ids a row of `classes` numbers, 1 at the id and 0 elsewhere: \[...\] becomes f32
    /// of \[..., classes\]. NaN for an id that is no class.
    ///
    /// # Errors
    /// As [`one_hot`](super::one_hot()).
    pub fn one_hot(&self, classes: usize) -> Result<Tensor> {
        super::one_hot(self, classes)
    }

    /// Elements picked along dimension `d`, with the index's shape: for `d` = 1
    /// `out[i, j, k] = self[i, index[i, j, k], k]`. An index outside gives NaN, or all bits set.
    ///
    /// # Errors
    /// As [`gather`](super::gather()).
    pub fn gather(&self, d: usize, index: &Tensor) -> Result<Tensor> {
        super::gather(self, d, index)
    }

    /// A copy with the elements of `src` added where the index says: for `d` = 1
    /// `out[i, index[i, j, k], k] += src[i, j, k]`, in the same order every time. An index outside makes
    /// the first element of its column NaN.
    ///
    /// # Errors
    /// As [`scatter_add`](super::scatter_add()).
    pub fn scatter_add(&self, d: usize, index: &Tensor, src: &Tensor) -> Result<Tensor> {
        super::scatter_add(self, d, index, src)
    }
}
