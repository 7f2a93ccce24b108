use crate::{Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung};

#[derive(Debug)]
pub(super) struct Args {
    out: Tensor,
    bits: u32,
}

static FILL: Kernel = Kernel::new("fill/1_naive", "fill", &[Access::Write]).cpu(cpu::fill);

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "fill",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&FILL],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let words = (a.out.numel() * a.out.dtype().size()).div_ceil(4);
            let slice = a.out.bind().0;
            Ok(vec![
                Launch::new(&FILL)
                    .bind(&slice)
                    .size(words)
                    .size(a.bits as usize)
                    .cover(words, 256)
                    .cost(0.0, words as f64 * 4.0),
            ])
        },
    }],
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
    out.slice("fill")?;
    let args = Args { out: out.clone(), bits };
    Ok(LADDER.run(&args, out.device())?)
}
