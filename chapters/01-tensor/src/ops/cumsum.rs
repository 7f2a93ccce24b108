use crate::{DType, Error, Result, Tensor, cpu};
use strata_device::{Access, Device, Kernel, Ladder, Launch, Needs, Rung, cpu_text, piece};

/// A contiguous input as `[outer, length, inner]`: the sum runs along the middle.
#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    out: Tensor,
    length: usize,
    inner: usize,
    reverse: bool,
}

static NAIVE: Kernel = Kernel::new("cumsum/1_naive", "cumsum", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("cumsum/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("cumsum/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::cumsum)
    .rust(cpu_text!("chapters/01-tensor" / "src/cpu/cumsum.rs", cumsum));

static BLOCK: Kernel = Kernel::new("cumsum/2_block", "cumsum", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("cumsum/2_block"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("cumsum/2_block"), strata_shaders::INCLUDES);

/// Elements that a workgroup takes at a time, and the rounds that takes: its tree, and the tile itself.
const WIDTH: usize = 256;
const TILE_ROUNDS: usize = 9;

/// One launch, or several that carry the sums on where a loop may not have so many rounds.
fn launches(
    kernel: &'static Kernel,
    a: &Args,
    device: &Device,
    rounds: impl Fn(usize) -> usize,
    grid: impl Fn(Launch, usize) -> Launch,
) -> Vec<Launch> {
    let n = a.input.numel();
    let columns = n / a.length;
    let steps = grid(Launch::new(kernel), columns).steps;
    let piece = piece(device, a.length, |n| steps * (rounds(n) + 1));
    let launch = |first: usize| {
        let count = piece.min(a.length - first);
        let launch = Launch::new(kernel)
            .bind(&a.input.flat())
            .bind(&a.out.flat())
            .size(columns)
            .size(a.length)
            .size(a.inner)
            .size(first)
            .size(count)
            .rounds(rounds(count))
            .constant("INTEGER", u32::from(a.input.dtype() != DType::F32))
            .constant("REVERSE", u32::from(a.reverse))
            .cost((count * columns) as f64, 8.0 * (count * columns) as f64);
        grid(launch, columns)
    };
    (0..a.length).step_by(piece).map(launch).collect()
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "cumsum",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, device| {
                let cover = |launch: Launch, columns: usize| launch.cover(columns, WIDTH as u32);
                Ok(launches(&NAIVE, a, device, |n| n, cover))
            },
        },
        Rung {
            name: "2_block",
            kernels: &[&BLOCK],
            needs: Needs::NONE,
            // Columns that lie side by side are read in whole lines by the naive rung, and in a short
            // row most of a workgroup would stand idle.
            accepts: |a| a.length >= 64 && a.inner < 32,
            plan: |a, device| {
                let spread = |launch: Launch, columns: usize| {
                    launch.spread(columns, WIDTH as u32).constant("WG", WIDTH as u32)
                };
                Ok(launches(&BLOCK, a, device, |n| TILE_ROUNDS * n.div_ceil(WIDTH), spread))
            },
        },
    ],
};

/// The sums of all elements up to each one along dimension `d`, itself included: of f32, or of i32 and
/// u32 modulo 2³². With `reverse` from each element to the last, which is what the gradient takes.
///
/// # Errors
/// A dimension that is not there; a 16-bit dtype; the device fails.
pub fn cumsum(input: &Tensor, d: usize, reverse: bool) -> Result<Tensor> {
    let op = "cumsum";
    let length = input.dim(op, d)?;
    let dtype = input.dtype();
    if dtype.size() != 4 {
        return Err(Error::DType { op, want: "f32, i32 or u32", got: dtype });
    }
    let out = Tensor::empty_for(op, input.device(), dtype, input.shape())?;
    if out.numel() > 0 {
        let inner = input.shape()[d + 1..].iter().product();
        let args = Args { input: input.contiguous()?, out: out.clone(), length, inner, reverse };
        LADDER.run(&args, out.device())?;
    }
    Ok(out)
}
