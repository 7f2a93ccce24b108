use crate::{Error, Layout, Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

/// A copy between two layouts of one shape.
#[derive(Debug)]
pub(super) struct Args {
    src: Tensor,
    dst: Tensor,
}

const BINDINGS: &[Access] = &[Access::Read, Access::Write];

static NAIVE: Kernel = Kernel::new("copy/1_naive", "copy", BINDINGS)
    .cuda(strata_kernels::source("copy/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("copy/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::copy)
    .rust(cpu_text!("chapters/01-tensor" / "src/cpu/copy.rs", copy));

// The CPU has no such rung: naive finds out by itself that its rows are one, and copies that.
static VECTORIZED: Kernel = Kernel::new("copy/2_vectorized", "copy", BINDINGS)
    .cuda(strata_kernels::source("copy/2_vectorized"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("copy/2_vectorized"), strata_shaders::INCLUDES);

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "copy",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, _| {
                let merged = Layout::collapse(&[a.src.layout().clone(), a.dst.layout().clone()]);
                let (src, from) = a.src.bind();
                let (dst, to) = a.dst.bind();
                let (n, size) = (a.src.numel(), a.src.dtype().size());
                // WGSL's 16-bit elements share a word: one invocation writes both.
                Ok(vec![
                    Launch::new(&NAIVE)
                        .bind(&src)
                        .bind(&dst)
                        .sizes(&merged[0].shape, 8, 1)
                        .sizes(&merged[0].strides, 8, 0)
                        .sizes(&merged[1].strides, 8, 0)
                        .size(n)
                        .size(merged[0].shape.len())
                        .size(from)
                        .size(to)
                        .cover(n, 256)
                        .rounds(8)
                        .constant("SIZE", size as u32)
                        .cost(0.0, (2 * n * size) as f64),
                ])
            },
        },
        Rung {
            name: "2_vectorized",
            kernels: &[&VECTORIZED],
            needs: Needs::NONE,
            accepts: |a| [&a.src, &a.dst].iter().all(|t| t.is_contiguous() && t.is_aligned()),
            plan: |a, _| {
                let bytes = a.src.numel() * a.src.dtype().size();
                let (words, odd) = (bytes / 4, usize::from(bytes % 4 > 0));
                Ok(vec![
                    Launch::new(&VECTORIZED)
                        .bind(&a.src.in_sixteens())
                        .bind(&a.dst.in_sixteens())
                        .size(words)
                        .size(odd)
                        .cover((words + odd).div_ceil(4), 256)
                        .rounds(4)
                        .cost(0.0, (2 * bytes) as f64),
                ])
            },
        },
    ],
};

/// A contiguous copy in new memory.
///
/// # Errors
/// The device fails.
pub fn copy(src: &Tensor) -> Result<Tensor> {
    let dst = Tensor::empty_for("copy", src.device(), src.dtype(), src.shape())?;
    copy_into(src, &dst)?;
    Ok(dst)
}

/// Copies into an existing tensor or view of the same shape and dtype, in other memory.
///
/// # Errors
/// Shapes, dtypes or devices differ; source and destination share a buffer; a destination that shows
/// an element twice (a broadcast view); a 16-bit destination that is not contiguous or does not start
/// at a multiple of 256 bytes.
pub fn copy_into(src: &Tensor, dst: &Tensor) -> Result<()> {
    src.same_device("copy", dst)?;
    dst.expect_dtype("copy", src.dtype())?;
    if src.shape() != dst.shape() {
        return Err(Error::shape("copy", &[src.shape(), dst.shape()], "the shapes differ"));
    }
    if src.numel() == 0 {
        return Ok(());
    }
    if dst.layout().overlaps() {
        let reason = format!("strides {:?} show an element twice", dst.strides());
        return Err(Error::shape("copy", &[dst.shape()], reason));
    }
    if src.dtype().size() == 2 && !(dst.is_contiguous() && dst.is_aligned()) {
        let reason = "a 16-bit destination must be contiguous and start at a multiple of 256 bytes";
        return Err(Error::shape("copy", &[dst.shape()], reason));
    }
    let args = Args { src: src.clone(), dst: dst.clone() };
    Ok(LADDER.run(&args, src.device())?)
}
