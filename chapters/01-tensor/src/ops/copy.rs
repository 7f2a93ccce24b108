use crate::{Error, Layout, Result, Tensor, cpu};
use strata_device::{Bits, Ladder, Rung, kernel};

/// A copy between two layouts of one shape.
#[derive(Debug)]
pub(super) struct Args {
    src: Tensor,
    dst: Tensor,
}

kernel! {
    pub(crate) mod move_elements {
        bindings { src: read Bits, dst: write Bits }
        params {
            shape: [usize; 8],
            from_strides: [usize; 8],
            to_strides: [usize; 8],
            n: usize,
            rank: usize,
            from_offset: usize,
            to_offset: usize,
        }
    }
    static NAIVE = "copy/1_naive"(copy) { cuda, wgsl, cpu: cpu::copy in "src/cpu/copy.rs" }
}

kernel! {
    mod move_words {
        bindings { src: read Bits, dst: write Bits }
        params {
            /// Whole words of 4 bytes.
            words: usize,
            /// Whether half a word follows: an odd number of 16-bit elements.
            odd: bool,
        }
    }
    // The CPU has no such rung: naive finds out by itself that its rows are one, and copies that.
    static VECTORIZED = "copy/2_vectorized"(copy) { cuda, wgsl }
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "copy",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| {
            let merged = Layout::collapse(&[a.src.layout().clone(), a.dst.layout().clone()]);
            let (src, from_offset) = a.src.binding_and_offset();
            let (dst, to_offset) = a.dst.binding_and_offset();
            let n = a.src.numel();
            let params = move_elements::Params {
                shape: merged[0].padded_shape(),
                from_strides: merged[0].padded_strides(),
                to_strides: merged[1].padded_strides(),
                n,
                rank: merged[0].shape.len(),
                from_offset,
                to_offset,
            };
            // WGSL's 16-bit elements share a word: one invocation writes both.
            Ok(vec![
                NAIVE
                    .launch(move_elements::Bindings { src, dst }, params)
                    .cover(n, 256)
                    .rounds(8)
                    .constant("SIZE", a.src.dtype().size() as u32)
                    .cost(0.0, (2 * a.src.nbytes()) as f64),
            ])
        }),
        Rung::new("2_vectorized", &[&VECTORIZED], |a: &Args, _| {
            let bytes = a.src.nbytes();
            let (words, odd) = (bytes / 4, !bytes.is_multiple_of(4));
            let (src, dst) = (a.src.binding_by_16(), a.dst.binding_by_16());
            Ok(vec![
                VECTORIZED
                    .launch(move_words::Bindings { src, dst }, move_words::Params { words, odd })
                    .cover((words + usize::from(odd)).div_ceil(4), 256)
                    .rounds(4)
                    .cost(0.0, (2 * bytes) as f64),
            ])
        })
        .accepts(|a| [&a.src, &a.dst].iter().all(|t| t.is_contiguous() && t.is_aligned())),
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
