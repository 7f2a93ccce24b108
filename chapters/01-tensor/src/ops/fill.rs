use crate::{Result, Tensor, cpu};
use strata_device::{Bits, Ladder, Rung, kernel};

#[derive(Debug)]
pub(super) struct Args {
    out: Tensor,
    bits: u32,
}

kernel! {
    pub(crate) mod set_words {
        bindings { out: write Bits }
        params {
            /// Whole words.
            words: usize,
            bits: u32,
            /// Whether half a word follows.
            odd: bool,
        }
    }
    static FILL = "fill/1_naive"(fill) { cuda, wgsl, cpu: cpu::fill in "src/cpu/elementwise.rs" }
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "fill",
    rungs: &[Rung::new("1_naive", &[&FILL], |a, _| {
        let bytes = a.out.nbytes();
        let (words, odd) = (bytes / 4, bytes % 4 > 0);
        let params = set_words::Params { words, bits: a.bits, odd };
        Ok(vec![
            FILL.launch(set_words::Bindings { out: a.out.binding() }, params)
                .cover(words + usize::from(odd), 256)
                .cost(0.0, bytes as f64),
        ])
    })],
};

/// Sets every 32-bit word of a contiguous, aligned tensor to `bits`. For 16-bit dtypes `bits` holds
/// the element twice.
///
/// # Errors
/// A strided tensor; the device fails.
pub fn fill_bits(out: &Tensor, bits: u32) -> Result<()> {
    if out.numel() == 0 {
        return Ok(());
    }
    out.expect_contiguous("fill")?;
    let args = Args { out: out.clone(), bits };
    Ok(LADDER.run(&args, out.device())?)
}
