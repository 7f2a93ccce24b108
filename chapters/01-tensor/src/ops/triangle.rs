use crate::{Error, Layout, Result, Tensor, cpu};
use strata_device::{Bits32, Ladder, Launch, Rung, kernel};

#[derive(Debug)]
pub(super) struct Args {
    upper: bool,
    diagonal: isize,
    input: Tensor,
    out: Tensor,
}

kernel! {
    pub(crate) mod cut_off {
        bindings { x: read Bits32, out: write Bits32 }
        params {
            shape: [usize; 8],
            strides: [usize; 8],
            n: usize,
            rank: usize,
            offset: usize,
            /// The diagonal begins so many columns to the right,
            right: usize,
            /// or so many rows down.
            down: usize,
        }
    }
    static NAIVE = "triangle/1_naive"(triangle) {
        cuda, wgsl, cpu: cpu::triangle in "src/cpu/choose.rs"
    }
}

fn launch(a: &Args) -> Launch {
    let (shape, strides) = (a.input.shape(), a.input.strides());
    let outer = shape.len().saturating_sub(2);
    let batch =
        Layout { shape: shape[..outer].to_vec(), strides: strides[..outer].to_vec(), offset: 0 };
    let batch = &Layout::collapse(&[batch])[0];
    let view = Layout {
        shape: [&batch.shape[..], &shape[outer..]].concat(),
        strides: [&batch.strides[..], &strides[outer..]].concat(),
        offset: 0,
    };
    // Beyond the last row or column nothing changes. Both sums that the kernel makes of a place
    // and a shift are below rows + columns, which fits 32 bits as their product does.
    let (rows, columns) = (shape[outer], shape[outer + 1]);
    let shift = a.diagonal.unsigned_abs();
    let (right, down) = match a.diagonal >= 0 {
        true => (shift.min(columns), 0),
        false => (0, shift.min(rows)),
    };
    let n = a.out.numel();
    let (x, offset) = a.input.binding_and_offset();
    let params = cut_off::Params {
        shape: view.padded_shape(),
        strides: view.padded_strides(),
        n,
        rank: view.shape.len(),
        offset,
        right,
        down,
    };
    NAIVE
        .launch(cut_off::Bindings { x, out: a.out.binding() }, params)
        .cover(n, 256)
        .rounds(8)
        .constant("UPPER", u32::from(a.upper))
        // About half is read.
        .cost(0.0, 1.5 * a.out.nbytes() as f64)
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "triangle",
    rungs: &[Rung::new("1_naive", &[&NAIVE], |a, _| Ok(vec![launch(a)]))],
};

/// The part of each matrix (the last two dimensions) on and below a diagonal; 0 above it. Diagonal 0 is
/// the main one, 1 the one above it, -1 the one below.
///
/// # Errors
/// Fewer than two dimensions; the device fails.
pub fn tril(input: &Tensor, diagonal: isize) -> Result<Tensor> {
    triangle("tril", input, diagonal, false)
}

/// The part of each matrix on and above a diagonal, as [`tril`] counts them; 0 below it.
///
/// # Errors
/// As [`tril`].
pub fn triu(input: &Tensor, diagonal: isize) -> Result<Tensor> {
    triangle("triu", input, diagonal, true)
}

fn triangle(op: &'static str, input: &Tensor, diagonal: isize, upper: bool) -> Result<Tensor> {
    if input.rank() < 2 {
        return Err(Error::shape(op, &[input.shape()], "a matrix has two dimensions"));
    }
    if input.dtype().size() == 2 {
        return super::widened(input, |x| triangle(op, x, diagonal, upper));
    }
    let out = Tensor::empty_for(op, input.device(), input.dtype(), input.shape())?;
    if out.numel() > 0 {
        let args = Args { upper, diagonal, input: input.clone(), out: out.clone() };
        LADDER.run(&args, out.device()).map_err(|error| error.named(op))?;
    }
    Ok(out)
}
