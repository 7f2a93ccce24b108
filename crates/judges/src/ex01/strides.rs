//! From an index to a place in memory and back.

use crate::Outcome;
use crate::rust::{expect, suspect};
use strata_check::oracle::{index as row_major, zip};

/// The reader's functions.
pub struct Strides {
    /// The row-major strides of a shape.
    pub contiguous: fn(&[usize]) -> Vec<usize>,
    /// The cell of an index, given strides and offset.
    pub position: fn(&[usize], &[usize], usize) -> usize,
    /// The index of a flat position in a shape.
    pub index: fn(usize, &[usize]) -> Vec<usize>,
    /// The shape that two shapes broadcast to.
    pub broadcast: fn(&[usize], &[usize]) -> Option<Vec<usize>>,
}

/// Judges them one after the other.
///
/// # Errors
/// The first answer that is wrong.
pub fn judge(mine: &Strides) -> Outcome {
    contiguous(mine)?;
    position(mine)?;
    index(mine)?;
    broadcast(mine)
}

fn contiguous(mine: &Strides) -> Outcome {
    let shapes: [&[usize]; 8] = [
        &[2, 3],
        &[2, 3, 4],
        &[5],
        &[],
        &[1, 1, 7],
        &[6, 1, 2, 1],
        &[3, 0, 2],
        &[2, 3, 4, 5, 6, 7],
    ];
    for shape in shapes {
        let turned = |s: &[usize]| s.iter().rev().copied().collect::<Vec<_>>();
        // What each stride would be if it counted its own dimension too.
        let own: Vec<usize> = (0..shape.len()).map(|d| shape.iter().skip(d).product()).collect();
        let columns = turned(&row_major::strides(&turned(shape)));
        expect(
            &format!("contiguous(&{shape:?})"),
            (mine.contiguous)(shape),
            row_major::strides(shape),
            &[
                suspect(
                    "column-major",
                    "these are column-major strides: the first dimension's neighbours lie side by \
                     side. Strata, like C, lets the last one's. At which end does the loop begin?",
                    columns,
                ),
                suspect(
                    "own-length-included",
                    "each stride counts its own dimension too. A step along d passes over everything \
                     behind d: shape[d + 1] * shape[d + 2] * .. is what it costs.",
                    own,
                ),
                suspect(
                    "shape-for-strides",
                    "that is the shape. A stride is how many cells one step along a dimension is.",
                    shape.to_vec(),
                ),
            ],
        )?;
    }
    Ok(())
}

fn position(mine: &Strides) -> Outcome {
    // Contiguous, transposed, broadcast, sliced; a scalar at last.
    let cases: [(&[usize], &[usize], usize); 6] = [
        (&[1, 2], &[3, 1], 0),
        (&[1, 2], &[1, 2], 0),
        (&[1, 2], &[3, 1], 100),
        (&[4, 2, 1], &[0, 7, 0], 5),
        (&[3, 1, 4, 1], &[240, 2, 12, 60], 17),
        (&[], &[], 9),
    ];
    for (index, strides, offset) in cases {
        let steps: usize = index.iter().zip(strides).map(|(i, s)| i * s).sum();
        expect(
            &format!("position(&{index:?}, &{strides:?}, {offset})"),
            (mine.position)(index, strides, offset),
            offset + steps,
            &[
                suspect(
                    "offset-forgotten",
                    "the offset is missing. A view may begin anywhere in its buffer.",
                    steps,
                ),
                suspect(
                    "strides-ignored",
                    "the numbers of the index are added as they are. Each counts as many cells as its \
                     stride says.",
                    offset + index.iter().sum::<usize>(),
                ),
            ],
        )?;
    }
    Ok(())
}

fn index(mine: &Strides) -> Outcome {
    let shapes: [&[usize]; 6] = [&[2, 3], &[2, 3, 4], &[7], &[4, 1, 5], &[2, 5, 3, 2], &[1]];
    for shape in shapes {
        for flat in 0..row_major::len(shape) {
            let want = row_major::unravel(flat, shape);
            let turned: Vec<usize> = shape.iter().rev().copied().collect();
            let mut first = row_major::unravel(flat, &turned);
            let backwards = want.iter().rev().copied().collect();
            first.reverse();
            expect(
                &format!("index({flat}, &{shape:?})"),
                (mine.index)(flat, shape),
                want,
                &[
                    suspect(
                        "first-dimension-fastest",
                        "the first dimension's number changes with every step. In row-major order \
                         that is the last one's: divide by the last length first.",
                        first,
                    ),
                    suspect(
                        "index-backwards",
                        "the numbers are right and stand in the wrong order.",
                        backwards,
                    ),
                ],
            )?;
        }
    }
    let scalar = (mine.index)(0, &[]);
    expect("index(0, &[])", scalar, vec![], &[])
}

fn broadcast(mine: &Strides) -> Outcome {
    let cases: [(&[usize], &[usize]); 15] = [
        (&[2, 3], &[2, 3]),
        (&[2, 3], &[1, 3]),
        (&[2, 1], &[1, 3]),
        (&[2, 3], &[3]),
        (&[3], &[2, 1]),
        (&[4, 2, 3], &[2, 1]),
        (&[], &[2, 3]),
        (&[2, 3], &[]),
        (&[2, 3], &[2, 2]),
        (&[2, 3], &[2]),
        (&[3, 2], &[6]),
        (&[0, 3], &[1, 3]),
        (&[1], &[0]),
        (&[0], &[2]),
        (&[7, 1, 5, 1], &[6, 1, 4]),
    ];
    for (a, b) in cases {
        expect(
            &format!("broadcast(&{a:?}, &{b:?})"),
            (mine.broadcast)(a, b),
            zip::broadcast_shape(a, b),
            &[
                suspect(
                    "aligned-at-the-first",
                    "the shapes are matched from their first dimensions. Broadcasting lines them up \
                     at the last: [2, 3] takes a [3], one number a column.",
                    from_the_first(a, b),
                ),
                suspect(
                    "larger-one-wins",
                    "the larger length is taken wherever two differ. Only a 1 stretches: 3 against 2 \
                     does not fit, and 1 against 0 gives 0.",
                    Some(larger(a, b)),
                ),
                suspect(
                    "missing-is-no-one",
                    "shapes of different rank are turned away. Where one has no more dimensions it \
                     counts as 1.",
                    if a.len() == b.len() { zip::broadcast_shape(a, b) } else { None },
                ),
            ],
        )?;
    }
    Ok(())
}

/// The mistake of matching dimensions from the first one.
fn from_the_first(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let turned = |s: &[usize]| s.iter().rev().copied().collect::<Vec<_>>();
    zip::broadcast_shape(&turned(a), &turned(b)).map(|shape| turned(&shape))
}

/// The mistake of taking the larger length, whatever the other is.
fn larger(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], d: usize| {
        (d + s.len()).checked_sub(rank).and_then(|d| s.get(d)).map_or(1, |&n| n)
    };
    (0..rank).map(|d| at(a, d).max(at(b, d))).collect()
}
