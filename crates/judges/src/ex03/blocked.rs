//! A product in blocks, on the CPU.

use crate::Outcome;
use std::ops::Range;
use strata_check::oracle::matmul::Matmul;
use strata_check::{Check, Tolerance, sample};

/// Adds the products of some rows, columns and terms to c: `(a, b, c, [m, n, k], ...)`.
pub type AddBlock =
    fn(&[f32], &[f32], &mut [f32], [usize; 3], Range<usize>, Range<usize>, Range<usize>);

/// The answer's functions.
pub struct Blocked {
    /// One block.
    pub add_block: AddBlock,
    /// All of them: `(a, b, c, [m, n, k], block)`.
    pub multiply: fn(&[f32], &[f32], &mut [f32], [usize; 3], usize),
}

/// What stands in c before.
const BEFORE: f32 = 100.0;

/// Judges the answer.
///
/// # Errors
/// It is wrong: the failure says how.
pub fn judge(mine: &Blocked) -> Outcome {
    for (sizes, ranges) in [
        ([2, 2, 2], [0..2, 0..2, 0..2]),
        ([2, 2, 2], [0..1, 1..2, 0..1]),
        ([3, 4, 5], [1..3, 0..2, 2..5]),
        ([9, 7, 11], [4..8, 3..7, 8..11]),
        ([6, 40, 3], [0..6, 16..32, 0..3]),
        ([3, 3, 3], [1..1, 0..3, 0..3]),
    ] {
        one(mine, sizes, ranges)?;
    }
    for (sizes, block) in [
        ([2, 2, 2], 2),
        ([2, 2, 2], 1),
        ([3, 3, 3], 2),
        ([4, 4, 4], 100),
        ([8, 12, 16], 4),
        ([33, 18, 40], 16),
        ([1, 50, 7], 8),
        ([50, 1, 7], 8),
        ([5, 9, 1], 4),
        ([65, 70, 130], 64),
        ([3, 4, 0], 2),
    ] {
        all(mine, sizes, block)?;
    }
    Ok(())
}

/// Small whole numbers where a reader may want to follow, else normals.
fn operands([m, n, k]: [usize; 3]) -> (Vec<f32>, Vec<f32>) {
    if m * n * k > 27 {
        return (sample::normal(1, m * k), sample::normal(2, k * n));
    }
    let count = |from: usize, len: usize| (from..from + len).map(|x| x as f32).collect();
    (count(1, m * k), count(1 + m * k, k * n))
}

fn check(what: String, [m, n, k]: [usize; 3]) -> Check<'static> {
    Check::new("ex03-matmul", format!("blocked: {what}"))
        .input("a", &[m, k])
        .input("b", &[k, n])
        .output("c", &[m, n])
        .page("book/src/03-matmul.md")
}

/// The sums of some terms, for some rows and columns; 0 elsewhere.
#[expect(
    clippy::indexing_slicing,
    reason = "all ranges lie in the sizes that a and b were made of"
)]
fn part(
    (a, b): (&[f64], &[f64]),
    [m, n, k]: [usize; 3],
    [rows, columns, terms]: &[Range<usize>; 3],
) -> Vec<f64> {
    let one = |at: usize| {
        let (i, j) = (at / n, at % n);
        let inside = rows.contains(&i) && columns.contains(&j);
        let terms = if inside { terms.clone() } else { 0..0 };
        terms.map(|l| a[i * k + l] * b[l * n + j]).sum()
    };
    (0..m * n).map(one).collect()
}

fn one(mine: &Blocked, sizes: [usize; 3], ranges: [Range<usize>; 3]) -> Outcome {
    let [m, n, k] = sizes;
    let (a, b) = operands(sizes);
    let mut c = vec![BEFORE; m * n];
    let [rows, columns, terms] = ranges.clone();
    let what = format!(
        "add_block(a, b, &mut c, {sizes:?}, {rows:?}, {columns:?}, {terms:?}), c full of {BEFORE:?}"
    );
    (mine.add_block)(&a, &b, &mut c, sizes, rows.clone(), columns.clone(), terms.clone());
    let (a, b) = (sample::widen(&a), sample::widen(&b));
    let before = f64::from(BEFORE);
    let inside = |at: usize| rows.contains(&(at / n)) && columns.contains(&(at % n));
    let onto = |sums: Vec<f64>| -> Vec<f64> { sums.iter().map(|sum| before + sum).collect() };
    let over = |sums: Vec<f64>| -> Vec<f64> {
        let each = sums.iter().enumerate();
        each.map(|(at, &sum)| if inside(at) { sum } else { before }).collect()
    };
    let sums = |ranges: &[Range<usize>; 3]| part((&a, &b), sizes, ranges);
    let last = [rows.clone(), columns.clone(), terms.end.max(1) - 1..terms.end];
    let turned: Vec<f64> =
        (0..k * n).map(|at| b.get(at % n * k + at / n).copied().unwrap_or(f64::NAN)).collect();
    let want = onto(sums(&ranges));
    let magnitudes = (0..m * n).map(|_| before + 2000.0).collect();
    check(what, sizes)
        .suspect(
            "overwrites-instead-of-adds",
            "what c held is gone. A block is one of several that belong to the same part of c: it \
             adds to what the others have left there.",
            over(sums(&ranges)),
        )
        .suspect(
            "last-term-only",
            "only the last term is there: every product overwrites the one before. Is it += ?",
            over(sums(&last)),
        )
        .suspect(
            "all-terms",
            "all k terms were added. The block has only some of them.",
            onto(sums(&[rows.clone(), columns.clone(), 0..k])),
        )
        .suspect(
            "outside-of-the-block",
            "rows or columns that are not the block's were added to.",
            onto(sums(&[0..m, 0..n, terms.clone()])),
        )
        .suspect(
            "reads-b-transposed",
            "b is read with row and column exchanged: b[l, j] lies at l * n + j.",
            onto(part((&a, &turned), sizes, &ranges)),
        )
        .compare(&c, &want, &Tolerance::sum(k, magnitudes))?;
    Ok(())
}

fn all(mine: &Blocked, sizes: [usize; 3], block: usize) -> Outcome {
    let [m, n, k] = sizes;
    let (a, b) = operands(sizes);
    let mut c = vec![BEFORE; m * n];
    (mine.multiply)(&a, &b, &mut c, sizes, block);
    let (a, b) = (sample::widen(&a), sample::widen(&b));
    let want = Matmul::new(m, n, k).run(&a, &b);
    let whole = |n: usize| 0..n / block * block;
    let sums = |ranges: [Range<usize>; 3]| part((&a, &b), sizes, &ranges);
    let before = f64::from(BEFORE);
    let kept = |sums: Vec<f64>, rows: usize, columns: usize| -> Vec<f64> {
        let each = sums.iter().enumerate();
        each.map(|(at, &x)| if at / n < rows && at % n < columns { x } else { before }).collect()
    };
    let edges = "what is left over at the edges is not there. Where a size is no multiple of the block, \
                 its last block is smaller: min says where it ends.";
    let corner = sums([whole(m), whole(n), whole(k)]);
    let sides = sums([whole(m), whole(n), 0..k]);
    let last = (k.max(1) - 1) / block * block;
    let mut check = check(format!("multiply(a, b, &mut c, {sizes:?}, {block})"), sizes)
        .suspect("edge-blocks-left-out", edges, kept(corner.clone(), whole(m).end, whole(n).end))
        .suspect("edge-blocks-left-out", edges, corner)
        .suspect("edge-blocks-left-out", edges, sides)
        .suspect("edge-blocks-left-out", edges, sums([0..m, 0..n, whole(k)]));
    check = check
        .suspect(
            "adds-to-what-was-there",
            "what c held before is still in the sum. add_block only adds: somebody has to empty c first.",
            want.values.iter().map(|x| x + before).collect(),
        )
        .suspect(
            "block-overwrites",
            "only the last block of terms counts: every block overwrites what those before it have \
             added. Is c emptied inside a loop?",
            sums([0..m, 0..n, last..k]),
        );
    check.compare(&c, &want.values, &Tolerance::sum(k, want.magnitudes))?;
    Ok(())
}
