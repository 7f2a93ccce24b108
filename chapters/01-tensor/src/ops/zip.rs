use crate::{DType, Error, Layout, Result, Tensor, broadcast_shapes, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

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
    /// `a / b`; of integers cut off towards 0
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

static ZIP: Kernel =
    Kernel::new("zip/1_naive", "zip", &[Access::Read, Access::Read, Access::Write])
        .cuda(strata_kernels::source("zip/1_naive"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("zip/1_naive"), strata_shaders::INCLUDES)
        .cpu(cpu::zip)
        .rust(cpu_text!("chapters/01-tensor" / "src/cpu/elementwise.rs", zip));

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "zip",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&ZIP],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| Ok(vec![launch(&ZIP, a)]),
    }],
};

// region: plan
fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let merged = Layout::collapse(&[a.a.layout().clone(), a.b.layout().clone()]);
    let n = a.out.numel();
    let (left, from_a) = a.a.bind();
    let (right, from_b) = a.b.bind();
    let read = a.a.layout().extent() + a.b.layout().extent();
    Launch::new(kernel)
        .bind(&left)
        .bind(&right)
        .bind(&a.out.flat())
        .sizes(&merged[0].shape, 8, 1)
        .sizes(&merged[0].strides, 8, 0)
        .sizes(&merged[1].strides, 8, 0)
        .size(n)
        .size(merged[0].shape.len())
        .size(from_a)
        .size(from_b)
        .cover(n, 256)
        .rounds(8)
        .constant("OP", a.op as u32)
        .cost(n as f64, 4.0 * (n + read) as f64)
}
// end: plan

static INTEGERS: Kernel = Kernel::new(
    "zip_integers/1_naive",
    "zip_integers",
    &[Access::Read, Access::Read, Access::Write],
)
.cuda(strata_kernels::source("zip_integers/1_naive"), strata_kernels::INCLUDES)
.wgsl(strata_shaders::source("zip_integers/1_naive"), strata_shaders::INCLUDES)
.cpu(cpu::zip_integers)
.rust(cpu_text!("chapters/01-tensor" / "src/cpu/integers.rs", zip_integers));

pub(super) static INTEGERS_LADDER: Ladder<Args> = Ladder {
    op: "zip_integers",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&INTEGERS],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let signed = u32::from(a.a.dtype() == DType::I32);
            Ok(vec![launch(&INTEGERS, a).constant("SIGNED", signed)])
        },
    }],
};

/// `op` applied to every pair of elements of two tensors, broadcast to one shape: of f32, of i32 or of
/// u32. The result has the same dtype, that of a comparison f32.
///
/// # Errors
/// The shapes do not broadcast; two dtypes, or one of 16 bits; `pow` of integers, `rem` of floats;
/// different devices; the device fails.
pub fn zip(op: Zip, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let name = op.name();
    let refused = |want, got: &Tensor| Err(Error::DType { op: name, want, got: got.dtype() });
    let beside = match (a.dtype(), op) {
        (DType::F32, Zip::Rem) => return refused("i32 or u32", a),
        (DType::I32 | DType::U32, Zip::Pow) => return refused("f32", a),
        (DType::F32, _) => "f32",
        (DType::I32, _) => "i32 beside i32",
        (DType::U32, _) => "u32 beside u32",
        (_, Zip::Pow) => return refused("f32", a),
        (_, Zip::Rem) => return refused("i32 or u32", a),
        _ => return refused("f32, i32 or u32", a),
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
        let ladder = if a.dtype() == DType::F32 { &LADDER } else { &INTEGERS_LADDER };
        ladder.run(&Args { op, a, b, out: out.clone() }, out.device())?;
    }
    Ok(out)
}
