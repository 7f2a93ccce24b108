use crate::{DType, Result, Tensor, bytes_of, cpu};
use strata_device::{Bits, Ladder, Rung, kernel};

#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    out: Tensor,
}

kernel! {
    pub(crate) mod convert {
        bindings { x: read Bits, out: write Bits }
        params { n: usize }
    }
    static CAST = "cast/1_naive"(convert) { cuda, wgsl, cpu: cpu::cast in "src/cpu/cast.rs" }
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "cast",
    rungs: &[Rung::new("1_naive", &[&CAST], |a, _| {
        let n = a.input.numel();
        let (from, to) = (a.input.dtype(), a.out.dtype());
        let bindings = convert::Bindings { x: a.input.binding(), out: a.out.binding() };
        // One invocation writes whole words: two elements where the output has 16 bits.
        Ok(vec![
            CAST.launch(bindings, convert::Params { n })
                .cover(n.div_ceil(4 / to.size()), 256)
                .rounds(8)
                .constant("FROM", from.code())
                .constant("TO", to.code())
                .cost(0.0, bytes_of([&a.input, &a.out])),
        ])
    })],
};

/// The elements converted to another dtype, with the same bits on every device (which NaN a NaN
/// becomes may differ).
///
/// - Float to integer: the fraction is truncated; what is out of range, the infinities among it,
///   becomes the nearest integer there is, and NaN becomes 0, as Rust's `as` has it.
/// - Integer to integer: modulo 2³², as C, Rust and PyTorch have it: -7 of i32 is 4,294,967,289 of
///   u32, which no table has as a row, and comes back as -7.
/// - To floats: to the nearest, ties to even; integers become 16-bit floats by way of f32.
///
/// A tensor that has the dtype already is returned as it is.
///
/// # Errors
/// The device fails.
pub fn cast(input: &Tensor, dtype: DType) -> Result<Tensor> {
    if input.dtype() == dtype {
        return Ok(input.clone());
    }
    let input = input.contiguous()?;
    let out = Tensor::empty_for("cast", input.device(), dtype, input.shape())?;
    if input.numel() > 0 {
        LADDER.run(&Args { input, out: out.clone() }, out.device())?;
    }
    Ok(out)
}
