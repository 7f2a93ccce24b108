use super::gather::fits;
use crate::{DType, Error, Layout, Result, Tensor, cpu};
use std::sync::OnceLock;
use strata_device::{Access, Buffer, Device, Kernel, Ladder, Launch, Needs, Rung, cpu_text, piece};

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

static NAIVE: Kernel =
    Kernel::new("scatter_add/1_naive", "scatter_add", &[Access::Read, Access::Read, Access::Write])
        .cuda(strata_kernels::source("scatter_add/1_naive"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("scatter_add/1_naive"), strata_shaders::INCLUDES)
        .cpu(cpu::scatter_add)
        .rust(cpu_text!("chapters/01-tensor" / "src/cpu/gather.rs", scatter_add));

// The CPU has no such rung: its lanes are few, and a walk of a million is nothing to them.
static CLEAR: Kernel = Kernel::new("scatter_add/2_pieces", "clear", &[Access::Write])
    .cuda(strata_kernels::source("scatter_add/2_pieces"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("scatter_add/2_pieces"), strata_shaders::INCLUDES);

static WALK: Kernel =
    Kernel::new("scatter_add/2_pieces", "walk", &[Access::Read, Access::Read, Access::Write])
        .cuda(strata_kernels::source("scatter_add/2_pieces"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("scatter_add/2_pieces"), strata_shaders::INCLUDES);

static JOIN: Kernel = Kernel::new("scatter_add/2_pieces", "join", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("scatter_add/2_pieces"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("scatter_add/2_pieces"), strata_shaders::INCLUDES);

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
        // What lies before `d` and what lies behind it are merged apart: the CPU cuts out between them.
        let part = |from: usize, to: usize| {
            let cut = |t: &Tensor| Layout {
                shape: shape[from..to].to_vec(),
                strides: t.strides()[from..to].to_vec(),
                offset: 0,
            };
            Layout::collapse(&[cut(&a.out), cut(&a.index), cut(&a.src)])
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

    fn start(&self, launch: Launch) -> Launch {
        let [out, index, src] = [0, 1, 2].map(|i| &self.layouts[i]);
        launch
            .sizes(&out.shape, 8, 1)
            .sizes(&out.strides, 8, 0)
            .sizes(&index.strides, 8, 0)
            .sizes(&src.strides, 8, 0)
            .size(self.count)
            .size(self.rank())
    }
}

fn naive(a: &Args, device: &Device) -> Vec<Launch> {
    let columns = Columns::of(a);
    let steps = columns.count.div_ceil(65_535 * 256);
    let rounds = |n: usize| n + columns.rank();
    let piece = piece(device, columns.n, |n| steps * (rounds(n) + 1));
    let (index, first) = a.index.bind();
    let (src, from) = a.src.bind();
    let [to, along, beside] = [&a.out, &a.index, &a.src].map(|t| t.strides()[a.d]);
    let launch = |start: usize| {
        let n = piece.min(columns.n - start);
        let all = (n * columns.count) as f64;
        columns
            .start(Launch::new(&NAIVE).bind(&index).bind(&src).bind(&a.out.flat()))
            .size(n)
            .size(a.index.first_outside(columns.size))
            .size(to)
            .size(along)
            .size(beside)
            .size(first + start * along)
            .size(from + start * beside)
            .cover(columns.count, 256)
            .rounds(rounds(n))
            .cost(all, 16.0 * all)
    };
    (0..columns.n).step_by(piece).map(launch).collect()
}

fn in_pieces(a: &Args) -> Result<Vec<Launch>, strata_device::Error> {
    let columns = Columns::of(a);
    let (pieces, length) = columns.pieces();
    let (lanes, outputs) = (pieces * columns.count, columns.size * columns.count);
    let sums = a.out.device().alloc(4 * outputs * pieces)?;
    let sums = a.sums.get_or_init(|| sums).slice(0, 4 * outputs * pieces);
    let (index, first) = a.index.bind();
    let (src, from) = a.src.bind();
    let [to, along, beside] = [&a.out, &a.index, &a.src].map(|t| t.strides()[a.d]);
    let start = |launch: Launch| {
        columns
            .start(launch)
            .size(columns.n)
            .size(columns.size)
            .size(a.index.first_outside(columns.size))
            .size(to)
            .size(along)
            .size(beside)
            .size(first)
            .size(from)
            .size(pieces)
            .size(length)
    };
    let all = (columns.n * columns.count) as f64;
    Ok(vec![
        start(Launch::new(&CLEAR).bind(&sums))
            .cover(outputs * pieces, 256)
            .rounds(0)
            .cost(0.0, 0.0),
        start(Launch::new(&WALK).bind(&index).bind(&src).bind(&sums))
            .cover(lanes, 256)
            .rounds(length + columns.rank())
            .cost(all, 16.0 * all),
        start(Launch::new(&JOIN).bind(&sums).bind(&a.out.flat()))
            .cover(outputs, 256)
            .rounds(pieces + columns.rank())
            .cost(0.0, 0.0),
    ])
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: OP,
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, device| Ok(naive(a, device)),
        },
        Rung {
            name: "2_pieces",
            kernels: &[&CLEAR, &WALK, &JOIN],
            needs: Needs::NONE,
            // With many columns, short ones, or much to add to, the walks of rung 1 are as good.
            accepts: |a| Columns::of(a).pieces().0 > 1,
            plan: |a, _| in_pieces(a),
        },
    ],
};

/// A copy of `x` with the elements of `src` added where the index says: for `d` = 1 `src[i, j, k]` goes
/// to `[i, index[i, j, k], k]`. The reverse of [`gather`](super::gather()), whose index it takes: u32 or
/// i32, as many dimensions as `x`, no longer in the others than `d`. `src` is at least as long as the
/// index in every dimension; what is beyond it is not read. Both are f32.
///
/// Where several elements meet they are added in one order, which the shapes alone decide: the same bits
/// every time. An index outside, a negative one among them, makes the first element of its column (along
/// `d`) NaN, so that it shows.
///
/// # Errors
/// Shapes that do not fit; an index that is not u32 or i32; not f32; different devices; the device fails.
pub fn scatter_add(x: &Tensor, d: usize, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    let cut = checked(x, d, index, src)?;
    let out = super::copy(x)?;
    add(&out, d, index, cut)?;
    Ok(out)
}

/// [`scatter_add`] in place: `out` itself gets what is added.
///
/// # Errors
/// As [`scatter_add`]; `out` is strided, or shares its memory with the index or `src`.
pub fn scatter_add_into(out: &Tensor, d: usize, index: &Tensor, src: &Tensor) -> Result<()> {
    let cut = checked(out, d, index, src)?;
    out.slice(OP)?;
    // No launch of the second rung would notice, and each rung would answer something else.
    if [index, src].iter().any(|t| t.buffer().same(out.buffer())) {
        let reason =
            "the index and the source must not lie in the memory that is added to; copy them";
        return Err(Error::value(OP, reason));
    }
    add(out, d, index, cut)
}

/// What of `src` the index covers.
fn checked(x: &Tensor, d: usize, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    x.expect_dtype(OP, DType::F32)?;
    src.expect_dtype(OP, DType::F32)?;
    fits(OP, x, d, index)?;
    x.same_device(OP, src)?;
    let lengths = src.shape().iter().zip(index.shape());
    if src.rank() != index.rank() || lengths.clone().any(|(s, i)| s < i) {
        let reason = "the source must be as long as the index in every dimension";
        return Err(Error::shape(OP, &[x.shape(), index.shape(), src.shape()], reason));
    }
    index.shape().iter().enumerate().try_fold(src.clone(), |cut, (e, &len)| cut.narrow(e, 0, len))
}

fn add(out: &Tensor, d: usize, index: &Tensor, src: Tensor) -> Result<()> {
    if out.numel() == 0 || index.numel() == 0 {
        return Ok(());
    }
    let args = Args { d, index: index.clone(), src, out: out.clone(), sums: OnceLock::new() };
    Ok(LADDER.run(&args, out.device())?)
}
