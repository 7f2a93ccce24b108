//! Lion: a step along the sign of a momentum, both arenas in place.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "arenas and gradients made here, all of one length; betas are cut to the f32 that the kernel gets"
)]

use super::step::tolerance;
use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use strata_check::{Owner, sample};
use strata_ml::device::{Buffer, Device, Launch, StepState};
use strata_ml::tensor::Tensor;

kernel! {
    "ex08-adamw"
    mod step {
        bindings { values: write f32, grads: read f32, m: write f32, state: read StepState }
        params {
            n: usize,
            decayed: usize,
            beta1: f32,
            rest1: f32,
            beta2: f32,
            rest2: f32,
            weight_decay: f32,
         }
    }
    static KERNEL = "lion/1_naive"(lion)
}

/// What a step needs to know besides the arenas.
#[derive(Clone, Copy)]
struct Rule {
    lr: f32,
    betas: (f64, f64),
    decay: f32,
    decayed: usize,
}

fn launch([values, grads, m]: [&Tensor; 3], state: &Buffer, rule: Rule) -> Launch {
    let (n, (beta1, beta2)) = (values.numel(), rule.betas);
    let bindings = step::Bindings {
        values: values.binding(),
        grads: grads.binding(),
        m: m.binding(),
        state: state.slice(0, size_of::<StepState>()),
    };
    let params = step::Params {
        n,
        decayed: rule.decayed,
        beta1: beta1 as f32,
        rest1: (1.0 - beta1) as f32,
        beta2: beta2 as f32,
        rest2: (1.0 - beta2) as f32,
        weight_decay: rule.decay,
    };
    KERNEL.launch(bindings, params).cover(n, 256).cost(8.0 * n as f64, 20.0 * n as f64)
}

pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let n = if device.info().caps.software { 1 << 20 } else { 12_318_720 };
    let rule = Rule { lr: 1e-4, betas: (0.9, 0.99), decay: 0.1, decayed: n / 2 };
    let [values, grads, m] = [noise(device, &[n])?, noise(device, &[n])?, noise(device, &[n])?];
    let state = device.step_state(StepState { step: 1, lr: rule.lr, ..StepState::default() })?;
    let device = device.clone();
    Ok(Problem::new(format!("[{n}]"), move || {
        device.launch(&launch([&values, &grads, &m], &state, rule))
    }))
}

/// A mistake of [`Lion::step`].
#[derive(Clone, Copy, PartialEq)]
enum Mistake {
    Nothing,
    NotStored,
    BetasExchanged,
    KeepsC,
    NewMomentum,
    GradientOnly,
    NoSign,
    ZeroIsOne,
    Uphill,
    DecayInside,
    DecaysAll,
    DecayWithoutLr,
    NoDecay,
}

use Mistake::*;

const MISTAKES: &[(Mistake, &str, &str)] = &[
    (
        NotStored,
        "momentum-not-stored",
        "the momentum is as it was before the step: the next step will not know of this gradient.",
    ),
    (
        NewMomentum,
        "sign-of-the-new-momentum",
        "the sign is taken of the new momentum. The step looks at c, mixed by beta1 from the momentum \
         of before. Has that been overwritten already?",
    ),
    (
        BetasExchanged,
        "betas-exchanged",
        "beta1 and beta2 are exchanged. beta1 mixes what the step looks at, beta2 what is kept.",
    ),
    (
        KeepsC,
        "keeps-what-the-step-saw",
        "c is stored as the new momentum. It is only for the step; what is kept is mixed by beta2, \
         from the momentum of before.",
    ),
    (
        GradientOnly,
        "sign-of-the-gradient",
        "the sign is the gradient's own: the momentum has no say in the step.",
    ),
    (
        NoSign,
        "no-sign",
        "the parameters move by c itself. Lion takes its sign: every step is exactly lr long.",
    ),
    (
        ZeroIsOne,
        "moves-where-nothing-pulls",
        "where c is 0 a parameter moves all the same. The sign of 0 is 0: the arena's padding has no \
         gradient and must stay where it is.",
    ),
    (
        Uphill,
        "goes-uphill",
        "every step goes the wrong way. The gradient points to where the loss grows: subtract.",
    ),
    (
        DecayInside,
        "decay-inside-the-sign",
        "the decay stands under the sign, where it only turns it now and then. It is decoupled: it \
         takes lr * weight_decay of the parameter away.",
    ),
    (
        DecaysAll,
        "decays-everything",
        "all parameters decay. Only the first `decayed` do: biases and gains come after them.",
    ),
    (DecayWithoutLr, "decay-without-lr", "the decay is not multiplied by the learning rate."),
    (NoDecay, "no-decay", "the weight decay is missing."),
    (Nothing, "nothing-stored", "the parameters are as they were before the step."),
];

/// Parameters and momentum.
#[derive(Clone)]
struct Lion {
    p: Vec<f64>,
    m: Vec<f64>,
}

impl Lion {
    /// One step, right or with a mistake.
    fn step(&mut self, mistake: Option<Mistake>, rule: Rule, g: &[f64]) {
        let is = |m: Mistake| mistake == Some(m);
        if is(Nothing) {
            return;
        }
        let (beta1, beta2) = match is(BetasExchanged) {
            true => (rule.betas.1, rule.betas.0),
            false => rule.betas,
        };
        let (lr, decay) = (f64::from(rule.lr), f64::from(rule.decay));
        for i in 0..g.len() {
            let (p, m) = (self.p[i], self.m[i]);
            let decays = i < rule.decayed || is(DecaysAll);
            let new = beta2 * m + (1.0 - beta2) * g[i];
            let mut c = beta1 * m + (1.0 - beta1) * g[i];
            if is(DecayInside) && decays {
                c += decay * p;
            }
            let seen = match mistake {
                Some(NewMomentum) => new,
                Some(GradientOnly) => g[i],
                _ => c,
            };
            let sign = match mistake {
                Some(NoSign) => seen,
                Some(ZeroIsOne) if seen == 0.0 => 1.0,
                Some(Uphill) => -sign(seen),
                _ => sign(seen),
            };
            let lost = match mistake {
                Some(DecayInside | NoDecay) => 0.0,
                Some(DecayWithoutLr) => decay,
                _ => lr * decay,
            };
            self.p[i] = if decays { p * (1.0 - lost) } else { p } - lr * sign;
            self.m[i] = match mistake {
                Some(NotStored) => m,
                Some(KeepsC) => c,
                _ => new,
            };
        }
    }
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Small numbers: c is 0, 1, -2 and -1, and the third would turn if it saw the new momentum.
    let plain = Rule { lr: 0.5, betas: (0.5, 0.75), decay: 0.0, decayed: 2 };
    let (p, m) = ([1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 4.0, 0.0]);
    let g = vec![vec![0.0, 2.0, -6.0, -4.0]];
    follow(trial, plain, &p, &m, &g).await?;
    follow(trial, Rule { decay: 0.25, ..plain }, &p, &m, &g).await?;
    for (n, decayed) in [(1, 1), (257, 100), (3001, 3001), (1000, 0), (70_001, 333)] {
        let rule = Rule { lr: 0.1, betas: (0.9, 0.99), decay: 0.2, decayed };
        let p = sample::normal(1, n);
        let m = sample::normal(2, n);
        let mut arenas = Lion { p: vec![0.0; n], m: sample::widen(&m) };
        let mut all = Vec::new();
        for seed in 3..6 {
            let g = clear_cut(&arenas.m, rule.betas.0, sample::normal(seed, n));
            arenas.step(None, rule, &sample::widen(&g));
            all.push(g);
        }
        follow(trial, rule, &p, &m, &all).await?;
    }
    Ok(())
}

/// Gradients for which the sign of c does not hang on a rounding.
fn clear_cut(m: &[f64], beta1: f64, mut g: Vec<f32>) -> Vec<f32> {
    for (g, m) in g.iter_mut().zip(m) {
        if (beta1 * m + (1.0 - beta1) * f64::from(*g)).abs() < 1e-3 {
            *g += 1.0;
        }
    }
    g
}

/// Takes a step for each list of gradients and looks at both arenas after each.
async fn follow(trial: &mut Trial, rule: Rule, p: &[f32], m: &[f32], g: &[Vec<f32>]) -> Outcome {
    let n = p.len();
    let mut want = Lion { p: sample::widen(p), m: sample::widen(m) };
    let mut wrong = vec![want.clone(); MISTAKES.len()];
    let (values, momentum) = (trial.tensor(p, &[n])?, trial.tensor(m, &[n])?);
    for (g, step) in g.iter().zip(1..) {
        let wide = sample::widen(g);
        want.step(None, rule, &wide);
        for (arenas, (mistake, ..)) in wrong.iter_mut().zip(MISTAKES) {
            arenas.step(Some(*mistake), rule, &wide);
        }
        let grads = trial.tensor(g, &[n])?;
        let state = StepState { step, lr: rule.lr, ..StepState::default() };
        let state = trial.device().step_state(state)?;
        trial.launch(&launch([&values, &grads, &momentum], &state, rule))?;
        let parts: [(&str, &Tensor, fn(&Lion) -> &Vec<f64>); 2] =
            [("m", &momentum, |a| &a.m), ("values", &values, |a| &a.p)];
        for (name, got, of) in parts {
            let mut question = Question::new(name, got)
                .input("grads", &[n])
                .owner(|i| Owner::linear(i % (65_535 * 256), 256));
            for (arenas, (_, name, sentence)) in wrong.iter().zip(MISTAKES) {
                question = question.suspect(name, *sentence, of(arenas).clone());
            }
            trial.check(question, of(&want), &tolerance(of(&want))).await?;
        }
    }
    Ok(())
}
