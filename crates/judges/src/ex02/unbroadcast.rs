//! The way back through a broadcast, in whole numbers: sums of them are exact.

use crate::Outcome;
use crate::rust::{expect, suspect};
use strata_check::oracle::{index, zip};
use strata_check::sample;

/// The reader's function.
pub struct Unbroadcast {
    /// Upstream gradient, its shape, the input's shape.
    pub unbroadcast: fn(&[f64], &[usize], &[usize]) -> Vec<f64>,
}

/// Judges it.
///
/// # Errors
/// The first gradient that is not the sum over all uses.
pub fn judge(mine: &Unbroadcast) -> Outcome {
    let cases: [(&[usize], &[usize]); 14] = [
        (&[2, 3], &[2, 3]),
        (&[2, 3], &[3]),
        (&[2, 3], &[2, 1]),
        (&[2, 3], &[1, 3]),
        (&[2, 3], &[]),
        (&[2, 3], &[1]),
        (&[3, 3], &[3]),
        (&[4, 2, 3], &[2, 1]),
        (&[2, 4, 3, 5], &[4, 1, 5]),
        (&[3, 1, 2], &[1, 1, 2]),
        (&[2, 0], &[2, 1]),
        (&[0, 3], &[3]),
        (&[], &[]),
        (&[5, 7, 2], &[5, 1, 1]),
    ];
    for (seed, (from, to)) in cases.into_iter().enumerate() {
        let n = index::len(from);
        // Counted from 1 where somebody may want to follow, drawn where nobody will.
        let upstream: Vec<f64> = match n {
            0..=6 => (1..=n).map(|i| i as f64).collect(),
            _ => sample::tokens(seed as u64, n, 10).iter().map(|&x| f64::from(x)).collect(),
        };
        let want = zip::unbroadcast(&upstream, from, to);
        let mut last = vec![0.0; want.len()];
        for (at, arriving) in index::indices(from).zip(&upstream) {
            #[expect(clippy::indexing_slicing, reason = "`source` names a cell of `to`, as long")]
            let place = &mut last[zip::source(&at, to)];
            *place = *arriving;
        }
        let times = n as f64 / want.len().max(1) as f64;
        let mut suspects = vec![
            suspect(
                "last-one-wins",
                "each element holds the last gradient that arrived. It was read many times; all of \
                 them count: `+=`.",
                last,
            ),
            suspect(
                "mean-for-sum",
                "the gradients are averaged. Nobody divided on the way there, so nobody does on the \
                 way back.",
                want.iter().map(|x| x / times).collect(),
            ),
        ];
        if let Some(first) = from_the_first(&upstream, from, to) {
            suspects.push(suspect(
                "aligned-at-the-first",
                "the shapes are matched from their first dimensions. Broadcasting lines them up at the \
                 last: to's dimension d is from's dimension missing + d.",
                first,
            ));
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers below 10")]
        let shown: Vec<i64> = upstream.iter().map(|&x| x as i64).collect();
        let call = format!("unbroadcast(&{shown:?}, &{from:?}, &{to:?})");
        expect(&call, (mine.unbroadcast)(&upstream, from, to), want, &suspects)?;
    }
    Ok(())
}

/// The mistake of matching dimensions from the first one; `None` where it leaves the input.
fn from_the_first(upstream: &[f64], from: &[usize], to: &[usize]) -> Option<Vec<f64>> {
    let strides = index::strides(to);
    let mut gradient = vec![0.0; index::len(to)];
    for (at, arriving) in index::indices(from).zip(upstream) {
        let moving = to.iter().zip(at.iter().zip(&strides)).filter(|(length, _)| **length != 1);
        let place: usize = moving.map(|(_, (at, stride))| at * stride).sum();
        *gradient.get_mut(place)? += arriving;
    }
    Some(gradient)
}
