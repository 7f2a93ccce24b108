//! AdamW over arenas, four parameters at a time: the engine's rung `2_vectorized`.

#![expect(
    clippy::cast_possible_truncation,
    reason = "elements are below 2^32; a norm is cut to the f32 that the kernel gets"
)]

use super::mistakes::{ALL, Arenas, Mistake};
use super::step::tolerance;
use crate::{Outcome, Question, Trial};
use strata_check::oracle::{adamw::AdamW, clip};
use strata_check::{Owner, Tolerance, sample};
use strata_ml::adamw::{AdamWConfig, adamw};
use strata_ml::device::StepState;
use strata_ml::tensor::Tensor;

/// Mistakes that a kernel over slices of f32 cannot make, or that its scalars rule out.
const ELSEWHERE: [Mistake; 2] = [Mistake::StepsFromZero, Mistake::SubtractsInF32];

const NOTHING: &str = "these numbers are as they were before the step. Is the new one stored?";

/// A run of some steps.
#[derive(Clone, Copy)]
struct Run {
    lr: f32,
    decayed: usize,
    config: AdamWConfig,
    first: u32,
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // 1 - beta1 is 1/2, 1 - beta2 is 1/16, and in step 1 every parameter moves by lr.
    let config = AdamWConfig { betas: (0.5, 0.9375), eps: 1e-8, weight_decay: 0.0, clip: None };
    let plain = Run { lr: 0.5, decayed: 2, config, first: 1 };
    let ramp: Vec<f32> = (1..=8).map(|x| x as f32).collect();
    let g = vec![vec![1.0, -2.0, 4.0, 0.0, 8.0, -1.0, 2.0, -4.0]];
    follow(trial, plain, &ramp, &g).await?;
    let decaying = Run { config: AdamWConfig { weight_decay: 0.25, ..config }, ..plain };
    follow(trial, decaying, &ramp, &g).await?;
    // The norm is the root of 106: four times what is allowed.
    let clipped = AdamWConfig { clip: Some(106f32.sqrt() / 4.0), ..config };
    follow(trial, Run { config: clipped, ..plain }, &ramp, &g).await?;
    let wide = AdamWConfig { clip: Some(1e3), ..config };
    follow(trial, Run { config: wide, ..plain }, &ramp, &g).await?;
    let tiny = vec![vec![1e-8, -2e-8, 1e-6, 0.0, 3e-8, 1e-7, -1e-8, 5e-8]];
    follow(trial, plain, &ramp, &tiny).await?;
    // 1 - beta2 is a millionth: few digits are left of it if they are not looked after.
    let long = AdamWConfig { betas: (0.5, 0.999999), ..config };
    follow(trial, Run { config: long, ..plain }, &ramp, &g).await?;
    stands_still(trial).await?;
    let config = AdamWConfig { betas: (0.9, 0.95), eps: 1e-6, weight_decay: 0.3, clip: Some(20.0) };
    for (n, decayed, first) in [(4, 1, 1), (1024, 513, 1), (3000, 1002, 40), (70_000, 70_000, 3)] {
        let g: Vec<Vec<f32>> = (2..5).map(|seed| sample::normal(seed, n)).collect();
        follow(trial, Run { lr: 0.05, decayed, config, first }, &sample::normal(1, n), &g).await?;
    }
    trial.contract().await
}

fn owner(i: usize) -> Owner {
    Owner { workgroup: [(i / 1024) as u32, 0, 0], lane: (i % 1024 / 4) as u32 }
}

fn exact(run: &Run) -> AdamW {
    AdamW {
        lr: run.lr.into(),
        beta1: run.config.betas.0,
        beta2: run.config.betas.1,
        eps: run.config.eps.into(),
        decay: run.config.weight_decay.into(),
    }
}

/// A result that a mistake gives: its name, what to say, the arenas after it.
struct Suspected {
    name: &'static str,
    sentence: &'static str,
    arenas: Arenas,
    step: Box<dyn Fn(&mut Arenas, &Run, &[f64], u32)>,
}

/// `g` is as the host sees it, not clipped yet.
fn suspects(start: &Arenas) -> Vec<Suspected> {
    type Step = Box<dyn Fn(&mut Arenas, &Run, &[f64], u32)>;
    let make =
        |name, sentence, step: Step| Suspected { name, sentence, arenas: start.clone(), step };
    let decays = |of: fn(usize, usize) -> bool| -> Step {
        Box::new(move |a, run, g, at| {
            a.err(None, &exact(run), |i| of(i, run.decayed), &clipped(run, g), at);
        })
    };
    let factor = |of: fn(f64, f64) -> f64| -> Step {
        Box::new(move |a, run, g, at| {
            let factor = run.config.clip.map_or(1.0, |c| of(clip::global_norm(g), c.into()));
            let g: Vec<f64> = g.iter().map(|g| g * factor).collect();
            a.step(&exact(run), run.decayed, &g, at);
        })
    };
    let common = ALL.iter().filter(|(mistake, ..)| !ELSEWHERE.contains(mistake));
    let mut list: Vec<Suspected> = common
        .map(|&(mistake, name, sentence)| {
            let step: Step = Box::new(move |a, run, g, at| {
                let decays = |i| i < run.decayed;
                a.err(Some(mistake), &exact(run), decays, &clipped(run, g), at);
            });
            make(name, sentence, step)
        })
        .collect();
    list.push(make("nothing-stored", NOTHING, Box::new(|_, _, _, _| ())));
    list.push(make(
        "no-decay",
        "the weight decay is missing: the first `decayed` parameters also shrink.",
        decays(|_, _| false),
    ));
    list.push(make(
        "decays-everything",
        "all parameters decay. Only the first `decayed` do: biases and gains come after them.",
        decays(|_, _| true),
    ));
    list.push(make(
        "decays-whole-vectors",
        "the decay ends at the end of a vector. It may end inside: each of the four elements asks \
         for itself.",
        decays(|i, decayed| i / 4 * 4 < decayed),
    ));
    list.push(make(
        "decays-by-vector-number",
        "`decayed` counts parameters, and a vector's number was compared with it. Vector i holds the \
         parameters 4 i to 4 i + 3.",
        decays(|i, decayed| i / 4 + i % 4 < decayed),
    ));
    list.push(make(
        "not-clipped",
        "the gradient is not clipped: it enters at its full length.",
        factor(|_, _| 1.0),
    ));
    list.push(make(
        "scaled-up",
        "a gradient shorter than max_norm is stretched to it. Clipping only ever shortens.",
        factor(|norm, max| max / (norm + 1e-6)),
    ));
    list
}

/// The gradients as the kernel should use them.
fn clipped(run: &Run, g: &[f64]) -> Vec<f64> {
    let mut g = g.to_vec();
    if let Some(max) = run.config.clip {
        clip::clip(&mut g, max.into());
    }
    g
}

/// Takes a step for each list of gradients and looks at all three arenas after each.
async fn follow(trial: &mut Trial, run: Run, p: &[f32], g: &[Vec<f32>]) -> Outcome {
    let n = p.len();
    let mut want = Arenas::new(sample::widen(p));
    let mut wrong = suspects(&want);
    let values = trial.tensor(p, &[n])?;
    let [m, v] = [trial.tensor(&vec![0f32; n], &[n])?, trial.tensor(&vec![0f32; n], &[n])?];
    for (g, at) in g.iter().zip(run.first..) {
        let wide = sample::widen(g);
        want.step(&exact(&run), run.decayed, &clipped(&run, &wide), at);
        for suspect in &mut wrong {
            (suspect.step)(&mut suspect.arenas, &run, &wide, at);
        }
        let norm = clip::global_norm(&wide) as f32;
        step(trial, &run, [&values, &m, &v], g, norm, at)?;
        let parts: [(&str, &Tensor, fn(&Arenas) -> &Vec<f64>); 3] =
            [("m", &m, |a| &a.m), ("v", &v, |a| &a.v), ("values", &values, |a| &a.p)];
        for (name, got, of) in parts {
            let mut question = Question::new(name, got).input("grads", &[n]).owner(owner);
            for Suspected { name, sentence, arenas, .. } in &wrong {
                question = question.suspect(name, *sentence, of(arenas).clone());
            }
            trial.check(question, of(&want), &tolerance(of(&want))).await?;
        }
    }
    Ok(())
}

fn step(
    trial: &Trial,
    run: &Run,
    [values, m, v]: [&Tensor; 3],
    g: &[f32],
    norm: f32,
    at: u32,
) -> Outcome {
    let grads = trial.tensor(g, &[g.len()])?;
    let norm = trial.tensor(&[norm], &[])?;
    let state = StepState { step: at, lr: run.lr, ..StepState::default() };
    let state = trial.device().step_state(state)?;
    Ok(adamw([values, &grads, m, v], &state, &norm, run.decayed, run.config)?)
}

/// A norm that is infinite or not a number: nothing may move, or the weights in which the host
/// looks for the cause are gone.
async fn stands_still(trial: &mut Trial) -> Outcome {
    let config = AdamWConfig { betas: (0.5, 0.75), clip: Some(1.0), ..AdamWConfig::default() };
    for (clip, norm) in [
        (Some(1.0), f32::INFINITY),
        (Some(1.0), f32::NAN),
        (None, f32::INFINITY),
        (None, f32::NEG_INFINITY),
    ] {
        let run = Run { lr: 0.5, decayed: 2, config: AdamWConfig { clip, ..config }, first: 2 };
        let before = Arenas {
            p: vec![1.0, 2.0, 3.0, 4.0],
            m: vec![1.0, -1.0, 2.0, 3.0],
            v: vec![1.0, 4.0, 2.0, 5.0],
        };
        let tensor = |x: &[f64]| trial.tensor(&sample::narrow(x), &[4]);
        let (values, m, v) = (tensor(&before.p)?, tensor(&before.m)?, tensor(&before.v)?);
        step(trial, &run, [&values, &m, &v], &[1.0, 2.0, -1.0, 3.0], norm, 2)?;
        let factor = if clip.is_some() { 1.0 / f64::from(norm) } else { 1.0 };
        let g: Vec<f64> = [1.0, 2.0, -1.0, 3.0].iter().map(|g| g * factor).collect();
        let mut taken = before.clone();
        taken.step(&exact(&run), run.decayed, &g, 2);
        for (name, got, want, taken) in [
            ("m", &m, &before.m, taken.m),
            ("v", &v, &before.v, taken.v),
            ("values", &values, &before.p, taken.p),
        ] {
            let sentence = "the step was taken although the norm is not finite. Then nothing may \
                            change: the host will look for the cause in the weights of before.";
            let question = Question::new(name, got).input("grads", &[4]).owner(owner).suspect(
                "steps-without-a-norm",
                sentence,
                taken,
            );
            trial.check(question, want, &Tolerance::Exact).await?;
        }
    }
    Ok(())
}
