//! Chapter 1's ops that look along a whole row: running sums, the largest, draws.

use crate::{Outcome, Probe};
use strata_check::oracle::{scan, topk as largest};
use strata_check::{Tolerance, sample};
use strata_ml::tensor::ops;

pub(super) fn cumsum(probe: &mut Probe) -> Outcome {
    // At either side of what a block takes, and of its tiles.
    let shapes: [(&[usize], usize); 7] = [
        (&[5, 63], 1),
        (&[5, 64], 1),
        (&[3, 257], 1),
        (&[70_001], 0),
        (&[100, 40], 0),
        (&[2, 65, 3], 1),
        (&[300, 2, 2], 0),
    ];
    for (shape, d) in shapes {
        for reverse in [false, true] {
            probe.device().trim();
            let n = shape.iter().product();
            // All positive: a plain running sum drifts off.
            let data = probe.held(sample::uniform(n as u64, n, 0.0, 1.0));
            let x = probe.tensor(&data, shape)?;
            let Some(got) = probe.taken(ops::cumsum(&x, d, reverse))? else { continue };
            let wide = sample::widen(&data);
            let want = scan::cumsum(&wide, shape, d, reverse);
            let sizes = scan::cumsum_abs(&wide, shape, d, reverse);
            let rule = Tolerance::sum(shape[d], sizes);
            probe.check(&format!("{shape:?} along {d}"), &got, &want, &rule)?;
        }
    }
    Ok(())
}

pub(super) fn topk(probe: &mut Probe) -> Outcome {
    for (rows, width, k) in
        [(1, 1, 1), (3, 5, 2), (4, 64, 64), (2, 100, 100), (5, 257, 200), (2, 4099, 7)]
    {
        // Rounded, so that many are equal.
        let n = rows * width;
        let data: Vec<f32> = sample::normal(n as u64, n).iter().map(|x| x.round()).collect();
        let x = probe.tensor(&data, &[rows, width])?;
        let Some((values, places)) = probe.taken(x.topk(k))? else { continue };
        let (want, order) = largest::topk(&sample::widen(&data), width, k);
        let order: Vec<f64> = order.into_iter().map(|i| i as f64).collect();
        probe.check(&format!("{k} of {width}"), &values, &want, &Tolerance::Exact)?;
        probe.check_indices(&format!("places of {k} of {width}"), &places, &order)?;
    }
    Ok(())
}

/// All machines add in one order, so the processor's draws are everybody's.
pub(super) fn multinomial(probe: &mut Probe) -> Outcome {
    for (rows, width, draws) in [(1, 1, 1), (3, 7, 5), (2, 300, 257), (2, 5000, 40)] {
        let n = rows * width;
        let data = probe.held(sample::uniform(n as u64, n, 0.0, 1.0));
        let x = probe.tensor(&data, &[rows, width])?;
        let Some(got) = probe.taken(x.multinomial(draws, 5, true))? else { continue };
        let want = draws_of(&data, width, draws);
        probe.check_indices(&format!("{draws} of {width}"), &got, &want)?;
    }
    Ok(())
}

/// What the definition draws: pieces of the row are added up first, as on every machine.
fn draws_of(weights: &[f32], width: usize, draws: usize) -> Vec<f64> {
    let mut stream = strata_ml::device::random::Stream::new(5, 2);
    let mut out = Vec::new();
    for row in weights.chunks(width) {
        let pieces = || row.chunks(width.div_ceil(256));
        let sum = |piece: &[f32]| piece.iter().fold(0f32, |sum, w| sum + w);
        let total = pieces().fold(0f32, |total, piece| total + sum(piece));
        for _ in 0..draws {
            let goal = stream.uniform() * total;
            let (mut running, mut at) = (0f32, 0);
            let piece = pieces().find(|piece| {
                let next = running + sum(piece);
                let found = next > goal;
                if !found {
                    running = next;
                    at += piece.len();
                }
                found
            });
            let place = piece.unwrap_or_default().iter().position(|w| {
                running += w;
                running > goal
            });
            out.push((at + place.unwrap_or(0)) as f64);
        }
    }
    out
}
