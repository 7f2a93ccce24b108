//! One step of AdamW in f32, over slices.

use super::mistakes::{ALL, Arenas};
use crate::Outcome;
use strata_check::oracle::adamw::AdamW;
use strata_check::{Check, Tolerance, sample};

/// What a step needs to know: the same fields as the answer's own `Rule`.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Learning rate.
    pub lr: f32,
    /// Memory of the two moments.
    pub betas: (f64, f64),
    /// Keeps the division finite.
    pub eps: f32,
    /// Weight decay.
    pub decay: f32,
}

/// The answer's function.
pub struct Step {
    /// `step(rule, step, p, g, m, v)`
    pub step: fn(Rule, u32, &mut [f32], &[f32], &mut [f32], &mut [f32]),
}

/// Starts from the step that can be followed by eye.
///
/// # Errors
/// A moment or a parameter is not the oracle's.
pub fn judge(mine: &Step) -> Outcome {
    // 1 - beta1 is 1/2, 1 - beta2 is 1/16, and in step 1 every parameter moves by lr.
    let plain = Rule { lr: 0.5, betas: (0.5, 0.9375), eps: 1e-8, decay: 0.0 };
    let ramp = [1.0, 2.0, 3.0, 4.0];
    follow(mine, plain, &ramp, &[[1.0, -2.0, 4.0, 0.0]], 1)?;
    follow(mine, Rule { decay: 0.25, ..plain }, &ramp, &[[1.0, -2.0, 4.0, 0.0]], 1)?;
    // Gradients no larger than eps.
    follow(mine, plain, &ramp, &[[1e-8, -2e-8, 1e-6, 0.0]], 1)?;
    // A long memory: 1 - beta2 is a millionth, of which f32 knows little.
    follow(mine, Rule { betas: (0.5, 0.999999), ..plain }, &ramp, &[[1.0, -2.0, 4.0, 0.0]], 1)?;
    let usual = Rule { lr: 0.05, betas: (0.9, 0.95), eps: 1e-6, decay: 0.1 };
    for n in [5, 1, 0, 1000] {
        let p = sample::normal(1, n);
        let g: Vec<Vec<f32>> = (2..6).map(|seed| sample::normal(seed, n)).collect();
        follow(mine, usual, &p, &g, 1)?;
        follow(mine, Rule { betas: (0.99, 0.9999), ..usual }, &p, &g, 1)?;
        // A run that has been going for long.
        follow(mine, usual, &p, &g, 1_000_000)?;
    }
    let large = [[1e15, -1e15, 1e-15, 3.0]];
    follow(mine, usual, &ramp, &large, 1)?;
    follow(mine, Rule { betas: (0.0, 0.0), ..usual }, &ramp, &[[1.0, -2.0, 0.0, 3.0]], 7)
}

/// Takes a step for each list of gradients and looks at all three slices after each.
fn follow<G: AsRef<[f32]>>(mine: &Step, rule: Rule, p: &[f32], g: &[G], first: u32) -> Outcome {
    let exact = AdamW {
        lr: rule.lr.into(),
        beta1: rule.betas.0,
        beta2: rule.betas.1,
        eps: rule.eps.into(),
        decay: rule.decay.into(),
    };
    let mut want = Arenas::new(sample::widen(p));
    let mut wrong = vec![want.clone(); ALL.len()];
    let (mut p, mut m, mut v) = (p.to_vec(), vec![0f32; p.len()], vec![0f32; p.len()]);
    for (g, at) in g.iter().zip(first..) {
        let g = g.as_ref();
        let wide = sample::widen(g);
        want.step(&exact, g.len(), &wide, at);
        for (arenas, (mistake, ..)) in wrong.iter_mut().zip(ALL) {
            arenas.err(Some(*mistake), &exact, |_| true, &wide, at);
        }
        (mine.step)(rule, at, &mut p, g, &mut m, &mut v);
        let parts: [(&str, &[f32], fn(&Arenas) -> &Vec<f64>); 3] =
            [("m", &m, |a| &a.m), ("v", &v, |a| &a.v), ("p", &p, |a| &a.p)];
        for (name, got, of) in parts {
            let Rule { lr, betas, eps, decay } = rule;
            let output = format!(
                "{name} after step {at} (lr {lr}, betas {betas:?}, eps {eps:e}, decay {decay})"
            );
            let mut check = Check::new("ex08-adamw", "step")
                .input("g", &[g.len()])
                .output(output, &[g.len()])
                .page("book/src/08-adamw.md");
            for (arenas, (_, name, sentence)) in wrong.iter().zip(ALL) {
                check = check.suspect(name, *sentence, of(arenas).clone());
            }
            check.compare(got, of(&want), &tolerance(of(&want)))?;
        }
    }
    Ok(())
}

/// Some roundings of the largest number there is.
pub(super) fn tolerance(want: &[f64]) -> Tolerance {
    let largest = want.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    Tolerance::close(4e-6 * largest, 4e-6)
}
