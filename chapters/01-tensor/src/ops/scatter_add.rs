use super::gather::fits;
use crate::{DType, Error, Layout, Result, Tensor, cpu};
use std::sync::OnceLock;
use strata_device::{Buffer, Device, Ladder, Launch, Rung, grid_steps, kernel, piece};

const OP: &str = "scatter_add";

/// `src` has the index's shape, `out` holds a copy of the tensor.
#[derive(Debug)]
pub(super) struct Args {
    d: usize,
    index: Tensor,
    src: Tensor,
    out: Tensor,
    /// The pieces' sums; kept here until all launches are under way.
    sums: OnceLock<Buffer>,
}

kernel! {
    pub(crate) mod add_up {
        bindings { index: read u32, src: read f32, out: write f32 }
        params {
            /// Of the columns: without the dimension that is walked along.
            shape: [usize; 8],
            out_strides: [usize; 8],
            index_strides: [usize; 8],
            src_strides: [usize; 8],
            columns: usize,
            rank: usize,
            /// Elements of the index in a column.
            n: usize,
            /// An index from here on is outside: of i32, what is negative comes last.
            known: usize,
            out_step: usize,
            index_step: usize,
            src_step: usize,
            index_offset: usize,
            src_offset: usize,
        }
    }
    static NAIVE = "scatter_add/1_naive"(scatter_add) {
        cuda, wgsl, cpu: cpu::scatter_add in "src/cpu/gather.rs"
    }
}

// The CPU has no such rung: its lanes are few, and a walk of a million is nothing to them.
kernel! {
    mod walk_piece {
        bindings { index: read u32, src: read f32, sums: write f32 }
        params {
            shape: [usize; 8],
            out_strides: [usize; 8],
            index_strides: [usize; 8],
            src_strides: [usize; 8],
            columns: usize,
            rank: usize,
            /// Elements of the index in a column.
            n: usize,
            /// Elements of out in a column.
            size: usize,
            known: usize,
            out_step: usize,
            index_step: usize,
            src_step: usize,
            index_offset: usize,
            src_offset: usize,
            pieces: usize,
            /// Elements of the index in a piece.
            length: usize,
        }
    }
    static WALK = "scatter_add/2_pieces"(walk) { cuda, wgsl }
}

kernel! {
    mod clear_sums {
        bindings { zeros: write f32 }
        params of walk_piece
    }
    static CLEAR = "scatter_add/2_pieces"(clear) { cuda, wgsl }
}

kernel! {
    mod join_pieces {
        bindings { all_sums: read f32, out: write f32 }
        params of walk_piece
    }
    static JOIN = "scatter_add/2_pieces"(join) { cuda, wgsl }
}

/// Sums that all pieces may have together: what WebGPU promises that a binding holds, 128 MiB.
const SUMS: usize = 1 << 25;

/// What the kernels see: the columns, and the way along each.
struct Columns {
    /// Of out, index and src, all of one shape, without the dimension that is walked along.
    layouts: Vec<Layout>,
    count: usize,
    /// Elements in a column of the index, and of out.
    n: usize,
    size: usize,
}

impl Columns {
    fn of(a: &Args) -> Self {
        let shape = a.index.shape();
        // What lies before `d` and what lies behind it are merged apart: the CPU goes through what is between them.
        let part = |from: usize, to: usize| {
            let layout = |t: &Tensor| Layout {
                shape: shape[from..to].to_vec(),
                strides: t.strides()[from..to].to_vec(),
                offset: 0,
            };
            Layout::collapse(&[layout(&a.out), layout(&a.index), layout(&a.src)])
        };
        let join = |(a, b): (Layout, Layout)| Layout {
            shape: [a.shape, b.shape].concat(),
            strides: [a.strides, b.strides].concat(),
            offset: 0,
        };
        let layouts: Vec<_> =
            part(0, a.d).into_iter().zip(part(a.d + 1, shape.len())).map(join).collect();
        let count = layouts[0].numel();
        Columns { layouts, count, n: shape[a.d], size: a.out.shape()[a.d] }
    }

    fn rank(&self) -> usize {
        self.layouts[0].shape.len()
    }

    /// Pieces of a column, and the elements of the index in each: enough of them to keep a GPU busy, but
    /// none shorter than its start is worth, and their sums no more than eight times the index, nor more
    /// than a binding holds.
    fn pieces(&self) -> (usize, usize) {
        let outputs = self.size.saturating_mul(self.count);
        let few = (16_384 / self.count).min(self.n / 64);
        let most = few.min(self.n.saturating_mul(8) / self.size).min(SUMS / outputs).max(1);
        let length = self.n.div_ceil(most);
        (self.n.div_ceil(length), length)
    }
}

/// The bytes of so many additions: an index, what is added, and what it is added to, twice.
fn moved(a: &Args, n: usize) -> f64 {
    let [index, src, out] = [&a.index, &a.src, &a.out].map(|t| t.dtype().size());
    (n * (index + src + 2 * out)) as f64
}

fn naive(a: &Args, device: &Device) -> Vec<Launch> {
    let columns = Columns::of(a);
    let (steps, rank) = (grid_steps(columns.count.div_ceil(256)), columns.rank());
    let piece = piece(device, columns.n, 64, |n| steps * (n + rank + 1));
    let (index, first) = a.index.binding_and_offset();
    let (src, from) = a.src.binding_and_offset();
    let [index_step, src_step] = [&a.index, &a.src].map(|t| t.strides()[a.d]);
    // Its stride, but where it is one long, and a view may say 0.
    let out_step = a.out.shape()[a.d + 1..].iter().product();
    let [of_out, of_index, of_src] = [0, 1, 2].map(|i| &columns.layouts[i]);
    let launch = |start: usize| {
        let n = piece.min(columns.n - start);
        let all = n * columns.count;
        let bindings =
            add_up::Bindings { index: index.clone(), src: src.clone(), out: a.out.binding() };
        let params = add_up::Params {
            shape: of_out.padded_shape(),
            out_strides: of_out.padded_strides(),
            index_strides: of_index.padded_strides(),
            src_strides: of_src.padded_strides(),
            columns: columns.count,
            rank: columns.rank(),
            n,
            known: a.index.first_outside(columns.size),
            out_step,
            index_step,
            src_step,
            index_offset: first + start * index_step,
            src_offset: from + start * src_step,
        };
        NAIVE
            .launch(bindings, params)
            .cover(columns.count, 256)
            .rounds(n + rank)
            .cost(all as f64, moved(a, all))
    };
    (0..columns.n).step_by(piece).map(launch).collect()
}

fn in_pieces(a: &Args) -> Result<Vec<Launch>, strata_device::Error> {
    let columns = Columns::of(a);
    let (pieces, length) = columns.pieces();
    let (lanes, outputs) = (pieces * columns.count, columns.size * columns.count);
    let sums = a.out.device().alloc(4 * outputs * pieces)?;
    let sums = a.sums.get_or_init(|| sums).slice(0, 4 * outputs * pieces);
    let (index, index_offset) = a.index.binding_and_offset();
    let (src, src_offset) = a.src.binding_and_offset();
    let [index_step, src_step] = [&a.index, &a.src].map(|t| t.strides()[a.d]);
    let out_step = a.out.shape()[a.d + 1..].iter().product();
    let [of_out, of_index, of_src] = [0, 1, 2].map(|i| &columns.layouts[i]);
    let params = walk_piece::Params {
        shape: of_out.padded_shape(),
        out_strides: of_out.padded_strides(),
        index_strides: of_index.padded_strides(),
        src_strides: of_src.padded_strides(),
        columns: columns.count,
        rank: columns.rank(),
        n: columns.n,
        size: columns.size,
        known: a.index.first_outside(columns.size),
        out_step,
        index_step,
        src_step,
        index_offset,
        src_offset,
        pieces,
        length,
    };
    let all = columns.n * columns.count;
    Ok(vec![
        CLEAR
            .launch(clear_sums::Bindings { zeros: sums.clone() }, params)
            .cover(outputs * pieces, 256)
            .rounds(0)
            .cost(0.0, 0.0),
        WALK.launch(walk_piece::Bindings { index, src, sums: sums.clone() }, params)
            .cover(lanes, 256)
            .rounds(length + columns.rank())
            .cost(all as f64, moved(a, all)),
        JOIN.launch(join_pieces::Bindings { all_sums: sums, out: a.out.binding() }, params)
            .cover(outputs, 256)
            .rounds(pieces + columns.rank())
            .cost(0.0, 0.0),
    ])
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: OP,
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, device| Ok(naive(a, device))),
        // With many columns, short ones, or much to add to, the walks of rung 1 are as good.
        Rung::new("2_pieces", &[&CLEAR, &WALK, &JOIN], |a, _| in_pieces(a))
            .accepts(|a| Columns::of(a).pieces().0 > 1),
    ],
};

/// A copy of `x` with the elements of `src` added where the index says: for `d` = 1 `src[i, j, k]` goes
/// to `[i, index[i, j, k], k]`. The reverse of [`gather`](super::gather()), whose index it takes: u32 or
/// i32, as many dimensions as `x`, no longer in the others than `d`. `src` is at least as long as the
/// index in every dimension; what is beyond it is not read.
///
/// Where several elements meet they are added in one order, which the shapes alone decide: the same bits
/// every time, in f32, rounded once where `x` has 16 bits. An index outside, a negative one among them,
/// makes the first element of its column (along `d`) NaN, so that it shows.
///
/// # Errors
/// Shapes that do not fit; an index of floats, integers to add; different devices; the device fails.
pub fn scatter_add(x: &Tensor, d: usize, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    let (src, out) = (covered(x, d, index, src)?, super::copy(x)?);
    add(&out, d, index, src).map(|()| out)
}

/// [`scatter_add`] in place: `out` itself gets what is added.
///
/// # Errors
/// As [`scatter_add`]; `out` is strided, or shares its memory with the index or `src`.
pub fn scatter_add_into(out: &Tensor, d: usize, index: &Tensor, src: &Tensor) -> Result<()> {
    let part = covered(out, d, index, src)?;
    out.expect_contiguous(OP)?;
    // No launch of the second rung would notice, and each rung would answer something else.
    if [index, src].iter().any(|t| t.buffer().same(out.buffer())) {
        let reason = "index and source must not lie in the memory that is added to; copy them";
        return Err(Error::value(OP, reason));
    }
    add(out, d, index, part)
}

/// What of `src` the index covers.
fn covered(x: &Tensor, d: usize, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    x.expect_float(OP)?;
    src.expect_float(OP)?;
    fits(OP, x, d, index)?;
    x.same_device(OP, src)?;
    let lengths = src.shape().iter().zip(index.shape());
    if src.rank() != index.rank() || lengths.clone().any(|(s, i)| s < i) {
        let reason = "the source must be as long as the index in every dimension";
        return Err(Error::shape(OP, &[x.shape(), index.shape(), src.shape()], reason));
    }
    index.shape().iter().enumerate().try_fold(src.clone(), |part, (e, &len)| part.narrow(e, 0, len))
}

fn add(out: &Tensor, d: usize, index: &Tensor, src: Tensor) -> Result<()> {
    if out.numel() == 0 || index.numel() == 0 {
        return Ok(());
    }
    if out.dtype() != DType::F32 {
        return super::widened_in_place(out, |sum| add(sum, d, index, src));
    }
    let src = src.cast(DType::F32)?;
    let args = Args { d, index: index.clone(), src, out: out.clone(), sums: OnceLock::new() };
    Ok(LADDER.run(&args, out.device())?)
}
