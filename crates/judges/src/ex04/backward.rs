//! GELU's gradient: the engine's rung `1_naive`.

use crate::{Failure, Outcome, Question, Trial};
use strata_check::diagnose::Diagnosis;
use strata_check::oracle::gelu::{backward, gelu_tanh};
use strata_check::{Owner, Tolerance, sample};
use strata_ml::gelu::gelu_backward;

const LINEAR: f64 = -1.595_769_121_605_730_8;
const CUBIC: f64 = LINEAR * 0.044_715;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    let rule = Tolerance::close(4e-6, 4e-6);
    ask(trial, &[-1.0, 0.0, 1.0, 2.0], &[1.0, 2.0, 3.0, 4.0], &rule).await?;
    for n in [1, 5, 256, 1000] {
        ask(trial, &sample::uniform(1, n, -6.0, 6.0), &sample::normal(2, n), &rule).await?;
    }
    far_out(trial, &rule).await?;
    tail(trial).await?;
    trial.contract().await
}

/// First the exponential overflows, then the powers of x do.
async fn far_out(trial: &mut Trial, rule: &Tolerance) -> Outcome {
    let nan = |x: &[f32], lost: fn(f32) -> bool| -> Vec<f64> {
        let one = |&x: &f32| if lost(x) { f64::NAN } else { f64::from(u8::from(x > 0.0)) };
        x.iter().map(one).collect()
    };
    let overflows = "e^power is infinite here and s is 0, and their product is NaN. Hold x within \
                     bounds beyond which the slope no longer changes.";
    let x = [30.0, -30.0, 100.0, -100.0, 1e4, -1e4];
    let sides = |x: &[f32], name, sentence| {
        let lost: [fn(f32) -> bool; 3] = [|x| x < 0.0, |x| x > 0.0, |_| true];
        lost.map(|lost| (name, sentence, nan(x, lost))).to_vec()
    };
    let suspects = sides(&x, "exponential-overflows", overflows);
    judged(trial, &x, &[1.0; 6], rule, suspects).await?;
    let powers = "x^2 or x^3 is infinite here, and infinity times 0 is NaN. Hold x within bounds \
                  beyond which the slope no longer changes.";
    let x = [1e15, -1e15, 1e30, -1e30];
    judged(trial, &x, &[1.0; 4], rule, sides(&x, "powers-overflow", powers)).await
}

async fn ask(trial: &mut Trial, x: &[f32], dy: &[f32], rule: &Tolerance) -> Outcome {
    judged(trial, x, dy, rule, Vec::new()).await
}

async fn judged(
    trial: &mut Trial,
    x: &[f32],
    dy: &[f32],
    rule: &Tolerance,
    others: Vec<(&'static str, &'static str, Vec<f64>)>,
) -> Outcome {
    let shape = [x.len()];
    let dx = gelu_backward(&trial.tensor(x, &shape)?, &trial.tensor(dy, &shape)?)?;
    let (x, dy) = (sample::widen(x), sample::widen(dy));
    let with = |slope: fn(f64) -> f64| -> Vec<f64> {
        x.iter().zip(&dy).map(|(&x, dy)| dy * slope(x)).collect()
    };
    let mut question = Question::new("dx", &dx)
        .input("x", &shape)
        .input("dy", &shape)
        .owner(|i| Owner::linear(i, 256))
        .suspect(
            "upstream-forgotten",
            "this is gelu'(x) alone. The chain rule multiplies it with dy, the gradient that comes \
             from above.",
            backward(&x, &vec![1.0; x.len()]),
        )
        .suspect(
            "forward-for-slope",
            "this is dy * gelu(x). The backward pass wants the derivative there.",
            with(gelu_tanh),
        )
        .suspect(
            "half-a-product-rule",
            "this is dy * s. gelu is x s, so its derivative is s + x s'.",
            with(|x| parts(x).0),
        )
        .suspect(
            "minus-lost",
            "the second term has the wrong sign: s is 1 / (1 + e), so s' = -e' s^2.",
            with(|x| parts(x).0 - parts(x).1 * (LINEAR + 3.0 * CUBIC * x * x)),
        )
        .suspect(
            "inner-derivative-forgotten",
            "power' is missing: the derivative of e^power is power' e^power.",
            with(|x| parts(x).0 + parts(x).1),
        )
        .suspect(
            "cube-not-differentiated",
            "power' has x^2 where 3 x^2 belongs: the derivative of x^3.",
            with(|x| parts(x).0 + parts(x).1 * (LINEAR + CUBIC * x * x)),
        );
    for (name, sentence, values) in others {
        question = question.suspect(name, sentence, values);
    }
    trial.check(question, &backward(&x, &dy), rule).await
}

/// s, and -x e s^2, which times power' is x s'.
fn parts(x: f64) -> (f64, f64) {
    let s = 1.0 / (1.0 + (x * (LINEAR + CUBIC * x * x)).exp());
    (s, -x * s * (1.0 - s))
}

/// Where the slope is small, it has as many digits as elsewhere: mixed precision scales dy up, and
/// then they count.
async fn tail(trial: &mut Trial) -> Outcome {
    let (x, dy) = (sample::uniform(3, 200, -5.0, -4.0), vec![65_536.0; 200]);
    match ask(trial, &x, &dy, &Tolerance::close(1e-6, 1e-4)).await {
        Err(Failure::Report(report)) => {
            let sentence = "the slope is right to six places behind the point, but where it is small \
                            few digits of it are: 1 + tanh u subtracts numbers that are nearly \
                            equal. (dy is 65,536 here.) 1 / (1 + e^-2u) subtracts nothing.";
            let cancels = Diagnosis::Suspect { name: "cancellation", sentence: sentence.into() };
            Err(Failure::Report(report.with(cancels)))
        }
        other => other,
    }
}
