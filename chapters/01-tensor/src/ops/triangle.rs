use crate::{Error, Layout, Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

#[derive(Debug)]
pub(super) struct Args {
    upper: bool,
    diagonal: isize,
    input: Tensor,
    out: Tensor,
}

static NAIVE: Kernel = Kernel::new("triangle/1_naive", "triangle", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("triangle/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("triangle/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::triangle)
    .rust(cpu_text!("chapters/01-tensor" / "src/cpu/choose.rs", triangle));

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "triangle",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&NAIVE],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let (shape, strides) = (a.input.shape(), a.input.strides());
            let outer = shape.len().saturating_sub(2);
            let batch = Layout {
                shape: shape[..outer].to_vec(),
                strides: strides[..outer].to_vec(),
                offset: 0,
            };
            let batch = Layout::collapse(&[batch]).swap_remove(0);
            let shape = [&batch.shape[..], &shape[outer..]].concat();
            let strides = [&batch.strides[..], &strides[outer..]].concat();
            // Beyond the last row or column nothing changes. Both sums that the kernel makes of a place
            // and a shift are below rows + columns, which fits 32 bits as their product does.
            let (rows, columns) = (a.input.shape()[outer], a.input.shape()[outer + 1]);
            let shift = a.diagonal.unsigned_abs();
            let (right, down) = match a.diagonal >= 0 {
                true => (shift.min(columns), 0),
                false => (0, shift.min(rows)),
            };
            let n = a.out.numel();
            let (input, offset) = a.input.bind();
            Ok(vec![
                Launch::new(&NAIVE)
                    .bind(&input)
                    .bind(&a.out.flat())
                    .sizes(&shape, 8, 1)
                    .sizes(&strides, 8, 0)
                    .size(n)
                    .size(shape.len())
                    .size(offset)
                    .size(right)
                    .size(down)
                    .cover(n, 256)
                    .rounds(8)
                    .constant("UPPER", u32::from(a.upper))
                    .cost(0.0, 6.0 * n as f64),
            ])
        },
    }],
};

/// The part of each matrix (the last two dimensions) on and below a diagonal; 0 above it. Diagonal 0 is
/// the main one, 1 the one above it, -1 the one below.
///
/// # Errors
/// Fewer than two dimensions; not f32, i32 or u32; the device fails.
pub fn tril(input: &Tensor, diagonal: isize) -> Result<Tensor> {
    cut("tril", input, diagonal, false)
}

/// The part of each matrix on and above a diagonal, as [`tril`] counts them; 0 below it.
///
/// # Errors
/// As [`tril`].
pub fn triu(input: &Tensor, diagonal: isize) -> Result<Tensor> {
    cut("triu", input, diagonal, true)
}

fn cut(op: &'static str, input: &Tensor, diagonal: isize, upper: bool) -> Result<Tensor> {
    input.expect_word(op)?;
    if input.rank() < 2 {
        return Err(Error::shape(op, &[input.shape()], "a matrix has two dimensions"));
    }
    let out = Tensor::empty_for(op, input.device(), input.dtype(), input.shape())?;
    if out.numel() > 0 {
        let args = Args { upper, diagonal, input: input.clone(), out: out.clone() };
        LADDER.run(&args, out.device())?;
    }
    Ok(out)
}
