//! The ops as methods, so that `a.add(&b)?` reads as it would in PyTorch.
use super::{Map, Reduce, Zip, map, reduce, zip};
use crate::{DType, Result, Tensor};

macro_rules! maps {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// A dtype that has no rung; the device fails.
        pub fn $name(&self) -> Result<Tensor> {
            map(Map::$op, self, 0.0, 0.0)
        }
    )*};
}

macro_rules! zips {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// As [`zip`](super::zip()): the shapes do not broadcast; two dtypes, or one that has no
        /// rung; different devices.
        pub fn $name(&self, other: &Tensor) -> Result<Tensor> {
            zip(Zip::$op, self, other)
        }
    )*};
}

impl Tensor {
    maps! {
        /// `e^x` of every element.
        exp => Exp;
        /// The natural logarithm of every element.
        log => Log;
        /// The square root of every element.
        sqrt => Sqrt;
        /// The hyperbolic tangent of every element.
        tanh => Tanh;
        /// `max(x, 0)` of every element; NaN stays NaN.
        relu => Relu;
        /// `1 / (1 + e^-x)` of every element.
        sigmoid => Sigmoid;
        /// `|x|` of every element.
        abs => Abs;
        /// `1 / x` of every element.
        recip => Recip;
        /// `x * x` of every element.
        square => Square;
        /// The sine of every element.
        sin => Sin;
        /// The cosine of every element.
        cos => Cos;
        /// 1 where an element is not a number, else 0.
        isnan => IsNan;
    }

    zips! {
        /// `a + b`, broadcast.
        add => Add;
        /// `a - b`, broadcast.
        sub => Sub;
        /// `a * b`, element by element, broadcast.
        mul => Mul;
        /// `a / b`, broadcast. Integers are truncated towards 0; one over 0 is itself.
        div => Div;
        /// The larger of each pair, broadcast; NaN where either is.
        maximum => Max;
        /// The smaller of each pair, broadcast; NaN where either is.
        minimum => Min;
        /// What `a / b` leaves of integers, with the sign of `a`, broadcast; 0 where `b` is 0.
        rem => Rem;
        /// 1 where `a == b`, else 0, as f32, broadcast.
        eq => Eq;
        /// 1 where `a != b`, also where either is NaN, else 0, as f32, broadcast.
        ne => Ne;
        /// 1 where `a < b`, else 0, as f32, broadcast.
        lt => Lt;
        /// 1 where `a <= b`, else 0, as f32, broadcast.
        le => Le;
        /// 1 where `a > b`, else 0, as f32, broadcast.
        gt => Gt;
        /// 1 where `a >= b`, else 0, as f32, broadcast.
        ge => Ge;
        /// `a` where `b` is not 0, else 0, broadcast: what is left out leaves no NaN behind, as 0
        /// times infinity would.
        keep => Keep;
    }

    /// `alpha * x + beta` of every element.
    ///
    /// # Errors
    /// A dtype that has no rung; the device fails.
    pub fn affine(&self, alpha: f32, beta: f32) -> Result<Tensor> {
        map(Map::Affine, self, alpha, beta)
    }

    /// `-x` of every element.
    ///
    /// # Errors
    /// A dtype that has no rung; the device fails.
    pub fn neg(&self) -> Result<Tensor> {
        // Plus -0: only that leaves both zeros as they are.
        self.affine(-1.0, -0.0)
    }

    /// `x^exponent` of every element, as C's `pow`: NaN where x is negative and the exponent is not whole.
    ///
    /// # Errors
    /// A dtype that has no rung; the device fails.
    pub fn powf(&self, exponent: f32) -> Result<Tensor> {
        map(Map::Pow, self, exponent, 0.0)
    }

    /// Every element held between `low` and `high`; NaN stays NaN.
    ///
    /// # Errors
    /// A dtype that has no rung; `low` above `high`, or either is NaN; the device fails.
    pub fn clamp(&self, low: f32, high: f32) -> Result<Tensor> {
        map(Map::Clamp, self, low, high)
    }

    /// 1 where `x > threshold`, else 0.
    ///
    /// # Errors
    /// A dtype that has no rung; the device fails.
    pub fn step(&self, threshold: f32) -> Result<Tensor> {
        map(Map::Step, self, threshold, 0.0)
    }

    /// The sum over `dims`; kept as 1 if `keepdim`.
    ///
    /// # Errors
    /// A dimension that is not there.
    pub fn sum(&self, dims: &[usize], keepdim: bool) -> Result<Tensor> {
        reduce(Reduce::Sum, self, dims, keepdim, 1.0)
    }

    /// The mean over `dims`; kept as 1 if `keepdim`. NaN of none, which is 0 / 0.
    ///
    /// # Errors
    /// A dimension that is not there.
    pub fn mean(&self, dims: &[usize], keepdim: bool) -> Result<Tensor> {
        let sizes = dims.iter().filter_map(|&d| self.shape().get(d));
        let n = sizes.fold(1usize, |n, &d| n.saturating_mul(d));
        reduce(Reduce::Sum, self, dims, keepdim, 1.0 / n as f32)
    }

    /// The largest element over `dims`; kept as 1 if `keepdim`. NaN where there is one, -inf of none.
    ///
    /// # Errors
    /// A dimension that is not there.
    pub fn max(&self, dims: &[usize], keepdim: bool) -> Result<Tensor> {
        reduce(Reduce::Max, self, dims, keepdim, 1.0)
    }

    /// The smallest element over `dims`; kept as 1 if `keepdim`. NaN where there is one, inf of none.
    ///
    /// # Errors
    /// A dimension that is not there.
    pub fn min(&self, dims: &[usize], keepdim: bool) -> Result<Tensor> {
        reduce(Reduce::Min, self, dims, keepdim, 1.0)
    }

    /// The sum of all elements, as a tensor of shape `[]`.
    ///
    /// # Errors
    /// A dtype that has no rung; the device fails.
    pub fn sum_all(&self) -> Result<Tensor> {
        self.sum(&(0..self.rank()).collect::<Vec<_>>(), false)
    }

    /// The index of the largest element along the last dimension, as u32: the first of equals, or
    /// the first NaN.
    ///
    /// # Errors
    /// A last dimension of 0.
    pub fn argmax(&self) -> Result<Tensor> {
        super::argmax(self)
    }

    /// The sums of all elements up to each one along dimension `d`, itself included.
    ///
    /// # Errors
    /// As [`cumsum`](super::cumsum).
    pub fn cumsum(&self, d: usize) -> Result<Tensor> {
        super::cumsum(self, d, false)
    }

    /// The `k` largest elements of each row, the largest first, and their places.
    ///
    /// # Errors
    /// As [`topk`](super::topk).
    pub fn topk(&self, k: usize) -> Result<(Tensor, Tensor)> {
        super::topk(self, k)
    }

    /// Places of each row, drawn by these weights.
    ///
    /// # Errors
    /// As [`multinomial`](super::multinomial).
    pub fn multinomial(&self, draws: usize, seed: u64, replacement: bool) -> Result<Tensor> {
        super::multinomial(self, draws, seed, replacement)
    }

    /// The elements converted to another dtype.
    ///
    /// # Errors
    /// The device fails.
    pub fn cast(&self, dtype: DType) -> Result<Tensor> {
        super::cast(self, dtype)
    }
}
