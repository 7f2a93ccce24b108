use crate::{Error, Layout, Result, Tensor, bytes_of, cpu};
use std::cmp::Ordering;
use strata_device::{Ladder, Launch, Rung, Stored, kernel};

/// A function of one element; `alpha` and `beta` are its parameters where it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Map {
    /// `alpha * x + beta`
    Affine = 0,
    /// `e^x`
    Exp = 1,
    /// natural logarithm
    Log = 2,
    /// square root
    Sqrt = 3,
    /// hyperbolic tangent
    Tanh = 4,
    /// `max(x, 0)`; NaN for NaN
    Relu = 5,
    /// `1 / (1 + e^-x)`
    Sigmoid = 6,
    /// `|x|`
    Abs = 7,
    /// `1 / x`
    Recip = 8,
    /// `x * x`
    Square = 9,
    /// `x^alpha`, as C's `pow`
    Pow = 10,
    /// sine
    Sin = 11,
    /// cosine
    Cos = 12,
    /// `x` held between `alpha` and `beta`, of which the first must not be larger
    Clamp = 13,
    /// 1 where `x > alpha`, else 0
    Step = 14,
    /// 1 where `x` is not a number, else 0
    IsNan = 15,
}

impl Map {
    /// The op's name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Map::Affine => "affine",
            Map::Exp => "exp",
            Map::Log => "log",
            Map::Sqrt => "sqrt",
            Map::Tanh => "tanh",
            Map::Relu => "relu",
            Map::Sigmoid => "sigmoid",
            Map::Abs => "abs",
            Map::Recip => "recip",
            Map::Square => "square",
            Map::Pow => "powf",
            Map::Sin => "sin",
            Map::Cos => "cos",
            Map::Clamp => "clamp",
            Map::Step => "step",
            Map::IsNan => "isnan",
        }
    }
}

#[derive(Debug)]
pub(super) struct Args {
    op: Map,
    alpha: f32,
    beta: f32,
    input: Tensor,
    out: Tensor,
}

kernel! {
    pub(crate) mod elements {
        bindings { x: read Stored, out: write Stored }
        params {
            shape: [usize; 8],
            strides: [usize; 8],
            n: usize,
            rank: usize,
            offset: usize,
            alpha: f32,
            beta: f32,
        }
    }
    static MAP = "map/1_naive"(map) { cuda, wgsl, cpu: cpu::map in "src/cpu/elementwise.rs" }
}

fn launch(a: &Args) -> Launch {
    let merged = &Layout::collapse(&[a.input.layout().clone()])[0];
    let n = a.input.numel();
    let (x, offset) = a.input.binding_and_offset();
    let params = elements::Params {
        shape: merged.padded_shape(),
        strides: merged.padded_strides(),
        n,
        rank: merged.shape.len(),
        offset,
        alpha: a.alpha,
        beta: a.beta,
    };
    MAP.launch(elements::Bindings { x, out: a.out.binding() }, params)
        .cover(n, 256)
        .rounds(18)
        .constant("OP", a.op as u32)
        .cost(n as f64, bytes_of([&a.input, &a.out]))
}

pub(super) static LADDER: Ladder<Args> =
    Ladder { op: "map", rungs: &[Rung::new("1_naive", &[&MAP], |a, _| Ok(vec![launch(a)]))] };

/// `op` applied to every element of a tensor of floats, of any layout.
///
/// # Errors
/// A dtype that has no rung; clamp's bounds are NaN or the wrong way round; the device fails.
pub fn map(op: Map, input: &Tensor, alpha: f32, beta: f32) -> Result<Tensor> {
    input.expect_float(op.name())?;
    if op == Map::Clamp && alpha.partial_cmp(&beta).is_none_or(Ordering::is_gt) {
        let reason = format!("the lower bound {alpha} must not be above the upper bound {beta}");
        return Err(Error::value(op.name(), reason));
    }
    let out = Tensor::empty_for(op.name(), input.device(), input.dtype(), input.shape())?;
    if input.numel() > 0 {
        let args = Args { op, alpha, beta, input: input.clone(), out: out.clone() };
        LADDER.run(&args, input.device()).map_err(|error| error.named(op.name()))?;
    }
    Ok(out)
}
