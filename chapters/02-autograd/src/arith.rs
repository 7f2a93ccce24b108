//! Arithmetic, element by element. Each of these fails if shapes do not broadcast, if a dtype has no
//! rung, or if the device fails; what else can go wrong stands with the function.
use crate::Var;
use strata_device::{MaybeSend, MaybeSync};
use strata_tensor::ops::{Map, Zip, map, zip};
use strata_tensor::{DType, Result, Tensor};

/// The reverse of broadcasting: sums the dimensions along which `grad` was stretched from `shape`.
pub fn sum_to(grad: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if grad.shape() == shape {
        return Ok(grad.clone());
    }
    let missing = grad.rank() - shape.len();
    let dims: Vec<usize> = (0..grad.rank())
        .filter(|&d| d < missing || (shape[d - missing] == 1 && grad.shape()[d] != 1))
        .collect();
    grad.sum(&dims, true)?.reshape(shape)
}

/// The inputs that an op's result has slopes for: none where it computes with integers.
pub(crate) fn smooth<'a>(x: &Tensor, inputs: &'a [&'a Var]) -> &'a [&'a Var] {
    if matches!(x.dtype(), DType::I32 | DType::U32) { &[] } else { inputs }
}

/// `g` where the answer of a comparison, which is f32, is not 0.
fn where_so(g: &Tensor, answer: &Tensor) -> Result<Tensor> {
    g.keep(&answer.cast(g.dtype())?)
}

impl Var {
    fn pair(
        op: Zip,
        a: &Var,
        b: &Var,
        da: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + MaybeSend + MaybeSync + 'static,
        db: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + MaybeSend + MaybeSync + 'static,
    ) -> Result<Var> {
        let out = zip(op, a.value(), b.value())?;
        let (x, y) = (a.value().clone(), b.value().clone());
        let inputs = [a, b];
        Ok(Var::from_op(op.name(), out, smooth(&x, &inputs), move |grad, grads| {
            if grads.wants(0) {
                grads.add(0, sum_to(&da(grad, &x, &y)?, x.shape())?)?;
            }
            if grads.wants(1) {
                grads.add(1, sum_to(&db(grad, &x, &y)?, y.shape())?)?;
            }
            Ok(())
        }))
    }

    /// `a + b`, broadcast.
    pub fn add(&self, other: &Var) -> Result<Var> {
        Var::pair(Zip::Add, self, other, |g, _, _| Ok(g.clone()), |g, _, _| Ok(g.clone()))
    }

    /// `a - b`, broadcast.
    pub fn sub(&self, other: &Var) -> Result<Var> {
        Var::pair(Zip::Sub, self, other, |g, _, _| Ok(g.clone()), |g, _, _| g.neg())
    }

    /// `a * b`, element by element, broadcast.
    pub fn mul(&self, other: &Var) -> Result<Var> {
        Var::pair(Zip::Mul, self, other, |g, _, y| g.mul(y), |g, x, _| g.mul(x))
    }

    /// `a / b`, broadcast. d/da = 1/b, d/db = -a/b².
    pub fn div(&self, other: &Var) -> Result<Var> {
        // Divided twice: the square of a small b is 0.
        let db = |g: &Tensor, x: &Tensor, y: &Tensor| g.mul(&x.div(y)?.div(y)?)?.neg();
        Var::pair(Zip::Div, self, other, |g, _, y| g.div(y), db)
    }

    /// The larger of each pair, broadcast; where they are equal the gradient goes to `other`.
    pub fn maximum(&self, other: &Var) -> Result<Var> {
        let da = |g: &Tensor, x: &Tensor, y: &Tensor| where_so(g, &x.gt(y)?);
        let db = |g: &Tensor, x: &Tensor, y: &Tensor| where_so(g, &x.gt(y)?.affine(-1.0, 1.0)?);
        Var::pair(Zip::Max, self, other, da, db)
    }

    /// The smaller of each pair, broadcast; where they are equal the gradient goes to `other`.
    pub fn minimum(&self, other: &Var) -> Result<Var> {
        let da = |g: &Tensor, x: &Tensor, y: &Tensor| where_so(g, &y.gt(x)?);
        let db = |g: &Tensor, x: &Tensor, y: &Tensor| where_so(g, &y.gt(x)?.affine(-1.0, 1.0)?);
        Var::pair(Zip::Min, self, other, da, db)
    }

    /// `a^b`, broadcast. d/da = b·a^(b-1), and 0 where b is 0; d/db = a^b·ln a, and 0 where a is 0
    /// and b is not negative: there the formulas have 0 times infinity.
    pub fn pow(&self, other: &Var) -> Result<Var> {
        let da = |g: &Tensor, x: &Tensor, y: &Tensor| {
            g.mul(&y.mul(&zip(Zip::Pow, x, &y.affine(1.0, -1.0)?)?)?)?.keep(y)
        };
        let db = |g: &Tensor, x: &Tensor, y: &Tensor| {
            let zero = Tensor::zeros(x.device(), x.dtype(), &[])?;
            let flat = x.eq(&zero)?.mul(&zero.gt(y)?.affine(-1.0, 1.0)?)?;
            let slope = zip(Zip::Pow, x, y)?.mul(&x.log()?)?;
            where_so(&g.mul(&slope)?, &flat.affine(-1.0, 1.0)?)
        };
        Var::pair(Zip::Pow, self, other, da, db)
    }

    /// A function of one element; `slope` gets (gradient, input, output).
    fn single(
        &self,
        name: &'static str,
        (op, alpha, beta): (Map, f32, f32),
        slope: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + MaybeSend + MaybeSync + 'static,
    ) -> Result<Var> {
        let out = map(op, self.value(), alpha, beta)?;
        let (x, y) = (self.value().clone(), out.clone());
        Ok(Var::from_op(name, out, &[self], move |grad, grads| grads.add(0, slope(grad, &x, &y)?)))
    }

    /// `alpha * x + beta`.
    pub fn affine(&self, alpha: f32, beta: f32) -> Result<Var> {
        self.single("affine", (Map::Affine, alpha, beta), move |g, _, _| g.affine(alpha, 0.0))
    }

    /// `-x`.
    pub fn neg(&self) -> Result<Var> {
        self.affine(-1.0, -0.0)
    }

    /// `e^x`, its own derivative.
    pub fn exp(&self) -> Result<Var> {
        self.single("exp", (Map::Exp, 0.0, 0.0), |g, _, y| g.mul(y))
    }

    /// Natural logarithm; d/dx = 1/x.
    pub fn log(&self) -> Result<Var> {
        self.single("log", (Map::Log, 0.0, 0.0), |g, x, _| g.div(x))
    }

    /// Square root; d/dx = 1/(2√x).
    pub fn sqrt(&self) -> Result<Var> {
        self.single("sqrt", (Map::Sqrt, 0.0, 0.0), |g, _, y| g.div(&y.affine(2.0, 0.0)?))
    }

    /// `x²`; d/dx = 2x.
    pub fn square(&self) -> Result<Var> {
        self.single("square", (Map::Square, 0.0, 0.0), |g, x, _| g.mul(x)?.affine(2.0, 0.0))
    }

    /// Hyperbolic tangent; d/dx = 1 - y².
    pub fn tanh(&self) -> Result<Var> {
        self.single("tanh", (Map::Tanh, 0.0, 0.0), |g, _, y| g.mul(&y.square()?.affine(-1.0, 1.0)?))
    }

    /// `max(x, 0)`; d/dx = 1 for x > 0, else 0.
    pub fn relu(&self) -> Result<Var> {
        self.single("relu", (Map::Relu, 0.0, 0.0), |g, x, _| g.keep(&x.step(0.0)?))
    }

    /// `1 / (1 + e^-x)`; d/dx = y(1 - y).
    pub fn sigmoid(&self) -> Result<Var> {
        self.single("sigmoid", (Map::Sigmoid, 0.0, 0.0), |g, _, y| {
            g.mul(&y.mul(&y.affine(-1.0, 1.0)?)?)
        })
    }

    /// `|x|`; d/dx is the sign of x, 0 at 0.
    pub fn abs(&self) -> Result<Var> {
        self.single("abs", (Map::Abs, 0.0, 0.0), |g, x, _| {
            g.mul(&x.step(0.0)?.sub(&x.neg()?.step(0.0)?)?)
        })
    }

    /// Sine; d/dx = cos x.
    pub fn sin(&self) -> Result<Var> {
        self.single("sin", (Map::Sin, 0.0, 0.0), |g, x, _| g.mul(&x.cos()?))
    }

    /// Cosine; d/dx = -sin x.
    pub fn cos(&self) -> Result<Var> {
        self.single("cos", (Map::Cos, 0.0, 0.0), |g, x, _| g.mul(&x.sin()?)?.neg())
    }

    /// `1 / x`; d/dx = -1/x².
    pub fn recip(&self) -> Result<Var> {
        self.single("recip", (Map::Recip, 0.0, 0.0), |g, _, y| g.mul(&y.square()?)?.neg())
    }

    /// `x` held between `low` and `high`; d/dx = 1 from bound to bound, else 0.
    ///
    /// # Errors
    /// A dtype that has no rung; `low` above `high`, or either is NaN.
    pub fn clamp(&self, low: f32, high: f32) -> Result<Var> {
        // What lies inside, the bounds included, is what came through as it was.
        self.single("clamp", (Map::Clamp, low, high), |g, x, y| where_so(g, &x.eq(y)?))
    }

    /// `x^exponent`; d/dx = exponent · x^(exponent-1), and 0 for the exponent 0.
    pub fn powf(&self, exponent: f32) -> Result<Var> {
        self.single("powf", (Map::Pow, exponent, 0.0), move |g, x, _| match exponent == 0.0 {
            true => Tensor::zeros(g.device(), g.dtype(), g.shape()),
            false => g.mul(&x.powf(exponent - 1.0)?.affine(exponent, 0.0)?),
        })
    }
}
