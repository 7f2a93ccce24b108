use crate::{DType, Error, Result, Tensor, bytes_of, cpu};
use strata_device::random::Stream;
use strata_device::{Ladder, Launch, Rung, Stored, kernel};

#[derive(Debug)]
pub(super) struct Args {
    weights: Tensor,
    uniforms: Tensor,
    out: Tensor,
    rows: usize,
    width: usize,
    draws: usize,
}

/// Draws of a workgroup, and pieces of a row.
const WIDTH: usize = 256;

kernel! {
    pub(crate) mod draw {
        bindings { weights: read Stored, uniforms: read f32, out: write u32 }
        params {
            rows: usize,
            width: usize,
            /// Of each row.
            draws: usize,
            /// `ceil(width / WG)`.
            piece: usize,
        }
    }
    static CHUNKS = "multinomial/1_chunks"(multinomial) {
        cuda, wgsl, cpu: cpu::multinomial in "src/cpu/multinomial.rs"
    }
}

fn launch(a: &Args) -> Launch {
    let &Args { rows, width, draws, .. } = a;
    let piece = width.div_ceil(WIDTH);
    let groups = rows * draws.div_ceil(WIDTH);
    let (read, drawn) = ((groups * width) as f64, (rows * draws) as f64);
    let size = a.weights.dtype().size() as f64;
    let bytes = size * read + bytes_of([&a.uniforms, &a.out]);
    let bindings = draw::Bindings {
        weights: a.weights.binding(),
        uniforms: a.uniforms.binding(),
        out: a.out.binding(),
    };
    CHUNKS
        .launch(bindings, draw::Params { rows, width, draws, piece })
        .spread(groups, WIDTH as u32)
        .constant("WG", WIDTH as u32)
        .rounds(2 * (piece + WIDTH))
        .cost(read + drawn * (WIDTH + piece) as f64, bytes)
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "multinomial",
    rungs: &[Rung::new("1_chunks", &[&CHUNKS], |a, _| Ok(vec![launch(a)]))],
};

/// `draws` places of each row of weights `[.., n]`, as u32 `[.., draws]`: each as often as its share of
/// the row's sum. With `replacement` every draw has the whole row before it; without, none comes twice,
/// and each draw has what the others before it left. The random numbers are drawn on the host from
/// `seed`, and the same on every device.
///
/// A row that is no distribution (a weight below 0, infinite or NaN, a sum of 0 or beyond f32) draws
/// 4,294,967,295, which no table has as a row, and so does what is drawn when no weight is left.
///
/// # Errors
/// A dtype that has no rung; no dimensions, or a last one of 0; without replacement more draws than
/// a row has places; a step that is being recorded; the device fails.
pub fn multinomial(weights: &Tensor, draws: usize, seed: u64, replacement: bool) -> Result<Tensor> {
    let op = "multinomial";
    weights.expect_float(op)?;
    let Some((&width, rows)) = weights.shape().split_last().filter(|(w, _)| **w > 0) else {
        return Err(Error::shape(op, &[weights.shape()], "needs a last dimension above 0"));
    };
    let shape = [rows, &[draws]].concat();
    if !replacement {
        if draws > width {
            let reason = format!("{draws} draws without replacement from {width} places");
            return Err(Error::shape(op, &[weights.shape()], reason));
        }
        return race(weights, draws, seed);
    }
    let out = Tensor::empty_for(op, weights.device(), DType::U32, &shape)?;
    if out.numel() > 0 {
        let mut stream = Stream::new(seed, 2);
        let uniforms = Tensor::fill_with(op, weights.device(), &shape, |range| {
            range.map(|_| stream.uniform()).collect()
        })?;
        let args = Args {
            weights: weights.contiguous()?,
            uniforms,
            out: out.clone(),
            rows: out.numel() / draws,
            width,
            draws,
        };
        LADDER.run(&args, out.device())?;
    }
    Ok(out)
}

/// Draws without replacement as a race: every place arrives after an exponential time, the sooner the
/// larger its weight, and the first ones are drawn. Arrivals are as independent as the sequence of draws
/// demands (Efraimidis and Spirakis, 2006).
fn race(weights: &Tensor, draws: usize, seed: u64) -> Result<Tensor> {
    let (device, weights) = (weights.device(), &weights.cast(DType::F32)?);
    let mut stream = Stream::new(seed, 3);
    // In the middle of its step of 2^-24, so that its logarithm is never 0 nor infinite.
    let mut speed = || {
        let u = (f64::from(stream.word() >> 8) + 0.5) / 16_777_216.0;
        (-1.0 / u.ln()) as f32
    };
    let speeds = Tensor::fill_with("multinomial", device, weights.shape(), |range| {
        range.map(|_| speed()).collect()
    })?;
    let last = [weights.rank() - 1];
    let [none, all, one, less] =
        [0.0, f32::INFINITY, 1.0, 1.0 / 67_108_864.0].map(|x| Tensor::full(device, &[], x));
    let (none, all) = (none?, all?);
    // A speed is below 2^25: rows with weights beyond 2^100 are scaled by 2^-26, so that none arrives
    // at infinity, where all are equal.
    let large = weights.max(&last, true)?.step(1.267_650_6e30)?;
    let (speeds, places) = weights.mul(&large.choose(&less?, &one?)?)?.mul(&speeds)?.topk(draws)?;
    // No row with a weight that is none, and no place without a weight.
    let below = none.gt(&weights.min(&last, true)?)?;
    let finite = all.gt(&weights.sum(&last, true)?)?;
    let sound = finite.keep(&below.affine(-1.0, 1.0)?)?.keep(&speeds.step(0.0)?)?;
    let nowhere = Tensor::from_slice(device, &[u32::MAX], &[])?;
    sound.choose(&places, &nowhere)
}
