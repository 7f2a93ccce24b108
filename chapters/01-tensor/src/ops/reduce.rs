use crate::{Error, Layout, Result, Tensor, cpu};
use std::sync::OnceLock;
use strata_device::{Buffer, Ladder, Launch, Outcome, Rung, Stored, kernel};

/// How many elements become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Reduce {
    /// their sum; 0 of none
    Sum = 0,
    /// the largest; NaN if there is one; -inf of none
    Max = 1,
    /// the smallest; NaN if there is one; inf of none
    Min = 2,
}

impl Reduce {
    /// The op's name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Reduce::Sum => "sum",
            Reduce::Max => "max",
            Reduce::Min => "min",
        }
    }
}

/// `input` is permuted so that the reduced dimensions come last.
#[derive(Debug)]
pub(super) struct Args {
    op: Reduce,
    input: Tensor,
    /// Dimensions that stay: the first ones.
    kept: usize,
    scale: f32,
    out: Tensor,
    /// What the tree's first launch leaves to its second; kept here until both are under way.
    partial: OnceLock<Buffer>,
}

kernel! {
    pub(crate) mod fold {
        bindings { x: read Stored, out: write Outcome }
        params {
            /// Kept dimensions first.
            shape: [usize; 8],
            strides: [usize; 8],
            /// Outputs.
            n: usize,
            /// Inputs folded into each.
            k: usize,
            kept: usize,
            rank: usize,
            offset: usize,
            scale: f32,
        }
    }
    static NAIVE = "reduce/1_naive"(reduce) {
        cuda, wgsl, cpu: cpu::reduce in "src/cpu/reduce.rs"
    }
}

kernel! {
    pub(crate) mod fold_shared {
        bindings { x: read Stored, out: write Outcome }
        params {
            shape: [usize; 8],
            strides: [usize; 8],
            n: usize,
            k: usize,
            kept: usize,
            rank: usize,
            offset: usize,
            scale: f32,
            /// Workgroups that share an output.
            parts: usize,
            /// Terms each of them takes.
            length: usize,
        }
    }
    static TREE = "reduce/2_tree"(reduce) { cuda, wgsl }
}

/// A reduction as the kernels see it.
struct View {
    outer: Layout,
    inner: Layout,
}

impl View {
    /// The first `kept` dimensions against the others, each side merged as far as memory allows.
    fn of(layout: &Layout, kept: usize) -> Self {
        let part = |from: usize, to: usize| {
            let shape = layout.shape[from..to].to_vec();
            let strides = layout.strides[from..to].to_vec();
            Layout::collapse(&[Layout { shape, strides, offset: 0 }]).swap_remove(0)
        };
        View { outer: part(0, kept), inner: part(kept, layout.shape.len()) }
    }

    /// Rounds of an invocation that adds up so many terms, with those that find each one's place. The
    /// `switch` of `fold` is one, too: compilers make it a loop that ends at once.
    fn rounds(&self, terms: usize) -> usize {
        terms.saturating_mul(self.inner.shape.len().max(1) + 1) + self.outer.shape.len()
    }

    /// Whether neighboring outputs read neighboring elements: sums of columns.
    fn columns(&self) -> bool {
        let last = |l: &Layout| l.strides.last().copied().unwrap_or(usize::MAX);
        last(&self.outer) < last(&self.inner) && self.outer.shape.last().is_some_and(|&n| n >= 32)
    }

    /// Shape and strides of both sides, the kept one first.
    fn joined(&self) -> Layout {
        let (outer, inner) = (&self.outer, &self.inner);
        Layout {
            shape: [&outer.shape[..], &inner.shape[..]].concat(),
            strides: [&outer.strides[..], &inner.strides[..]].concat(),
            offset: 0,
        }
    }

    fn finish(&self, launch: Launch, a: &Args) -> Launch {
        let (n, k) = (self.outer.numel() as f64, self.inner.numel() as f64);
        let size = a.out.dtype().size() as f64;
        launch.constant("OP", a.op as u32).cost(n * k, size * n * (k + 1.0))
    }
}

fn naive(a: &Args) -> Launch {
    let view = View::of(a.input.layout(), a.kept);
    let (joined, (x, offset)) = (view.joined(), a.input.binding_and_offset());
    let params = fold::Params {
        shape: joined.padded_shape(),
        strides: joined.padded_strides(),
        n: view.outer.numel(),
        k: view.inner.numel(),
        kept: view.outer.shape.len(),
        rank: joined.shape.len(),
        offset,
        scale: a.scale,
    };
    let launch = NAIVE.launch(fold::Bindings { x, out: a.out.binding() }, params);
    let launch = view.finish(launch, a);
    launch.cover(a.out.numel(), WIDTH).rounds(view.rounds(view.inner.numel()))
}

/// Invocations in a workgroup.
const WIDTH: u32 = 256;
/// Workgroups that are enough to keep any GPU busy, and terms that are enough to keep one busy.
const GROUPS: usize = 512;
const TERMS: usize = 4096;

fn tree(a: &Args) -> Result<Vec<Launch>, strata_device::Error> {
    let view = View::of(a.input.layout(), a.kept);
    let (n, k) = (view.outer.numel(), view.inner.numel());
    let columns = if view.columns() { 32 } else { 1 };
    let wide = n.div_ceil(columns);
    // Few outputs with many terms each: several workgroups share one. The shape alone decides.
    let parts = (GROUPS / wide).min(k * columns / TERMS).max(1);
    let shared = |view: &View, scale, (x, offset), out, parts: usize, columns: usize| {
        let wide = view.outer.numel().div_ceil(columns);
        let length = view.inner.numel().div_ceil(parts);
        let joined = view.joined();
        let params = fold_shared::Params {
            shape: joined.padded_shape(),
            strides: joined.padded_strides(),
            n: view.outer.numel(),
            k: view.inner.numel(),
            kept: view.outer.shape.len(),
            rank: joined.shape.len(),
            offset,
            scale,
            parts,
            length,
        };
        // The tree has as many rounds as a workgroup's width has bits, at most, and as many switches.
        let rounds = view.rounds(length.div_ceil(WIDTH as usize / columns)) + 16;
        view.finish(TREE.launch(fold_shared::Bindings { x, out }, params), a)
            .spread(wide * parts, WIDTH)
            .rounds(rounds)
            .constant("WG", WIDTH)
            .constant("COLS", columns as u32)
    };
    if parts == 1 {
        return Ok(vec![shared(
            &view,
            a.scale,
            a.input.binding_and_offset(),
            a.out.binding(),
            1,
            columns,
        )]);
    }
    // One row of n results for each part, folded like columns by the second launch.
    let partial = a.out.device().alloc(4 * parts * n)?;
    let partial = a.partial.get_or_init(|| partial).whole();
    let first = shared(&view, 1.0, a.input.binding_and_offset(), partial.clone(), parts, columns);
    let rows = View::of(&Layout { shape: vec![n, parts], strides: vec![1, n], offset: 0 }, 1);
    let few = if rows.columns() { 32 } else { 1 };
    let second = shared(&rows, a.scale, (partial, 0), a.out.binding(), 1, few);
    Ok(vec![first, second.cost(0.0, 0.0)])
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "reduce",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| Ok(vec![naive(a)])),
        // With fewer terms most of a workgroup would stand idle.
        Rung::new("2_tree", &[&TREE], |a, _| tree(a))
            .accepts(|a| a.input.numel() / a.out.numel() >= 64),
    ],
};

/// Reduces the dimensions `dims` of a tensor of floats, then multiplies by `scale` (1/n makes a sum a
/// mean). Sums are f32; the result has the operand's dtype. Reduced dimensions stay as 1 if `keepdim`.
///
/// # Errors
/// A dimension that is not there or named twice; a dtype that has no rung.
pub fn reduce(
    op: Reduce,
    input: &Tensor,
    dims: &[usize],
    keepdim: bool,
    scale: f32,
) -> Result<Tensor> {
    let name = op.name();
    input.expect_float(name)?;
    let mut reduced = vec![false; input.rank()];
    for &d in dims {
        input.dim(name, d)?;
        if std::mem::replace(&mut reduced[d], true) {
            let reason = format!("dimension {d} is named twice");
            return Err(Error::shape(name, &[input.shape()], reason));
        }
    }
    let stay = (0..input.rank()).filter(|&d| !reduced[d]);
    let order: Vec<usize> = stay.chain((0..input.rank()).filter(|&d| reduced[d])).collect();
    let kept = input.rank() - dims.len();
    let sorted = input.permute(&order)?;
    let shape: Vec<usize> = (0..input.rank())
        .filter(|&d| keepdim || !reduced[d])
        .map(|d| if reduced[d] { 1 } else { input.shape()[d] })
        .collect();
    let out = Tensor::empty_for(name, input.device(), input.dtype(), &shape)?;
    if out.numel() == 0 {
        return Ok(out);
    }
    if input.numel() == 0 {
        let nothing = [0.0, f32::NEG_INFINITY, f32::INFINITY][op as usize];
        return Tensor::full(out.device(), &shape, scale * nothing)?.cast(out.dtype());
    }
    let args = Args { op, input: sorted, kept, scale, out: out.clone(), partial: OnceLock::new() };
    LADDER.run(&args, out.device()).map_err(|error| error.named(name))?;
    Ok(out)
}
