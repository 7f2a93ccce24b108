//! Mean and variance in one pass, and merged from parts.

use crate::rust::{expect, require, suspect};
use crate::{Failure, Outcome};
use strata_check::diagnose::Diagnosis;
use strata_check::{Check, Tolerance, sample};

/// How many numbers, their mean, the sum of their squared deviations from it.
pub type State = (u32, f32, f32);

/// The answer's functions.
pub struct Welford {
    /// Takes one more number in.
    pub push: fn(State, f32) -> State,
    /// The variance.
    pub variance: fn(State) -> f32,
    /// Two sets taken together.
    pub merge: fn(State, State) -> State,
}

const NONE: State = (0, 0.0, 0.0);
const N: usize = 1000;
const OFFSET: f32 = 1e6;

impl Welford {
    fn all(&self, x: &[f32]) -> State {
        x.iter().fold(NONE, |state, &x| (self.push)(state, x))
    }
}

/// Judges the answer.
///
/// # Errors
/// It is wrong: the failure says how.
pub fn judge(mine: &Welford) -> Outcome {
    push(mine)?;
    variance(mine)?;
    merge(mine)?;
    empty(mine)?;
    let noise: Vec<f32> = sample::normal(1, N).iter().map(|x| 100.0 * x).collect();
    one_pass(mine, "noise", &noise)?;
    in_parts(mine, "noise", &noise)?;
    // The same numbers, a million higher: the variance is what it was.
    let high: Vec<f32> = noise.iter().map(|x| x + OFFSET).collect();
    one_pass(mine, "noise + 1000000", &high).map_err(cancels)?;
    in_parts(mine, "noise + 1000000", &high).map_err(cancels)
}

/// What is wanted, if no more than rounding parts it from what came: there are several right orders
/// of these few operations.
fn settled(got: State, want: State) -> State {
    let close = |a: f32, b: f32| (a - b).abs() <= 1e-5 * b.abs();
    if got.0 == want.0 && close(got.1, want.1) && close(got.2, want.2) { want } else { got }
}

fn push(mine: &Welford) -> Outcome {
    let call = "the (count, mean, squares) after push(2), push(4), push(6), push(12)";
    let suspects = [
        suspect(
            "old-mean-twice",
            "squares has grown by the deviation from the old mean, squared. One of the two factors \
             is the deviation from the new mean: the old one is too far away from x.",
            (4, 6.0, 81.0),
        ),
        suspect(
            "new-mean-twice",
            "squares has grown by the deviation from the new mean, squared. One of the two factors \
             is the deviation from the old mean: the new one has already moved towards x.",
            (4, 6.0, 41.0),
        ),
        suspect(
            "sums-for-moments",
            "these are the sum and the sum of squares. Wanted are the mean and the squared \
             deviations from it.",
            (4, 24.0, 200.0),
        ),
        suspect(
            "mean-not-divided",
            "the mean moves all the way to x. It should move by the deviation over the count.",
            (4, 12.0, 0.0),
        ),
    ];
    let want = (4, 6.0, 56.0);
    expect(call, settled(mine.all(&[2.0, 4.0, 6.0, 12.0]), want), want, &suspects)
}

fn variance(mine: &Welford) -> Outcome {
    let call = "variance of 4 numbers with mean 6 and squares 56";
    let suspects = [
        suspect(
            "divides-by-n-minus-1",
            "that is 56 / 3: dividing by n - 1 estimates the variance of a population from a sample. \
             LayerNorm wants the variance of these numbers, 56 / 4.",
            56.0 / 3.0,
        ),
        suspect("root-taken", "that is the standard deviation, the variance's root.", 14f32.sqrt()),
        suspect("not-divided", "that is the sum of the squares: divide it by the count.", 56.0),
    ];
    expect(call, (mine.variance)((4, 6.0, 56.0)), 14.0, &suspects)?;
    let nothing = (mine.variance)(NONE);
    let sentence = "variance of no numbers: got NaN, want 0. What is 0 / 0?";
    require(!nothing.is_nan(), "non-finite", sentence)?;
    expect("variance of no numbers", nothing, 0.0, &[])
}

fn merge(mine: &Welford) -> Outcome {
    let (one, three) = ((1, 10.0, 0.0), (3, 4.0, 8.0));
    let suspects = [
        suspect(
            "means-not-weighted",
            "the mean is halfway between the two. Three numbers weigh more than one.",
            // Its squares depend on what else is wrong; this is the plain case.
            (4, 7.0, 35.0),
        ),
        suspect(
            "distance-forgotten",
            "the squares are just added up. Each set's were taken from its own mean, and those lie \
             6 apart: both sets deviate from the mean that they have in common.",
            (4, 5.5, 8.0),
        ),
        suspect(
            "distance-not-weighted",
            "the squared distance of the means, 36, is added as it is. It counts once for every \
             pair of numbers, over their count: 36 * 1 * 3 / 4.",
            (4, 5.5, 44.0),
        ),
    ];
    let call = "merge of (1, 10, 0), which is 10, and (3, 4, 8), which is 2, 4, 6";
    let want = (4, 5.5, 35.0);
    expect(call, settled((mine.merge)(one, three), want), want, &suspects)?;
    let call = "the same two the other way round";
    expect(call, settled((mine.merge)(three, one), want), want, &suspects)
}

fn empty(mine: &Welford) -> Outcome {
    let some = (3, 4.0, 8.0);
    for (call, a, b, want) in [
        ("merge of 2, 4, 6 and nothing", some, NONE, some),
        ("merge of nothing and 2, 4, 6", NONE, some, some),
        ("merge of nothing and nothing", NONE, NONE, NONE),
    ] {
        let got = (mine.merge)(a, b);
        let sentence = format!(
            "{call}\n  got        {got:?}\n  want       {want:?}\n  diagnosis  a count of 0 divides \
             something here, and 0 / 0 is NaN. In a kernel, lanes beyond the end of a row have seen \
             nothing."
        );
        require(!got.1.is_nan() && !got.2.is_nan(), "non-finite", sentence)?;
        expect(call, settled(got, want), want, &[])?;
    }
    Ok(())
}

fn one_pass(mine: &Welford, name: &str, x: &[f32]) -> Outcome {
    compare(mine, &format!("{name}, pushed one by one"), mine.all(x), x)
}

/// Chunks of many lengths, merged one after the other.
fn in_parts(mine: &Welford, name: &str, x: &[f32]) -> Outcome {
    let (mut whole, mut rest) = (NONE, x);
    for size in [1, 99, 37, 5, 400, 2, 63, 256, 137] {
        let (part, after) = rest.split_at(size);
        whole = (mine.merge)(whole, mine.all(part));
        rest = after;
    }
    compare(mine, &format!("{name}, merged from 9 parts"), whole, x)
}

/// Mean and variance of the same numbers by two passes in float64.
fn compare(mine: &Welford, input: &str, got: State, x: &[f32]) -> Outcome {
    let n = x.len() as f64;
    let mean = sample::widen(x).iter().sum::<f64>() / n;
    let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    let page = "book/src/05-layernorm.md";
    let check = |what: &'static str| {
        Check::new("ex05-layernorm", "welford")
            .input(input, &[x.len()])
            .output(what, &[1])
            .page(page)
    };
    // A rounding error of the mean for every number, and they add up as a random walk.
    let size = x.first().map_or(100.0, |first| first.abs().max(100.0));
    let slack = f64::from(size) * (n.sqrt() + 8.0) * 2f64.powi(-23);
    check("mean").compare(&[got.1], &[mean], &Tolerance::close(slack, 0.0))?;
    let rule = Tolerance::close(slack * variance.sqrt(), 1e-4);
    check("variance").compare(&[(mine.variance)(got)], &[variance], &rule)?;
    Ok(())
}

/// The same numbers without the offset came out right.
fn cancels(failure: Failure) -> Failure {
    match failure {
        Failure::Report(report) => {
            let sentence = "without the million it was right. Somewhere squares of the numbers \
                            themselves are subtracted: 10^12 less 10^12, and f32 has seven digits. \
                            Use deviations from the mean only.";
            let name = "cancellation";
            Failure::Report(report.with(Diagnosis::Suspect { name, sentence: sentence.into() }))
        }
        other => other,
    }
}
