use crate::{Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

#[derive(Debug)]
pub(super) struct Args {
    out: Tensor,
    bits: u32,
}

static FILL: Kernel = Kernel::new("fill/1_naive", "fill", &[Access::Write])
    .cuda(strata_kernels::source("fill/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("fill/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::fill)
    .rust(cpu_text!("chapters/01-tensor" / "src/cpu/elementwise.rs", fill));

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "fill",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&FILL],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let bytes = a.out.numel() * a.out.dtype().size();
            let (words, odd) = (bytes / 4, usize::from(bytes % 4 > 0));
            Ok(vec![
                Launch::new(&FILL)
                    .bind(&a.out.flat())
                    .size(words)
                    .size(a.bits as usize)
                    .size(odd)
                    .cover(words + odd, 256)
                    .cost(0.0, bytes as f64),
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
