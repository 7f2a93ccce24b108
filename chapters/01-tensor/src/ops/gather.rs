use crate::{DType, Error, Layout, Result, Tensor, bytes_of, cpu};
use strata_device::{Bits32, Ladder, Rung, kernel};

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

kernel! {
    pub(crate) mod pick {
        bindings { x: read Bits32, index: read u32, out: write Bits32 }
        params {
            shape: [usize; 8],
            x_strides: [usize; 8],
            index_strides: [usize; 8],
            n: usize,
            rank: usize,
            x_offset: usize,
            index_offset: usize,
            /// An index from here on is outside: of i32, what is negative comes last.
            known: usize,
            /// From one to the next along the gathered dimension of x.
            step: usize,
            /// The bits of an element that is not there.
            missing: u32,
        }
    }
    static NAIVE = "gather/1_naive"(gather) { cuda, wgsl, cpu: cpu::gather in "src/cpu/gather.rs" }
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: OP,
    rungs: &[Rung::new("1_naive", &[&NAIVE], |a, _| {
        let merged = Layout::collapse(&[a.input.clone(), a.index.layout().clone()]);
        let n = a.out.numel();
        let (x, x_offset) = a.x.binding_and_offset();
        let (index, index_offset) = a.index.binding_and_offset();
        let params = pick::Params {
            shape: merged[0].padded_shape(),
            x_strides: merged[0].padded_strides(),
            index_strides: merged[1].padded_strides(),
            n,
            rank: merged[0].shape.len(),
            x_offset,
            index_offset,
            known: a.index.first_outside(a.x.shape()[a.d]),
            step: a.x.strides()[a.d],
            missing: missing(a.x.dtype()),
        };
        Ok(vec![
            NAIVE
                .launch(pick::Bindings { x, index, out: a.out.binding() }, params)
                .cover(n, 256)
                .rounds(8)
                .cost(0.0, bytes_of([&a.index, &a.out, &a.out])),
        ])
    })],
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
/// nothing and gives NaN in floats, all bits set in integers: -1 of i32, 4,294,967,295 of u32.
///
/// # Errors
/// Shapes that do not fit; an index that is not u32 or i32; different devices; the device fails.
pub fn gather(x: &Tensor, d: usize, index: &Tensor) -> Result<Tensor> {
    fits(OP, x, d, index)?;
    if x.dtype().size() == 2 {
        return super::widened(x, |x| gather(x, d, index));
    }
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
