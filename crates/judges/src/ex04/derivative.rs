//! The derivative of GELU, against finite differences.

use crate::Outcome;
use crate::rust::{expect, require};
use strata_check::oracle::gelu::gelu_tanh;
use strata_check::{Check, Tolerance, gradient};

/// The answer's functions.
pub struct Derivative {
    /// `gelu'` of every number of a slice.
    pub derivative: fn(&[f32]) -> Vec<f32>,
}

const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715;
const FAR: [f32; 8] = [30.0, -30.0, 100.0, -100.0, 1e3, -1e3, 1e4, -1e4];
const FARTHER: [f32; 6] = [1e15, -1e15, 1e30, -1e30, f32::MAX, f32::MIN];

/// Judges the answer.
///
/// # Errors
/// It is wrong: the failure says how.
pub fn judge(mine: &Derivative) -> Outcome {
    near(mine, &[-1.0, 0.0, 1.0, 2.0])?;
    expect("derivative(&[])", (mine.derivative)(&[]), Vec::new(), &[])?;
    let axis: Vec<f32> = (-900..=900).map(|i| i as f32 / 100.0).collect();
    near(mine, &axis)?;
    far(mine)?;
    farther(mine)
}

fn check(name: &str, n: usize) -> Check<'static> {
    Check::new("ex04-gelu", "derivative")
        .input("x", &[n])
        .output(name, &[n])
        .page("book/src/04-gelu.md")
}

/// What moving x a little does to gelu.
fn want(x: &[f32]) -> Vec<f64> {
    #[expect(
        clippy::indexing_slicing,
        reason = "`numeric` hands over as many as it gets, one here"
    )]
    let one = |&x: &f32| gradient::numeric(|x| gelu_tanh(x[0]), &[x.into()]);
    x.iter().flat_map(one).collect()
}

fn near(mine: &Derivative, x: &[f32]) -> Outcome {
    let with = |f: fn(f64, f64, f64) -> f64| -> Vec<f64> {
        let one = |&x: &f32| {
            let x = f64::from(x);
            f(x, (SQRT_2_OVER_PI * (x + CUBIC * x * x * x)).tanh(), x * x)
        };
        x.iter().map(one).collect()
    };
    let got = (mine.derivative)(x);
    check("gelu'(x)", x.len())
        .suspect(
            "half-a-product-rule",
            "this is 1/2 (1 + tanh u), the derivative of x/2 times the rest. And x/2 times the \
             derivative of the rest?",
            with(|_, t, _| 0.5 * (1.0 + t)),
        )
        .suspect(
            "inner-derivative-forgotten",
            "du/dx is missing: the derivative of tanh u by x is (1 - tanh^2 u) du/dx.",
            with(|x, t, _| 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t)),
        )
        .suspect(
            "cube-not-differentiated",
            "du/dx has x^2 where 3 x^2 belongs: the derivative of x^3.",
            with(|x, t, square| {
                let du = SQRT_2_OVER_PI * (1.0 + CUBIC * square);
                0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * du
            }),
        )
        .suspect(
            "forward-for-slope",
            "this is gelu(x) itself, not its derivative.",
            with(|x, t, _| 0.5 * x * (1.0 + t)),
        )
        .suspect(
            "another-gelu",
            "this is the derivative of the exact GELU, x times the normal distribution. GPT-2 and \
             this book use the form with tanh, and its slope differs in the fourth digit.",
            x.iter().map(|&x| exact(x.into())).collect(),
        )
        .compare(&got, &want(x), &Tolerance::close(1e-6, 0.0))?;
    Ok(())
}

/// The derivative of x P(x), with the normal distribution's P: P(x) + x p(x).
fn exact(x: f64) -> f64 {
    let density = |x: f64| (-0.5 * x * x).exp() / (std::f64::consts::TAU).sqrt();
    // P by Simpson's rule from 0; beyond 8 nothing is left to add.
    let (steps, end) = (400, x.clamp(-8.0, 8.0));
    let h = end / f64::from(steps);
    let weight = |i: i32| if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    let area: f64 = (0..=steps).map(|i| weight(i) * density(h * f64::from(i))).sum();
    0.5 + area * h / 3.0 + x * density(x)
}

fn far(mine: &Derivative) -> Outcome {
    let side = |lost: fn(f32) -> bool| -> Vec<f64> {
        let one = |&x: &f32| if lost(x) { f64::NAN } else { f64::from(u8::from(x > 0.0)) };
        FAR.iter().map(one).collect()
    };
    let sentence = "an exponential overflows, and infinity over infinity or 0 times infinity is \
                    NaN. f32's ends at e^88, f64's at e^709. tanh() has no such end; or hold x \
                    within bounds beyond which the slope no longer changes.";
    check("gelu'(x)", FAR.len())
        .suspect("exponential-overflows", sentence, side(|x| x > 0.0))
        .suspect("exponential-overflows", sentence, side(|x| x < 0.0))
        .suspect("exponential-overflows", sentence, side(|_| true))
        .compare(&(mine.derivative)(&FAR), &want(&FAR), &Tolerance::close(1e-6, 0.0))?;
    Ok(())
}

fn farther(mine: &Derivative) -> Outcome {
    let got = (mine.derivative)(&FARTHER);
    let sentence = format!(
        "derivative(&{FARTHER:?})\n  got        {got:?}\n  diagnosis  x^3 ends at 7e12 in f32, x^2 at \
         1.8e19: beyond that they are infinite, and 0 times infinity is NaN. Hold x within bounds \
         beyond which the slope no longer changes."
    );
    require(!got.iter().any(|y| y.is_nan()), "powers-overflow", sentence)?;
    check("gelu'(x)", FARTHER.len()).compare(
        &got,
        &want(&FARTHER),
        &Tolerance::close(1e-6, 0.0),
    )?;
    Ok(())
}
