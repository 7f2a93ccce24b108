use crate::{DType, Error, Layout, Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung};

/// How many elements become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Reduce {
    /// their sum; 0 of none
    Sum = 0,
    /// the largest; -inf of none
    Max = 1,
    /// the smallest; inf of none
    Min = 2,
}

/// `input` is permuted so that the reduced dimensions come last.
#[derive(Debug)]
pub(super) struct Args {
    op: Reduce,
    input: Tensor,
    /// Dimensions that stay: the first ones.
    kept: usize,
    scale: f32,
    out: Tensor,
}

static NAIVE: Kernel = Kernel::new("reduce/1_naive", "reduce", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("reduce/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("reduce/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::reduce);

fn launch(kernel: &'static Kernel, a: &Args) -> Result<Launch, strata_device::Error> {
    let part = |from: usize, to: usize| {
        let layout = Layout {
            shape: a.input.shape()[from..to].to_vec(),
            strides: a.input.strides()[from..to].to_vec(),
            offset: 0,
        };
        Layout::collapse(&[layout]).swap_remove(0)
    };
    let (outer, inner) = (part(0, a.kept), part(a.kept, a.input.rank()));
    let shape = [outer.shape.clone(), inner.shape.clone()].concat();
    let strides = [outer.strides, inner.strides].concat();
    let n = a.out.numel();
    let k: usize = inner.shape.iter().product();
    let (input, offset) = a.input.bind();
    let out = a.out.bind().0;
    Ok(Launch::new(kernel)
        .bind(&input)
        .bind(&out)
        .sizes(&shape, 8, 1)
        .sizes(&strides, 8, 0)
        .size(n)
        .size(k)
        .size(outer.shape.len())
        .size(shape.len())
        .size(offset)
        .float(a.scale)
        .constant("OP", a.op as u32)
        .cost((n * k) as f64, 4.0 * (n * k + n) as f64))
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "reduce",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&NAIVE],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| Ok(vec![launch(&NAIVE, a)?.cover(a.out.numel(), 256)]),
    }],
};

/// Reduces the dimensions `dims` of an f32 tensor, then multiplies by `scale` (1/n makes a sum a
/// mean). Reduced dimensions stay as 1 if `keepdim`.
///
/// # Errors
/// A dimension that is not there or named twice; not f32.
pub fn reduce(op: Reduce, input: &Tensor, dims: &[usize], keepdim: bool, scale: f32) -> Result<Tensor> {
    input.expect_dtype("reduce", DType::F32)?;
    let mut gone = vec![false; input.rank()];
    for &d in dims {
        input.dim("reduce", d)?;
        if std::mem::replace(&mut gone[d], true) {
            let reason = format!("dimension {d} is named twice");
            return Err(Error::shape("reduce", &[input.shape()], reason));
        }
    }
    let order: Vec<usize> =
        (0..input.rank()).filter(|&d| !gone[d]).chain((0..input.rank()).filter(|&d| gone[d])).collect();
    let kept = input.rank() - dims.len();
    let sorted = input.permute(&order)?;
    let shape: Vec<usize> = (0..input.rank())
        .filter(|&d| keepdim || !gone[d])
        .map(|d| if gone[d] { 1 } else { input.shape()[d] })
        .collect();
    let out = Tensor::empty(input.device(), DType::F32, &shape)?;
    if out.numel() == 0 {
        return Ok(out);
    }
    if input.numel() == 0 {
        let empty = [0.0, f32::NEG_INFINITY, f32::INFINITY][op as usize];
        super::fill_bits(&out, (empty * if op == Reduce::Sum { 1.0 } else { scale }).to_bits())?;
        return Ok(out);
    }
    LADDER.run(&Args { op, input: sorted, kept, scale, out: out.clone() }, out.device())?;
    Ok(out)
}
