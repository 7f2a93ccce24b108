//! AdamW in float64 with one mistake in it. What comes out is a suspect of the judges.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "arenas are as long as the gradient; what is cut to f32 is meant to lose digits"
)]

use strata_check::oracle::adamw::AdamW;

/// One mistake that people make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mistake {
    Uphill,
    NoCorrection,
    StepsFromZero,
    KeepsCorrected,
    NoRest,
    SubtractsInF32,
    CorrectsInF32,
    L2,
    DecayWithoutLr,
    DecayLate,
    EpsInside,
    EpsEarly,
    NoRoot,
}

use Mistake::*;

/// Every mistake with its name and what to say to whoever makes it.
pub(super) const ALL: &[(Mistake, &str, &str)] = &[
    (
        Uphill,
        "goes-uphill",
        "every step goes the wrong way. The gradient points to where the loss grows: subtract.",
    ),
    (
        NoCorrection,
        "no-bias-correction",
        "the bias correction is missing. The moments start at 0, so in the first steps both are too \
         small, and not equally so. Divide m by 1 - beta1^step and v by 1 - beta2^step.",
    ),
    (
        StepsFromZero,
        "counts-steps-from-0",
        "the correction is that of the step before. Steps count from 1: 1 - beta^0 would be 0.",
    ),
    (
        KeepsCorrected,
        "keeps-the-corrected-moments",
        "the corrected moments are kept, and will be corrected once more in the next step. Correct \
         them only where the step uses them.",
    ),
    (
        NoRest,
        "new-gradients-count-full",
        "the gradient enters a moment undiminished. A moment is beta of itself and 1 - beta of what \
         is new: a mean, not a sum.",
    ),
    (
        SubtractsInF32,
        "subtracts-in-f32",
        "1 - beta2 is computed in f32, where 0.99999 has seven digits, five of them nines. Subtract \
         in f64 and cast what is left.",
    ),
    (
        CorrectsInF32,
        "loses-digits-in-the-correction",
        "1 - beta2^step is subtracted in f32. For a long memory that is a small difference of two \
         large numbers, and few digits are left. (In f64 it does no harm; on a device there is expm1.)",
    ),
    (
        L2,
        "l2-in-the-gradient",
        "the weight decay is added to the gradient: that is L2 regularisation. It is divided by the \
         root like any gradient. The W in AdamW stands for taking lr * decay * p off p itself.",
    ),
    (
        DecayWithoutLr,
        "decay-without-lr",
        "the decay is not multiplied by the learning rate: it takes decay * p away in every step.",
    ),
    (
        DecayLate,
        "decays-after-the-step",
        "the decay is taken of the parameter that has moved already. It comes first: what decays is \
         the parameter as it was.",
    ),
    (
        EpsInside,
        "eps-inside-the-root",
        "eps stands under the root. sqrt(1e-8) is 1e-4, and parameters with small gradients stand \
         still. It is added to the root.",
    ),
    (
        EpsEarly,
        "eps-before-the-correction",
        "eps is added before the correction and grows with it. Correct v, take the root, add eps.",
    ),
    (
        NoRoot,
        "no-root",
        "m is divided by v itself. v is a mean of squares: its root has the gradient's size.",
    ),
];

/// Parameters and moments.
#[derive(Clone, Debug)]
pub(super) struct Arenas {
    pub p: Vec<f64>,
    pub m: Vec<f64>,
    pub v: Vec<f64>,
}

impl Arenas {
    /// Moments of 0.
    pub fn new(p: Vec<f64>) -> Self {
        let n = p.len();
        Arenas { p, m: vec![0.0; n], v: vec![0.0; n] }
    }

    /// The right step; the first `decayed` elements decay.
    pub fn step(&mut self, rule: &AdamW, decayed: usize, g: &[f64], at: u32) {
        let d = decayed.min(g.len());
        let [(p0, p1), (m0, m1), (v0, v1)] =
            [&mut self.p, &mut self.m, &mut self.v].map(|x| x.split_at_mut(d));
        rule.step(p0, m0, v0, &g[..d], at);
        AdamW { decay: 0.0, ..*rule }.step(p1, m1, v1, &g[d..], at);
    }

    /// A step with a mistake in it; `decays` says which elements decay.
    pub fn err(
        &mut self,
        mistake: Option<Mistake>,
        rule: &AdamW,
        decays: impl Fn(usize) -> bool,
        g: &[f64],
        at: u32,
    ) {
        let AdamW { lr, beta1, beta2, eps, .. } = *rule;
        let is = |m: Mistake| mistake == Some(m);
        let at = if is(StepsFromZero) { at - 1 } else { at };
        let correction = |beta: f64| match mistake {
            Some(NoCorrection) => 1.0,
            Some(CorrectsInF32) => 1.0 - f64::from(beta.powf(at.into()) as f32),
            _ => 1.0 - beta.powf(at.into()),
        };
        let rest = |beta: f64| match mistake {
            Some(NoRest) => 1.0,
            Some(SubtractsInF32) => f64::from(1.0 - beta as f32),
            _ => 1.0 - beta,
        };
        let (c1, c2) = (correction(beta1), correction(beta2));
        for i in 0..g.len() {
            let decay = if decays(i) { rule.decay } else { 0.0 };
            let g = if is(L2) { g[i] + decay * self.p[i] } else { g[i] };
            let m = beta1 * self.m[i] + rest(beta1) * g;
            let v = beta2 * self.v[i] + rest(beta2) * g * g;
            (self.m[i], self.v[i]) = if is(KeepsCorrected) { (m / c1, v / c2) } else { (m, v) };
            let divisor = match mistake {
                Some(EpsInside) => (v / c2 + eps).sqrt(),
                Some(EpsEarly) => (v.sqrt() + eps) / c2.sqrt(),
                Some(NoRoot) => v / c2 + eps,
                _ => (v / c2).sqrt() + eps,
            };
            let step = lr * m / c1 / divisor * if is(Uphill) { -1.0 } else { 1.0 };
            let keep = match mistake {
                Some(L2) => 1.0,
                Some(DecayWithoutLr) => 1.0 - decay,
                _ => 1.0 - lr * decay,
            };
            self.p[i] = match is(DecayLate) {
                true => (self.p[i] - step) * keep,
                false => self.p[i] * keep - step,
            };
        }
    }
}
