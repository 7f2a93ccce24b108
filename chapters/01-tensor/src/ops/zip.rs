use crate::{DType, Layout, Result, Tensor, broadcast_shapes, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

/// A function of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Zip {
    /// `a + b`
    Add = 0,
    /// `a - b`
    Sub = 1,
    /// `a * b`
    Mul = 2,
    /// `a / b`
    Div = 3,
    /// the larger; NaN if either is
    Max = 4,
    /// the smaller; NaN if either is
    Min = 5,
    /// `a^b`, as C's `pow`
    Pow = 6,
    /// 1 where `a == b`, else 0
    Eq = 7,
    /// 1 where `a > b`, else 0
    Gt = 8,
    /// `a` where `b` is not 0, else 0. Left out, not multiplied: no infinity and no NaN comes through
    Keep = 9,
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
        }
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
        plan: |a, _| {
            // region: plan
            let merged = Layout::collapse(&[a.a.layout().clone(), a.b.layout().clone()]);
            let n = a.out.numel();
            let (left, from_a) = a.a.bind();
            let (right, from_b) = a.b.bind();
            let read = a.a.layout().extent() + a.b.layout().extent();
            Ok(vec![
                Launch::new(&ZIP)
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
                    .cost(n as f64, 4.0 * (n + read) as f64),
            ])
            // end: plan
        },
    }],
};

/// `op` applied to every pair of elements of two f32 tensors, broadcast to one shape.
///
/// # Errors
/// The shapes do not broadcast; not f32; different devices; the device fails.
pub fn zip(op: Zip, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let name = op.name();
    a.expect_dtype(name, DType::F32)?;
    b.expect_dtype(name, DType::F32)?;
    a.same_device(name, b)?;
    let shape = broadcast_shapes(name, a.shape(), b.shape())?;
    let (a, b) = (a.broadcast_to(&shape)?, b.broadcast_to(&shape)?);
    let out = Tensor::empty_for(name, a.device(), DType::F32, &shape)?;
    if out.numel() > 0 {
        LADDER.run(&Args { op, a, b, out: out.clone() }, out.device())?;
    }
    Ok(out)
}
