use crate::{DType, Error, Layout, Result, Tensor, broadcast_shapes, cpu};
use strata_device::{Bits32, Ladder, Launch, Outcome, Rung, Slice, Stored, kernel};

/// A function of two elements: floats, or integers of one kind. Comparisons give f32, all others the
/// operands' dtype.
///
/// Integers wrap around. Where a quotient has no value, all machines follow WGSL: `x / 0` is `x` and
/// `x % 0` is 0; of i32, the least number over -1 is itself, and leaves 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Zip {
    /// `a + b`
    Add = 0,
    /// `a - b`
    Sub = 1,
    /// `a * b`
    Mul = 2,
    /// `a / b`; of integers truncated towards 0
    Div = 3,
    /// the larger; NaN if either is
    Max = 4,
    /// the smaller; NaN if either is
    Min = 5,
    /// `a^b`, as C's `pow`; floats only
    Pow = 6,
    /// 1 where `a == b`, else 0
    Eq = 7,
    /// 1 where `a > b`, else 0
    Gt = 8,
    /// `a` where `b` is not 0, else 0. Left out, not multiplied: no infinity and no NaN comes through
    Keep = 9,
    /// 1 where `a != b`, also where either is NaN; else 0
    Ne = 10,
    /// 1 where `a < b`, else 0
    Lt = 11,
    /// 1 where `a <= b`, else 0
    Le = 12,
    /// 1 where `a >= b`, else 0
    Ge = 13,
    /// What `a / b` leaves, with the sign of `a`; integers only
    Rem = 14,
}

impl Zip {
    /// The op's name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Zip::Add => "add",
            Zip::Sub => "sub",
            Zip::Mul => "mul",
            Zip::Div => "div",
            Zip::Max => "maximum",
            Zip::Min => "minimum",
            Zip::Pow => "pow",
            Zip::Eq => "eq",
            Zip::Gt => "gt",
            Zip::Keep => "keep",
            Zip::Ne => "ne",
            Zip::Lt => "lt",
            Zip::Le => "le",
            Zip::Ge => "ge",
            Zip::Rem => "rem",
        }
    }

    /// Whether it asks a question, which is answered by 1 or 0 as f32.
    pub const fn compares(self) -> bool {
        matches!(self, Zip::Eq | Zip::Gt | Zip::Ne | Zip::Lt | Zip::Le | Zip::Ge)
    }
}

#[derive(Debug)]
pub(super) struct Args {
    op: Zip,
    a: Tensor,
    b: Tensor,
    out: Tensor,
}

kernel! {
    pub(crate) mod pairs {
        bindings { a: read Stored, b: read Stored, out: write Outcome }
        params {
            shape: [usize; 8],
            a_strides: [usize; 8],
            b_strides: [usize; 8],
            n: usize,
            rank: usize,
            a_offset: usize,
            b_offset: usize,
        }
    }
    static ZIP = "zip/1_naive"(zip) { cuda, wgsl, cpu: cpu::zip in "src/cpu/elementwise.rs" }
}

// region: plan
fn launch(args: &Args) -> Launch {
    let (params, a, b) = ways(args);
    count(ZIP.launch(pairs::Bindings { a, b, out: args.out.binding() }, params), args)
}

/// How the kernel finds each pair, and the memory of both.
fn ways(args: &Args) -> (pairs::Params, Slice, Slice) {
    // Dimensions that lie side by side in both become one.
    let merged = Layout::collapse(&[args.a.layout().clone(), args.b.layout().clone()]);
    let (a, a_offset) = args.a.binding_and_offset();
    let (b, b_offset) = args.b.binding_and_offset();
    let params = pairs::Params {
        shape: merged[0].padded_shape(),
        a_strides: merged[0].padded_strides(),
        b_strides: merged[1].padded_strides(),
        n: args.out.numel(),
        rank: merged[0].shape.len(),
        a_offset,
        b_offset,
    };
    (params, a, b)
}

/// An invocation for each pair.
fn count(launch: Launch, args: &Args) -> Launch {
    let n = args.out.numel();
    let read = [&args.a, &args.b].map(|t| t.layout().extent() * t.dtype().size());
    launch
        .cover(n, 256)
        .rounds(8)
        .constant("OP", args.op as u32)
        .cost(n as f64, (args.out.nbytes() + read[0] + read[1]) as f64)
}
// end: plan

pub(super) static LADDER: Ladder<Args> =
    Ladder { op: "zip", rungs: &[Rung::new("1_naive", &[&ZIP], |a, _| Ok(vec![launch(a)]))] };

kernel! {
    pub(crate) mod integers {
        bindings { a: read u32, b: read u32, out: write Bits32 }
        params of pairs
    }
    static INTEGERS = "zip_integers/1_naive"(zip_integers) {
        cuda, wgsl, cpu: cpu::zip_integers in "src/cpu/integers.rs"
    }
}

fn launch_integers(args: &Args) -> Launch {
    let (params, a, b) = ways(args);
    let launch = INTEGERS.launch(integers::Bindings { a, b, out: args.out.binding() }, params);
    count(launch, args).constant("SIGNED", u32::from(args.a.dtype() == DType::I32))
}

pub(super) static INTEGERS_LADDER: Ladder<Args> = Ladder {
    op: "zip_integers",
    rungs: &[Rung::new("1_naive", &[&INTEGERS], |a, _| Ok(vec![launch_integers(a)]))],
};

/// `op` applied to every pair of elements of two tensors, broadcast to one shape: floats, i32 or
/// u32. The result has the same dtype, that of a comparison f32.
///
/// # Errors
/// The shapes do not broadcast; two dtypes, or one that has no rung; `pow` of integers, `rem` of
/// floats; different devices; the device fails.
pub fn zip(op: Zip, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let name = op.name();
    let refused = |want, got: &Tensor| Err(Error::DType { op: name, want, got: got.dtype() });
    let beside = match (a.dtype(), op) {
        (DType::I32 | DType::U32, Zip::Pow) => return refused("floats", a),
        (DType::I32, _) => "i32 beside i32",
        (DType::U32, _) => "u32 beside u32",
        (_, Zip::Rem) => return refused("i32 or u32", a),
        (DType::F32, _) => "f32 beside f32",
        (DType::BF16, _) => "bf16 beside bf16",
        (DType::F16, _) => "f16 beside f16",
    };
    if a.dtype() != b.dtype() {
        return refused(beside, b);
    }
    a.same_device(name, b)?;
    let shape = broadcast_shapes(name, a.shape(), b.shape())?;
    let (a, b) = (a.broadcast_to(&shape)?, b.broadcast_to(&shape)?);
    let dtype = if op.compares() { DType::F32 } else { a.dtype() };
    let out = Tensor::empty_for(name, a.device(), dtype, &shape)?;
    if out.numel() > 0 {
        let ladder = if a.dtype().is_float() { &LADDER } else { &INTEGERS_LADDER };
        let args = Args { op, a, b, out: out.clone() };
        ladder.run(&args, out.device()).map_err(|error| error.named(name))?;
    }
    Ok(out)
}
