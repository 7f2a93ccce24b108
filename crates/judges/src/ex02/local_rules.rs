//! The backward rules of six ops, against central differences of the ops themselves.

use super::near::{Near, near};
use crate::Outcome;
use crate::rust::{Suspect, expect, suspect};
use strata_check::gradient::numeric;
use strata_check::oracle::map;

/// The reader's rules: upstream gradient first, then what was kept.
pub struct LocalRules {
    /// From both factors.
    pub mul: fn(f64, f64, f64) -> (f64, f64),
    /// From dividend and divisor.
    pub div: fn(f64, f64, f64) -> (f64, f64),
    /// From the result.
    pub exp: fn(f64, f64) -> f64,
    /// From the result.
    pub tanh: fn(f64, f64) -> f64,
    /// From the result.
    pub sqrt: fn(f64, f64) -> f64,
    /// From the input.
    pub relu: fn(f64, f64) -> f64,
}

/// Judges them one after the other.
///
/// # Errors
/// The first rule that is not the op's slope.
pub fn judge(mine: &LocalRules) -> Outcome {
    pairs(mine)?;
    from_result(mine)?;
    relu(mine)
}

const NO_UPSTREAM: &str = "the slope is right, and upstream is missing: this op is one link of a chain, \
    and what arrives from above is multiplied in.";

type Suspects2 = fn(f64, f64, f64) -> Vec<Suspect<(f64, f64)>>;

fn pairs(mine: &LocalRules) -> Outcome {
    let mul: Suspects2 = |u, a, b| {
        let sentence = "each factor got its own value. If a moves by 1, y moves by b.";
        vec![
            suspect("factors-exchanged", sentence, (u * a, u * b)),
            suspect("upstream-forgotten", NO_UPSTREAM, (b, a)),
        ]
    };
    let div: Suspects2 = |u, a, b| {
        let sign = "the gradient of b has the wrong sign: a larger divisor makes a smaller result.";
        let square = "the gradient of b is not steep enough in b: a / b is a times b to the -1, and the \
                      slope of that has b to the -2.";
        vec![
            suspect("sign-of-the-divisor", sign, (u / b, u * a / (b * b))),
            suspect("divisor-not-squared", square, (u / b, -u * a / b)),
            suspect("upstream-forgotten", NO_UPSTREAM, (1.0 / b, -a / (b * b))),
        ]
    };
    type Op = fn(f64, f64) -> f64;
    type Rule = fn(f64, f64, f64) -> (f64, f64);
    let rules: [(&str, Rule, Op, Suspects2); 2] =
        [("mul", mine.mul, |a, b| a * b, mul), ("div", mine.div, |a, b| a / b, div)];
    for (name, rule, op, suspects) in rules {
        for (u, a, b) in [
            (1.0, 6.0, 2.0),
            (10.0, 6.0, 2.0),
            (0.5, -3.0, 4.0),
            (-2.0, 0.0, -0.25),
            (3.0, 7.5, 5.0),
            (0.0, 2.0, 3.0),
        ] {
            #[expect(clippy::indexing_slicing, reason = "`numeric` hands over as many as it gets")]
            let want = numeric(|x| u * op(x[0], x[1]), &[a, b]);
            let (da, db) = rule(u, a, b);
            let call = format!("{name}(upstream: {u}, a: {a}, b: {b}), gradients of [a, b]");
            let pair = |(da, db): (f64, f64)| near(&[da, db]);
            let suspects: Vec<_> = suspects(u, a, b)
                .into_iter()
                .map(|s| suspect(s.name, s.sentence, pair(s.gives)))
                .collect();
            expect(&call, near(&[da, db]), near(&want), &suspects)?;
        }
    }
    Ok(())
}

/// The slope of a function of one number.
#[expect(clippy::indexing_slicing, reason = "`numeric` hands over, and gives, as many as it gets")]
fn slope(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    numeric(|x| f(x[0]), &[x])[0]
}

type Suspects1 = fn(f64, f64) -> Vec<Suspect<f64>>;

fn from_result(mine: &LocalRules) -> Outcome {
    const FROM_INPUT: &str = "this takes what was kept for the input x. It is the result y.";
    let exp: Suspects1 = |u, y| {
        vec![
            suspect("result-taken-for-input", FROM_INPUT, u * y.exp()),
            suspect("upstream-forgotten", NO_UPSTREAM, y),
        ]
    };
    let tanh: Suspects1 = |u, y| {
        let square = "y is to be squared: the slope is 1 in the middle and 0 at both ends, where y is 1 \
                      and -1.";
        vec![
            suspect("result-taken-for-input", FROM_INPUT, u * (1.0 - y.tanh().powi(2))),
            suspect("not-squared", square, u * (1.0 - y)),
            suspect("sigmoids-slope", "y (1 - y) is the slope of the sigmoid.", u * y * (1.0 - y)),
            suspect("upstream-forgotten", NO_UPSTREAM, 1.0 - y * y),
        ]
    };
    let sqrt: Suspects1 = |u, y| {
        let half = "a 2 is missing: x to the 1/2 has the slope 1/2 times x to the -1/2.";
        vec![
            suspect("result-taken-for-input", FROM_INPUT, u / (2.0 * y.sqrt())),
            suspect("half-forgotten", half, u / y),
            suspect("halved-not-divided", "y belongs below the line, not above.", u * y / 2.0),
            suspect("upstream-forgotten", NO_UPSTREAM, 1.0 / (2.0 * y)),
        ]
    };
    type Op = fn(f64) -> f64;
    type Rule = fn(f64, f64) -> f64;
    let rules: [(&str, Rule, Op, &[f64], Suspects1); 3] = [
        ("exp", mine.exp, map::exp, &[0.5, 0.0, -3.0, 4.0], exp),
        ("tanh", mine.tanh, map::tanh, &[0.5, 0.0, -1.5, 3.0], tanh),
        ("sqrt", mine.sqrt, map::sqrt, &[9.0, 0.25, 2.0, 100.0], sqrt),
    ];
    for (name, rule, op, points, suspects) in rules {
        for (&x, u) in points.iter().flat_map(|x| [1.0, 10.0, -0.5].map(|u| (x, u))) {
            let y = op(x);
            let want = slope(|x| u * op(x), x);
            let call =
                format!("{name}(upstream: {u}, y: {:?}), where x was {x}: its gradient", Near(y));
            let suspects: Vec<_> = suspects(u, y)
                .into_iter()
                .map(|s| suspect(s.name, s.sentence, Near(s.gives)))
                .collect();
            expect(&call, Near(rule(u, y)), Near(want), &suspects)?;
        }
    }
    // Where differences are too coarse, and the answer is known: flat to the last bit.
    expect("tanh(upstream: 7, y: 1), where x was 40", Near((mine.tanh)(7.0, 1.0)), Near(0.0), &[])
}

fn relu(mine: &LocalRules) -> Outcome {
    let at_zero = "at 0 there is no slope, and everybody agrees to take 0: is it `>` or `>=`?";
    let by_upstream = "the test is of upstream, not of x. A gradient may well be negative.";
    let points = [(1.0, 3.0), (1.0, -3.0), (1.0, 0.0), (-2.0, 0.5), (-2.0, -0.5), (5.0, -0.0)];
    for (u, x) in points {
        // Central differences know nothing of a kink; the convention decides there.
        let want = if x == 0.0 { 0.0 } else { slope(|x| u * map::relu(x), x) };
        let suspects = [
            suspect("slope-at-the-kink", at_zero, Near(if x >= 0.0 { u } else { 0.0 })),
            suspect("tests-upstream", by_upstream, Near(f64::max(u, 0.0))),
            suspect("upstream-forgotten", NO_UPSTREAM, Near(if x > 0.0 { 1.0 } else { 0.0 })),
            suspect("result-for-slope", "that is relu(x) itself.", Near(x.max(0.0))),
        ];
        let call = format!("relu(upstream: {u}, x: {x}): the gradient of x");
        expect(&call, Near((mine.relu)(u, x)), Near(want), &suspects)?;
    }
    Ok(())
}
