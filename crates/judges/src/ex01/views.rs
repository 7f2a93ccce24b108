//! Views without copies. Two layouts are the same if they read the same cells in the same order: what
//! the stride of a dimension of length 1 says is nobody's business.

use super::layouts::{Parts, dense, describe, drawn, first_aligned, reads, restrided, stretched};
use crate::Outcome;
use crate::rust::{Suspect, expect, require, suspect};
use strata_check::oracle::index::len;

/// The reader's layout and what can be done with it.
pub struct Views<L> {
    /// A layout of this shape, these strides, this offset.
    pub new: fn(Vec<usize>, Vec<usize>, usize) -> L,
    /// Its shape, strides and offset.
    pub parts: fn(L) -> Parts,
    /// Two dimensions exchanged.
    pub transpose: fn(&L, usize, usize) -> L,
    /// Dimension, start, length, step.
    pub slice: fn(&L, usize, usize, usize, usize) -> L,
    /// Stretched to a shape.
    pub broadcast_to: fn(&L, &[usize]) -> Option<L>,
    /// Another shape over the same cells.
    pub reshape: fn(&L, &[usize]) -> Option<L>,
}

/// Judges the views one after the other.
///
/// # Errors
/// The first view that reads other cells.
pub fn judge<L>(mine: &Views<L>) -> Outcome {
    transpose(mine)?;
    slice(mine)?;
    broadcast_to(mine)?;
    reshape(mine)
}

impl<L> Views<L> {
    fn make(&self, from: &Parts) -> L {
        (self.new)(from.0.clone(), from.1.clone(), from.2)
    }

    /// Compares what a view of the reader's reads.
    fn same(
        &self,
        call: &str,
        got: Option<L>,
        want: Option<&Parts>,
        suspects: Vec<Suspect<Parts>>,
    ) -> Outcome {
        compare(call, got.map(|layout| (self.parts)(layout)), want, suspects)
    }
}

fn compare(
    call: &str,
    got: Option<Parts>,
    want: Option<&Parts>,
    suspects: Vec<Suspect<Parts>>,
) -> Outcome {
    if let Some(parts @ (shape, strides, _)) = &got {
        let text = format!("{call}\n  got        {}\n{ONE_EACH}", describe(parts));
        require(shape.len() == strides.len(), "a-stride-each", text)?;
    }
    let suspects: Vec<_> =
        suspects.into_iter().map(|s| suspect(s.name, s.sentence, Some(reads(&s.gives)))).collect();
    expect(call, got.as_ref().map(reads), want.map(reads), &suspects)
}

const ONE_EACH: &str =
    "  diagnosis  every dimension needs a stride, and no stride may be left over.\n";

/// Layouts to look at: dense, transposed, with an offset, with holes.
fn starts() -> [Parts; 4] {
    [
        dense(&[2, 3], 0),
        dense(&[2, 3, 4], 10),
        (vec![4, 2, 3], vec![1, 12, 4], 5),
        (vec![3, 1, 5], vec![40, 7, 2], 3),
    ]
}

fn transpose<L>(mine: &Views<L>) -> Outcome {
    for start in starts() {
        let rank = start.0.len();
        for (a, b) in [(0, 1), (0, rank - 1), (rank - 1, rank - 2), (1, 1)] {
            let (mut want, mut shape_only, mut strides_only) =
                (start.clone(), start.clone(), start.clone());
            want.0.swap(a, b);
            want.1.swap(a, b);
            shape_only.0.swap(a, b);
            strides_only.1.swap(a, b);
            let call = format!("{}.transpose({a}, {b})", describe(&start));
            let got = (mine.transpose)(&mine.make(&start), a, b);
            let suspects = vec![
                suspect(
                    "strides-stay",
                    "only the shape was turned, so the same cells are read in the same order: that is \
                     a reshape. A dimension takes its stride along.",
                    shape_only,
                ),
                suspect(
                    "shape-stays",
                    "only the strides were turned, not the shape.",
                    strides_only,
                ),
            ];
            mine.same(&call, Some(got), Some(&want), suspects)?;
        }
    }
    Ok(())
}

#[expect(clippy::indexing_slicing, reason = "each `d` in `cases` is a dimension of its layout")]
fn slice<L>(mine: &Views<L>) -> Outcome {
    let cases = [
        (dense(&[6], 0), [0, 1, 3, 1]),
        (dense(&[6], 0), [0, 1, 3, 2]),
        (dense(&[3, 4], 0), [0, 1, 2, 1]),
        (dense(&[3, 4], 100), [1, 1, 2, 2]),
        ((vec![4, 3], vec![1, 4], 7), [0, 3, 1, 1]),
        ((vec![4, 3], vec![1, 4], 7), [1, 0, 2, 2]),
        ((vec![9, 5], vec![10, 2], 1), [0, 2, 3, 3]),
        (dense(&[3, 4], 5), [1, 0, 0, 1]),
    ];
    for (start, [d, first, count, step]) in cases {
        let stride = start.1[d];
        let view = |offset: usize, stride: usize, count: usize| {
            let mut view = (start.0.clone(), start.1.clone(), offset);
            view.0[d] = count;
            view.1[d] = stride;
            view
        };
        let call = format!("{}.slice({d}, {first}, {count}, {step})", describe(&start));
        let got = (mine.slice)(&mine.make(&start), d, first, count, step);
        let want = view(start.2 + first * stride, stride * step, count);
        let suspects = vec![
            suspect(
                "offset-forgotten",
                "the view begins where the whole begins. Which cell holds element `start`?",
                view(start.2, stride * step, count),
            ),
            suspect(
                "start-counts-cells",
                "the offset moved by `start` cells. It is `start` steps along this dimension.",
                view(start.2 + first, stride * step, count),
            ),
            suspect(
                "start-counts-long-steps",
                "the offset moved by `start` of the long steps. `start` counts elements of the \
                 layout before, so it is worth the stride from before: which line comes first?",
                view(start.2 + first * stride * step, stride * step, count),
            ),
            suspect(
                "step-forgotten",
                "neighbours lie as close as before. Every `step`-th is asked for.",
                view(start.2 + first * stride, stride, count),
            ),
            suspect(
                "step-for-stride",
                "the stride is now `step`. It was already more than 1 here: multiply.",
                view(start.2 + first * stride, step, count),
            ),
            suspect(
                "length-divided",
                "`len` counts the elements of the view, not the stretch it is cut from: no division.",
                view(start.2 + first * stride, stride * step, count.div_ceil(step)),
            ),
        ];
        mine.same(&call, Some(got), Some(&want), suspects)?;
    }
    Ok(())
}

fn broadcast_to<L>(mine: &Views<L>) -> Outcome {
    let cases: [(Parts, &[usize]); 11] = [
        (dense(&[1, 3], 0), &[2, 3]),
        (dense(&[2, 1], 0), &[2, 3]),
        (dense(&[3], 0), &[2, 3]),
        (dense(&[], 4), &[2, 2]),
        ((vec![3, 1, 2], vec![1, 5, 3], 6), &[2, 3, 4, 2]),
        (dense(&[2, 3], 1), &[2, 3]),
        (dense(&[2], 0), &[2, 3]),
        (dense(&[2, 3], 0), &[4, 3]),
        (dense(&[2, 3], 0), &[3]),
        (dense(&[1, 3], 0), &[3]),
        (dense(&[1, 3], 2), &[0, 3]),
    ];
    for (start, shape) in cases {
        let want = stretched(&start, shape, 0);
        let mut suspects = Vec::new();
        if let Some(moving) = stretched(&start, shape, 1) {
            suspects.push(suspect(
                "stride-kept",
                "a repeated dimension still moves through memory, into cells of somebody else. Which \
                 stride stays where it is?",
                moving,
            ));
        }
        if let Some(left) = first_aligned(&start, shape) {
            suspects.push(suspect(
                "aligned-at-the-first",
                "the dimensions are matched from the first one. Missing dimensions are added in front.",
                left,
            ));
        }
        let call = format!("{}.broadcast_to(&{shape:?})", describe(&start));
        let got = (mine.broadcast_to)(&mine.make(&start), shape);
        mine.same(&call, got, want.as_ref(), suspects)?;
    }
    Ok(())
}

fn reshape<L>(mine: &Views<L>) -> Outcome {
    let turned = |[m, n]: [usize; 2]| (vec![n, m], vec![1, n], 0);
    let cases: [(Parts, &[usize]); 19] = [
        (dense(&[2, 3], 0), &[6]),
        (dense(&[6], 4), &[2, 3]),
        (dense(&[2, 3], 0), &[3, 2]),
        (turned([2, 3]), &[6]),
        (turned([2, 3]), &[3, 2]),
        (turned([2, 3]), &[3, 1, 2, 1]),
        (dense(&[2, 3], 0), &[7]),
        // Rows with a gap behind each: they cannot be joined, but each can be cut.
        ((vec![2, 6], vec![10, 1], 3), &[2, 2, 3]),
        ((vec![2, 6], vec![10, 1], 3), &[12]),
        ((vec![2, 6], vec![10, 1], 3), &[4, 3]),
        ((vec![2, 6], vec![10, 1], 3), &[3, 4]),
        // Every second cell: one long run of stride 2.
        ((vec![4, 3], vec![6, 2], 1), &[2, 6]),
        // A transposed pair that stays a pair.
        ((vec![4, 2, 3], vec![1, 12, 4], 5), &[2, 2, 6]),
        ((vec![4, 2, 3], vec![1, 12, 4], 5), &[8, 3]),
        // Repeated rows and repeated numbers.
        ((vec![3, 4], vec![0, 1], 0), &[3, 2, 2]),
        ((vec![2, 3, 4], vec![0, 0, 1], 0), &[6, 4]),
        ((vec![3, 4], vec![0, 1], 0), &[12]),
        (dense(&[], 2), &[1, 1]),
        (dense(&[2, 0, 3], 0), &[0, 5]),
    ];
    for (start, shape) in &cases {
        reshape_once(mine, start, shape)?;
    }
    // And whatever chance brings.
    for seed in 0..400 {
        let (start, shape) = drawn(seed);
        reshape_once(mine, &start, &shape)?;
    }
    Ok(())
}

fn reshape_once<L>(mine: &Views<L>, start: &Parts, shape: &[usize]) -> Outcome {
    let call = format!("{}.reshape(&{shape:?})", describe(start));
    let got = (mine.reshape)(&mine.make(start), shape).map(|layout| (mine.parts)(layout));
    let want = restrided(start, shape);
    let fits = len(shape) == len(&start.0);
    let verdict = match (&got, &want) {
        (None, Some(_)) => Some(("gives-up-too-early", GIVES_UP)),
        (Some(_), None) if !fits => Some(("promises-too-much", OTHER_COUNT)),
        (Some(got), None) if *got != dense(shape, start.2) => {
            Some(("promises-too-much", NO_STRIDES))
        }
        _ => None,
    };
    if let Some((name, sentence)) = verdict {
        let show = |parts: &Option<Parts>| parts.as_ref().map_or("None".into(), describe);
        let (got, want) = (show(&got), show(&want));
        let text = format!("{call}\n  got        {got}\n  want       {want}\n");
        return require(false, name, text + sentence);
    }
    let contiguous = suspect(
        "contiguous-over-a-view",
        "these are the strides of a contiguous layout, and this one is none. Which of its dimensions \
         lie behind each other in memory without a gap?",
        dense(shape, start.2),
    );
    let suspects = if fits { vec![contiguous] } else { vec![] };
    compare(&call, got, want.as_ref(), suspects)
}

const GIVES_UP: &str = "  diagnosis  there are strides that say it (those of dimensions of length 1 are \
    free). A layout need not be contiguous for that: each run of it may be cut anywhere.\n";
const NO_STRIDES: &str = "  diagnosis  no strides read these cells in this order. Does a dimension of \
    the new shape reach over the end of a run?\n";
const OTHER_COUNT: &str = "  diagnosis  the number of elements is another.\n";
