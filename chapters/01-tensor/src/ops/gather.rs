use crate::{DType, Error, Layout, Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

const OP: &str = "gather";

/// `input` has the index's shape, and a step of 0 along the gathered dimension.
#[derive(Debug)]
pub(super) struct Args {
    input: Layout,
    x: Tensor,
    d: usize,
    index: Tensor,
    out: Tensor,
}

static NAIVE: Kernel =
    Kernel::new("gather/1_naive", "gather", &[Access::Read, Access::Read, Access::Write])
        .cuda(strata_kernels::source("gather/1_naive"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("gather/1_naive"), strata_shaders::INCLUDES)
        .cpu(cpu::gather)
        .rust(cpu_text!("chapters/01-tensor" / "src/cpu/gather.rs", gather));

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: OP,
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&NAIVE],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let merged = Layout::collapse(&[a.input.clone(), a.index.layout().clone()]);
            let n = a.out.numel();
            let (x, from) = a.x.bind();
            let (index, first) = a.index.bind();
            Ok(vec![
                Launch::new(&NAIVE)
                    .bind(&x)
                    .bind(&index)
                    .bind(&a.out.flat())
                    .sizes(&merged[0].shape, 8, 1)
                    .sizes(&merged[0].strides, 8, 0)
                    .sizes(&merged[1].strides, 8, 0)
                    .size(n)
                    .size(merged[0].shape.len())
                    .size(from)
                    .size(first)
                    .size(a.index.first_outside(a.x.shape()[a.d]))
                    .size(a.x.strides()[a.d])
                    .size(missing(a.x.dtype()) as usize)
                    .cover(n, 256)
                    .rounds(8)
                    .cost(0.0, 12.0 * n as f64),
            ])
        },
    }],
};

/// The bits of an element that is not there: NaN, or all of them.
fn missing(dtype: DType) -> u32 {
    if dtype == DType::F32 { f32::NAN.to_bits() } else { u32::MAX }
}

/// Checks an index along dimension `d` of a tensor: as many dimensions, and of all but `d` no more
/// elements.
pub(super) fn fits(op: &'static str, x: &Tensor, d: usize, index: &Tensor) -> Result<()> {
    x.dim(op, d)?;
    index.expect_integers(op)?;
    x.same_device(op, index)?;
    let fail = |reason: String| Err(Error::shape(op, &[x.shape(), index.shape()], reason));
    if index.rank() != x.rank() {
        return fail("the index has another number of dimensions than the tensor".into());
    }
    let longer = |&e: &usize| e != d && index.shape()[e] > x.shape()[e];
    match (0..x.rank()).find(longer) {
        Some(e) => fail(format!("the index is longer than the tensor in dimension {e}")),
        None => Ok(()),
    }
}

/// Elements of `x` picked along dimension `d`: the result has the index's shape, and its element at
/// (i, j, k) is, for `d` = 1, `x[i, index[i, j, k], k]`. The index is u32 or i32, has as many dimensions
/// as `x`, and may be shorter in the others than `d`. An index outside, a negative one among them, reads
/// nothing and gives NaN in f32, all bits set in integers: -1 of i32, 4,294,967,295 of u32.
///
/// # Errors
/// Shapes that do not fit; an index that is not u32 or i32; a tensor of 16 bits; different devices; the
/// device fails.
pub fn gather(x: &Tensor, d: usize, index: &Tensor) -> Result<Tensor> {
    x.expect_word(OP)?;
    fits(OP, x, d, index)?;
    let out = Tensor::empty_for(OP, x.device(), x.dtype(), index.shape())?;
    if out.numel() == 0 {
        return Ok(out);
    }
    if x.numel() == 0 {
        super::fill_bits(&out, missing(x.dtype()))?;
        return Ok(out);
    }
    let mut input = Layout { shape: index.shape().to_vec(), ..x.layout().clone() };
    input.strides[d] = 0;
    LADDER.run(
        &Args { input, x: x.clone(), d, index: index.clone(), out: out.clone() },
        out.device(),
    )?;
    Ok(out)
}
