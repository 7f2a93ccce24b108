use crate::{Result, Tensor, cpu};
use strata_device::{Bits32, Device, Kernel, Ladder, Launch, Rung, kernel, piece};

/// A contiguous input as `[outer, length, inner]`: the sum runs along the middle.
#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    out: Tensor,
    length: usize,
    inner: usize,
    reverse: bool,
}

kernel! {
    pub(crate) mod sum_up {
        bindings { x: read Bits32, out: write Bits32 }
        params {
            /// outer inner
            columns: usize,
            length: usize,
            inner: usize,
            /// A launch takes elements first .. first + count, in the order of the walk.
            first: usize,
            count: usize,
        }
    }
    static NAIVE = "cumsum/1_naive"(cumsum) { cuda, wgsl, cpu: cpu::cumsum in "src/cpu/cumsum.rs" }
    static BLOCK = "cumsum/2_block"(cumsum) { cuda, wgsl }
}

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
    let (columns, size) = (a.input.numel() / a.length, a.input.dtype().size());
    let launch = |first: usize, count: usize| {
        let bindings = sum_up::Bindings { x: a.input.binding(), out: a.out.binding() };
        let (length, inner) = (a.length, a.inner);
        let launch = kernel
            .launch(bindings, sum_up::Params { columns, length, inner, first, count })
            .rounds(rounds(count))
            .constant("INTEGER", u32::from(!a.input.dtype().is_float()))
            .constant("REVERSE", u32::from(a.reverse))
            .cost((count * columns) as f64, (2 * size * count * columns) as f64);
        grid(launch, columns)
    };
    let steps = launch(0, a.length).steps;
    let piece = piece(device, a.length, 64, |n| steps * (rounds(n) + 1));
    let starts = (0..a.length).step_by(piece);
    starts.map(|first| launch(first, piece.min(a.length - first))).collect()
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "cumsum",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, device| {
            let cover = |launch: Launch, columns: usize| launch.cover(columns, WIDTH as u32);
            Ok(launches(&NAIVE, a, device, |n| n, cover))
        }),
        Rung::new("2_block", &[&BLOCK], |a, device| {
            let spread = |launch: Launch, columns: usize| {
                launch.spread(columns, WIDTH as u32).constant("WG", WIDTH as u32)
            };
            Ok(launches(&BLOCK, a, device, |n| TILE_ROUNDS * n.div_ceil(WIDTH), spread))
        })
        // Columns that lie side by side are read in whole lines by the naive rung, and in a short
        // row most of a workgroup would stand idle.
        .accepts(|a| a.length >= 64 && a.inner < 32),
    ],
};

/// The sums of all elements up to each one along dimension `d`, itself included; of i32 and u32
/// modulo 2³², of 16-bit floats in f32. With `reverse` from each element to the last, which is what the gradient takes.
///
/// # Errors
/// A dimension that is not there; the device fails.
pub fn cumsum(input: &Tensor, d: usize, reverse: bool) -> Result<Tensor> {
    let op = "cumsum";
    let length = input.dim(op, d)?;
    if input.dtype().size() == 2 {
        return super::widened(input, |x| cumsum(x, d, reverse));
    }
    let out = Tensor::empty_for(op, input.device(), input.dtype(), input.shape())?;
    if out.numel() > 0 {
        let inner = input.shape()[d + 1..].iter().product();
        let args = Args { input: input.contiguous()?, out: out.clone(), length, inner, reverse };
        LADDER.run(&args, out.device())?;
    }
    Ok(out)
}
