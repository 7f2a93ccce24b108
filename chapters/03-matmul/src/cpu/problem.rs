//! What the params say, and the result cut into rows that threads can own.
use strata_device::CpuArgs;

/// An operand: where its matrices lie and how far its elements are apart.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    data: &'a [f32],
    pub row: usize,
    pub col: usize,
    outer: usize,
    inner: usize,
}

impl<'a> Operand<'a> {
    /// Params from word `i` on: offset, row, column, outer and inner stride.
    fn new(data: &'a [f32], args: &CpuArgs, i: usize) -> Self {
        Operand {
            data: data.get(args.size(i)..).unwrap_or(&[]),
            row: args.size(i + 1),
            col: args.size(i + 2),
            outer: args.size(i + 3),
            inner: args.size(i + 4),
        }
    }
}

/// A product as the params describe it; `ladder.rs` says in which order.
pub(super) struct Problem<'a> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    /// All products; product p is (p / inner, p % inner).
    pub batches: usize,
    inner: usize,
    pub a: Operand<'a>,
    pub b: Operand<'a>,
    alpha: f32,
    accumulate: bool,
    bias: Option<&'a [f32]>,
    residual: Option<&'a [f32]>,
    gelu: bool,
}

/// A row of the result, or a piece of one.
pub(super) struct Row<'a> {
    /// Its number: row i of product p is p·m + i.
    pub number: usize,
    /// Its first column.
    pub column: usize,
    pub c: &'a mut [f32],
    /// The same of the activated output; empty where there is none.
    pub activated: &'a mut [f32],
}

impl Problem<'_> {
    /// The two matrices of product `p`, from their first elements on.
    pub fn operands(&self, p: usize) -> [&[f32]; 2] {
        [&self.a, &self.b].map(|x| {
            let at = p / self.inner * x.outer + p % self.inner * x.inner;
            x.data.get(at..).unwrap_or(&[])
        })
    }

    /// Stores the sums over one block of k: the first starts the row, the last finishes it.
    #[inline(always)]
    pub fn store(&self, row: &mut Row, at: usize, sums: &[f32], first: bool, last: bool) {
        let Row { number, column, c, activated } = row;
        let c = &mut c[at..at + sums.len()];
        if first && !self.accumulate {
            c.iter_mut().zip(sums).for_each(|(c, s)| *c = self.alpha * s);
        } else {
            c.iter_mut().zip(sums).for_each(|(c, s)| *c += self.alpha * s);
        }
        if !last {
            return;
        }
        let j = *column + at;
        if let Some(bias) = self.bias {
            c.iter_mut().zip(&bias[j..]).for_each(|(c, b)| *c += b);
        }
        if let Some(residual) = self.residual {
            c.iter_mut().zip(&residual[*number * self.n + j..]).for_each(|(c, r)| *c += r);
        }
        if self.gelu {
            activated[at..].iter_mut().zip(c).for_each(|(y, &mut c)| *y = super::gelu::gelu(c));
        }
    }
}

/// Takes the arguments apart and calls `body` with the problem and every row of the result.
pub(super) fn solve(mut args: CpuArgs, body: impl FnOnce(&Problem, Vec<Row>)) {
    let [a, b, bias, residual, mut c, mut activated] = args.take();
    let on = |name: &str| args.constant(name, 0) != 0;
    let problem = Problem {
        m: args.size(0),
        n: args.size(1),
        k: args.size(2),
        batches: args.size(3),
        inner: args.size(4),
        a: Operand::new(a.f32(), &args, 5),
        b: Operand::new(b.f32(), &args, 10),
        alpha: args.float(19),
        accumulate: on("ACCUMULATE"),
        bias: on("BIAS").then(|| bias.f32()),
        residual: on("RESIDUAL").then(|| residual.f32()),
        gelu: on("GELU"),
    };
    let (m, n, inner) = (problem.m, problem.n, problem.inner);
    let starts = (0..problem.batches * m).map(|number| {
        let (p, i) = (number / m, number % m);
        args.size(15) + p / inner * args.size(17) + p % inner * args.size(18) + i * args.size(16)
    });
    let mut rows = cut(c.f32_mut(), starts.collect(), n);
    if problem.gelu {
        let activated = activated.f32_mut().chunks_exact_mut(n);
        rows.iter_mut().zip(activated).for_each(|(row, activated)| row.activated = activated);
    }
    body(&problem, rows);
}

/// Cuts `c` into rows of `n` at these starts. Safe Rust lets go of a slice from front to back only,
/// so the rows are cut in the order of memory and then put back into their own.
fn cut(mut c: &mut [f32], starts: Vec<usize>, n: usize) -> Vec<Row<'_>> {
    let mut order: Vec<usize> = (0..starts.len()).collect();
    // Linear time where the rows lie in order already, as they nearly always do.
    order.sort_by_key(|&number| starts[number]);
    let mut rows = Vec::with_capacity(starts.len());
    let mut gone = 0;
    for number in order {
        // `gemm_into` has refused outputs whose rows overlap.
        let (_, rest) = c.split_at_mut(starts[number] - gone);
        let (row, rest) = rest.split_at_mut(n);
        (gone, c) = (starts[number] + n, rest);
        rows.push(Row { number, column: 0, c: row, activated: &mut [] });
    }
    rows.sort_by_key(|row| row.number);
    rows
}
