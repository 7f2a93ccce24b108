use crate::{DType, Error, Layout, Result, Tensor, broadcast_shapes, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

const OP: &str = "where";

#[derive(Debug)]
pub(super) struct Args {
    cond: Tensor,
    a: Tensor,
    b: Tensor,
    out: Tensor,
}

static CHOOSE: Kernel = Kernel::new(
    "where/1_naive",
    "choose",
    &[Access::Read, Access::Read, Access::Read, Access::Write],
)
.cuda(strata_kernels::source("where/1_naive"), strata_kernels::INCLUDES)
.wgsl(strata_shaders::source("where/1_naive"), strata_shaders::INCLUDES)
.cpu(cpu::choose)
.rust(cpu_text!("chapters/01-tensor" / "src/cpu/choose.rs", choose));

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: OP,
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&CHOOSE],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let layouts = [&a.cond, &a.a, &a.b].map(|t| t.layout().clone());
            let merged = Layout::collapse(&layouts);
            let n = a.out.numel();
            let [(cond, from), (left, from_a), (right, from_b)] =
                [&a.cond, &a.a, &a.b].map(Tensor::bind);
            let read: usize = layouts.iter().map(Layout::extent).sum();
            Ok(vec![
                Launch::new(&CHOOSE)
                    .bind(&cond)
                    .bind(&left)
                    .bind(&right)
                    .bind(&a.out.flat())
                    .sizes(&merged[0].shape, 8, 1)
                    .sizes(&merged[0].strides, 8, 0)
                    .sizes(&merged[1].strides, 8, 0)
                    .sizes(&merged[2].strides, 8, 0)
                    .size(n)
                    .size(merged[0].shape.len())
                    .size(from)
                    .size(from_a)
                    .size(from_b)
                    .size(if a.cond.dtype() == DType::F32 { 0x7fff_ffff } else { 0xffff_ffff })
                    .cover(n, 256)
                    .rounds(8)
                    .cost(0.0, 4.0 * (n + read) as f64),
            ])
        },
    }],
};

/// Elements of `a` where `cond` is not 0, of `b` elsewhere, all three broadcast to one shape:
/// PyTorch's `where`, a word that Rust keeps for itself. NaN is not 0, -0 is. The bits that are chosen
/// come through unchanged, and nothing of those that are not.
///
/// # Errors
/// The shapes do not broadcast; `cond` or `a` is none of f32, i32 and u32; `b` has another dtype than
/// `a`; different devices; the device fails.
pub fn choose(cond: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    cond.expect_word(OP)?;
    a.expect_word(OP)?;
    b.expect_dtype(OP, a.dtype())?;
    cond.same_device(OP, a)?;
    cond.same_device(OP, b)?;
    let shape = broadcast_shapes(OP, a.shape(), b.shape())?;
    let shape = broadcast_shapes(OP, cond.shape(), &shape)?;
    let [cond, a, b] = [cond, a, b].map(|t| t.broadcast_to(&shape));
    let (cond, a, b) = (cond?, a?, b?);
    let out = Tensor::empty_for(OP, a.device(), a.dtype(), &shape)?;
    if out.numel() > 0 {
        LADDER.run(&Args { cond, a, b, out: out.clone() }, out.device())?;
    }
    Ok(out)
}

impl Tensor {
    /// Checks that the elements have 32 bits.
    pub(super) fn expect_word(&self, op: &'static str) -> Result<()> {
        match self.dtype().size() {
            4 => Ok(()),
            _ => Err(Error::DType { op, want: "f32, i32 or u32", got: self.dtype() }),
        }
    }

    /// Checks that the elements are integers, for what counts or names something.
    pub(super) fn expect_integers(&self, op: &'static str) -> Result<()> {
        match self.dtype() {
            DType::I32 | DType::U32 => Ok(()),
            got => Err(Error::DType { op, want: "i32 or u32", got }),
        }
    }

    /// The first index that is outside of `size`, as words are compared: a negative i32 is above all
    /// that are not.
    pub(super) fn first_outside(&self, size: usize) -> usize {
        if self.dtype() == DType::I32 { size.min(1 << 31) } else { size }
    }
}
