use super::Entry;
use crate::{Outcome, Probe};
use strata_check::oracle::{cross_entropy as oracle, softmax as soft};
use strata_check::{Tolerance, sample};
use strata_ml::loss::{
    CrossEntropy, IGNORE, Loss, cross_entropy_backward, cross_entropy_backward_with,
    cross_entropy_forward, cross_entropy_forward_with, log_softmax_backward, log_softmax_forward,
    softmax_backward, softmax_forward,
};
use strata_ml::tensor::Tensor;

pub(super) const CASES: &[Entry] = &[
    ("softmax", softmax),
    ("log_softmax", log_softmax),
    ("softmax_backward", dsoftmax),
    ("log_softmax_backward", dlog_softmax),
    ("cross_entropy", cross_entropy),
    ("mean_of_scored", mean_of_scored),
    ("cross_entropy_backward", dcross_entropy),
    ("smoothed_cross_entropy", smoothed),
    ("weighted_mean", weighted_mean),
    ("smoothed_cross_entropy_backward", dsmoothed),
];

/// Rows and width: short, wider than a block, many rows, one number a row; at either side of where
/// workgroups grow and where rows are too many and too short for one each.
const SHAPES: [(usize, usize); 10] = [
    (3, 5),
    (17, 300),
    (2, 1300),
    (300, 7),
    (4, 1),
    (5, 32),
    (5, 33),
    (2, 257),
    (16_400, 1),
    (16_400, 3),
];

/// Scores about zero, in every other row about `offset`.
fn scores(
    probe: &Probe,
    (rows, width): (usize, usize),
    offset: f32,
) -> Outcome<(Vec<f64>, Tensor)> {
    let offset = |i: usize| if i / width % 2 == 1 { offset } else { 0.0 };
    let x = sample::normal(1, rows * width);
    let x = probe.held(x.iter().enumerate().map(|(i, x)| 5.0 * x + offset(i)).collect());
    Ok((sample::widen(&x), probe.tensor(&x, &[rows, width])?))
}

fn softmax(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let (wide, x) = scores(probe, shape, 1000.0)?;
        let Some(y) = probe.taken(softmax_forward(&x))? else { continue };
        let rule = Tolerance::close(1e-7, 2e-5);
        probe.check(&format!("{shape:?}"), &y, &soft::softmax(&wide, shape.1), &rule)?;
    }
    Ok(())
}

fn log_softmax(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let (wide, x) = scores(probe, shape, 1000.0)?;
        let Some(y) = probe.taken(log_softmax_forward(&x))? else { continue };
        let rule = Tolerance::close(5e-6, 2e-6);
        probe.check(&format!("{shape:?}"), &y, &soft::log_softmax(&wide, shape.1), &rule)?;
    }
    Ok(())
}

/// An output as f32 holds it, and a gradient: what both backward passes start from.
struct Upstream {
    y: Tensor,
    wide_y: Vec<f64>,
    dy: Tensor,
    wide_dy: Vec<f64>,
    largest: f64,
}

fn upstream(probe: &Probe, shape: (usize, usize), y: Vec<f64>) -> Outcome<Upstream> {
    let narrow = probe.held(sample::narrow(&y));
    let y = probe.tensor(&narrow, &[shape.0, shape.1])?;
    let (dy, tensor) = probe.normal(2, &[shape.0, shape.1])?;
    let largest = dy.iter().fold(1.0, |a: f64, b| a.max(b.abs().into()));
    let wide_dy = sample::widen(&dy);
    Ok(Upstream { y, wide_y: sample::widen(&narrow), dy: tensor, wide_dy, largest })
}

fn dsoftmax(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let (wide, _) = scores(probe, shape, 1000.0)?;
        let up = upstream(probe, shape, soft::softmax(&wide, shape.1))?;
        let Some(dx) = probe.taken(softmax_backward(&up.y, &up.dy))? else { continue };
        let want = soft::softmax_backward(&up.wide_y, &up.wide_dy, shape.1);
        let rule = Tolerance::close(1e-6 * up.largest, 5e-5);
        probe.check(&format!("{shape:?}"), &dx, &want, &rule)?;
    }
    Ok(())
}

fn dlog_softmax(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let (wide, _) = scores(probe, shape, 1000.0)?;
        let up = upstream(probe, shape, soft::log_softmax(&wide, shape.1))?;
        let Some(dx) = probe.taken(log_softmax_backward(&up.y, &up.dy))? else { continue };
        let want = soft::log_softmax_backward(&up.wide_y, &up.wide_dy, shape.1);
        let rule = Tolerance::close(3e-6 * up.largest * (shape.1 as f64).sqrt(), 2e-5);
        probe.check(&format!("{shape:?}"), &dx, &want, &rule)?;
    }
    Ok(())
}

/// Logits and targets, some of which are not scored, and the oracle's answer.
struct Scored {
    logits: Tensor,
    targets: Tensor,
    want: oracle::Loss,
}

fn scored(probe: &Probe, (rows, vocab): (usize, usize), ignored: usize) -> Outcome<Scored> {
    let (wide, logits) = scores(probe, (rows, vocab), 0.0)?;
    let mut signed = sample::tokens(3, rows, vocab as u32);
    (0..ignored).for_each(|i| signed[(i * 7 + 1) % rows] = -1);
    let targets: Vec<u32> = signed.iter().map(|&t| u32::try_from(t).unwrap_or(IGNORE)).collect();
    let targets = probe.tensor(&targets, &[rows])?;
    Ok(Scored { logits, targets, want: oracle::cross_entropy(&wide, &signed, vocab, -1) })
}

fn cross_entropy(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let s = scored(probe, shape, shape.0 / 3)?;
        let Some(loss) = probe.taken(cross_entropy_forward(&s.logits, &s.targets))? else {
            continue;
        };
        let rule = Tolerance::close(5e-6, 3e-6);
        probe.check(&format!("lse of {shape:?}"), &loss.lse, &s.want.lse, &rule)?;
        probe.check(&format!("losses of {shape:?}"), &loss.rows, &s.want.losses, &rule)?;
    }
    Ok(())
}

fn mean_of_scored(probe: &mut Probe) -> Outcome {
    for (shape, ignored) in [((1, 4), 0), ((3, 4), 3), ((300, 7), 100), ((70_001, 2), 500)] {
        let s = scored(probe, shape, ignored)?;
        let Some(loss) = probe.taken(cross_entropy_forward(&s.logits, &s.targets))? else {
            continue;
        };
        let rule = Tolerance::close(5e-6, 3e-6);
        probe.check(&format!("mean of {shape:?}"), &loss.mean, &[s.want.loss], &rule)?;
        let weight = [1.0 / s.want.scored.max(1) as f64];
        probe.check(
            &format!("weight of {shape:?}"),
            &loss.weight,
            &weight,
            &Tolerance::close(0.0, 2e-7),
        )?;
    }
    Ok(())
}

fn dcross_entropy(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let s = scored(probe, shape, shape.0 / 3)?;
        let (rows, want) = (&[shape.0], &s.want);
        let weight = 1.0 / want.scored.max(1) as f64;
        // The oracle's forward, so that only the gradient is judged.
        let loss = Loss {
            mean: probe.wide(&[want.loss as f32], &[])?,
            rows: probe.wide(&sample::narrow(&want.losses), rows)?,
            lse: probe.wide(&sample::narrow(&want.lse), rows)?,
            weight: probe.wide(&[weight as f32], &[1])?,
        };
        let dloss = probe.wide(&[0.5f32], &[])?;
        let got = cross_entropy_backward(&s.logits, &s.targets, &loss, &dloss, 2.0);
        let Some(got) = probe.taken(got)? else { continue };
        let rule = Tolerance::close(1e-6 * weight, 2e-5);
        probe.check(&format!("dlogits of {shape:?}"), &got, &want.dlogits, &rule)?;
    }
    Ok(())
}

/// Logits, targets and options, with weights of which some are 0, and the oracle's answer.
struct Smoothed {
    what: String,
    logits: Tensor,
    targets: Tensor,
    options: CrossEntropy,
    want: oracle::WeightedLoss,
}

/// Smoothed, weighted, and both.
fn smooth(probe: &Probe, shape: (usize, usize), offset: f32) -> Outcome<Vec<Smoothed>> {
    let (rows, vocab) = shape;
    let (wide, logits) = scores(probe, shape, offset)?;
    let mut signed = sample::tokens(3, rows, vocab as u32);
    (0..rows / 3).for_each(|i| signed[(i * 7 + 1) % rows] = -1);
    let targets: Vec<u32> = signed.iter().map(|&t| u32::try_from(t).unwrap_or(IGNORE)).collect();
    let targets = probe.tensor(&targets, &[rows])?;
    let weights: Vec<f32> = (0..vocab).map(|j| (j * 7 % 9) as f32 * 0.25).collect();
    let weights = if vocab == 1 { vec![0.75] } else { weights };
    let mut all = Vec::new();
    for (smoothing, weighted) in [(0.1, false), (0.0, true), (0.3, true)] {
        let ones = vec![1.0; vocab];
        let w = if weighted { &weights } else { &ones };
        let class_weights = weighted.then(|| probe.wide(w, &[vocab])).transpose()?;
        let s = f64::from(smoothing);
        all.push(Smoothed {
            what: format!("{shape:?}, smoothing {smoothing}, weighted {weighted}"),
            logits: logits.clone(),
            targets: targets.clone(),
            options: CrossEntropy { label_smoothing: smoothing, class_weights },
            want: oracle::smoothed_cross_entropy(&wide, &signed, &sample::widen(w), s, -1),
        });
    }
    Ok(all)
}

fn smoothed(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        for s in smooth(probe, shape, 1000.0)? {
            let loss = cross_entropy_forward_with(&s.logits, &s.targets, &s.options);
            let Some(loss) = probe.taken(loss)? else { continue };
            let rule = Tolerance::close(1e-5, 5e-6);
            probe.check(&format!("losses of {}", s.what), &loss.rows, &s.want.losses, &rule)?;
        }
    }
    Ok(())
}

fn weighted_mean(probe: &mut Probe) -> Outcome {
    for shape in [(1, 4), (300, 7), (70_001, 2)] {
        for s in smooth(probe, shape, 0.0)? {
            let loss = cross_entropy_forward_with(&s.logits, &s.targets, &s.options);
            let Some(loss) = probe.taken(loss)? else { continue };
            let rule = Tolerance::close(1e-5, 5e-6);
            probe.check(&format!("mean of {}", s.what), &loss.mean, &[s.want.loss], &rule)?;
            let rule = Tolerance::close(0.0, 2e-6);
            probe.check(&format!("weight of {}", s.what), &loss.weight, &[s.want.weight], &rule)?;
        }
    }
    Ok(())
}

fn dsmoothed(probe: &mut Probe) -> Outcome {
    let dloss = probe.wide(&[0.5f32], &[])?;
    for shape in SHAPES {
        for s in smooth(probe, shape, 1000.0)? {
            let loss = cross_entropy_forward_with(&s.logits, &s.targets, &s.options);
            let Some(loss) = probe.taken(loss)? else { continue };
            let got = cross_entropy_backward_with(&s.logits, &s.targets, &loss, &dloss, 2.0);
            let Some(got) = probe.taken(got)? else { continue };
            let rule = Tolerance::close(3e-6 * s.want.weight, 3e-5);
            probe.check(&format!("dlogits of {}", s.what), &got, &s.want.dlogits, &rule)?;
        }
    }
    Ok(())
}
