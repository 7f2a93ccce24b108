//! From logits to a token.

use crate::Outcome;
use crate::rust::{expect, suspect};
use strata_check::{Check, Tolerance, sample};

/// The answer's functions.
pub struct Sampling {
    /// The tokens that may be drawn, the likeliest first, with their probabilities.
    pub candidates: fn(&[f32], f32, usize, f32) -> Vec<(usize, f64)>,
    /// One of them, by a number from 0 to just below 1.
    pub draw: fn(&[(usize, f64)], f64) -> usize,
}

/// Logits, temperature, top_k, top_p.
type Case<'a> = (&'a [f32], f32, usize, f32);

/// What may go wrong on the way from logits to candidates.
#[derive(Clone, Copy, PartialEq)]
enum Slip {
    None,
    Multiplies,
    NoTemperature,
    NotCold,
    LaterTies,
    LeavesOutCrossing,
    TakesOneMore,
    PBeforeK,
    PBeforeTemperature,
    NotRenormalized,
    Impossible,
    Overflows,
}

const SLIPS: [(Slip, &str, &str); 11] = [
    (
        Slip::Multiplies,
        "temperature-multiplies",
        "the logits are multiplied by the temperature. They are divided by it: a low temperature \
         plays safe, a high one dares.",
    ),
    (Slip::NoTemperature, "temperature-ignored", "the temperature makes no difference."),
    (
        Slip::NotCold,
        "divides-by-zero",
        "temperature 0 leaves one candidate: the likeliest, with probability 1. (A division by 0 \
         does not.)",
    ),
    (
        Slip::LaterTies,
        "ties-to-the-later-token",
        "of equally likely tokens the one with the lower number comes first.",
    ),
    (
        Slip::PBeforeK,
        "top-p-of-everything",
        "top_p is measured against all tokens. It is a share of what top_k left.",
    ),
    (
        Slip::LeavesOutCrossing,
        "leaves-out-the-crossing-token",
        "the token with which top_p is reached is left out. What is kept must have at least top_p \
         of the probability; without that token it has less, and where the first is already \
         enough, nothing is left.",
    ),
    (
        Slip::TakesOneMore,
        "takes-one-too-many",
        "top_p was reached exactly, and one more token was taken all the same. At least means >=.",
    ),
    (
        Slip::PBeforeTemperature,
        "top-p-before-temperature",
        "top_p cuts by probabilities that know nothing of the temperature. That comes first.",
    ),
    (
        Slip::NotRenormalized,
        "not-normalized-again",
        "after the cut the probabilities no longer add up to 1. Divide by the sum of those that \
         stayed.",
    ),
    (
        Slip::Impossible,
        "impossible-token",
        "a token with probability 0 is among the candidates. Rounding at the end of a draw can \
         hit it.",
    ),
    (
        Slip::Overflows,
        "exponential-overflows",
        "e^1000 is infinite, and infinity over infinity is NaN; e^-1000 is 0, and so is its sum. \
         Take the largest logit off first: that changes no probability.",
    ),
];

/// Judges the answer.
///
/// # Errors
/// It is wrong: the failure says how.
pub fn judge(mine: &Sampling) -> Outcome {
    temperatures(mine)?;
    cuts(mine)?;
    extremes(mine)?;
    draws(mine)
}

fn temperatures(mine: &Sampling) -> Outcome {
    ask(mine, (&[0.0, 0.0], 1.0, 0, 1.0))?;
    ask(mine, (&[1.0, 3.0, 2.0], 1.0, 0, 1.0))?;
    ask(mine, (&[1.0, 3.0, 2.0], 2.0, 0, 1.0))?;
    ask(mine, (&[1.0, 3.0, 2.0], 0.5, 0, 1.0))?;
    ask(mine, (&[1.0, 3.0, 2.0], 0.0, 0, 1.0))?;
    ask(mine, (&[5.0, 7.0, 7.0], 0.0, 2, 0.9))?;
    ask(mine, (&[4.0], 1.0, 0, 1.0))
}

fn cuts(mine: &Sampling) -> Outcome {
    let even = &[0.0; 4];
    ask(mine, (&[1.0, 3.0, 2.0, 3.0], 1.0, 2, 1.0))?;
    ask(mine, (even, 1.0, 3, 1.0))?;
    ask(mine, (even, 1.0, 9, 1.0))?;
    for top_p in [0.6, 0.1, 0.5, 0.75] {
        ask(mine, (even, 1.0, 0, top_p))?;
    }
    ask(mine, (even, 1.0, 2, 0.5))?;
    ask(mine, (&[2.0, 1.0, 0.0], 2.0, 0, 0.6))?;
    ask(mine, (&[2.0, 1.0, 0.0], 0.5, 0, 0.7))?;
    let logits = sample::normal(1, 300);
    for (temperature, top_k, top_p) in [(0.8, 50, 0.9), (1.5, 0, 0.7), (1.0, 20, 1.0)] {
        ask(mine, (&logits, temperature, top_k, top_p))?;
    }
    Ok(())
}

fn extremes(mine: &Sampling) -> Outcome {
    ask(mine, (&[0.0, f32::NEG_INFINITY, 1.0], 1.0, 0, 1.0))?;
    ask(mine, (&[0.0, f32::NEG_INFINITY, 1.0], 1.0, 3, 0.99))?;
    ask(mine, (&[1000.0, 999.0, 998.0], 1.0, 0, 1.0))?;
    ask(mine, (&[-1000.0, -999.0, -998.0], 1.0, 0, 0.8))?;
    ask(mine, (&[12.0, 12.1, 11.9], 0.01, 0, 1.0))
}

/// What comes out, with a slip on the way.
#[expect(
    clippy::indexing_slicing,
    reason = "`order` and `kept` hold places of `logits`, one at least; `measure` is as long as `kept`"
)]
fn oracle((logits, temperature, top_k, top_p): Case, slip: Slip) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    if slip == Slip::LaterTies {
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(b.cmp(&a)));
    }
    if temperature == 0.0 && slip != Slip::NotCold {
        return vec![(order[0], 1.0)];
    }
    let temperature = f64::from(temperature);
    let top = if slip == Slip::Overflows { 0.0 } else { f64::from(logits[order[0]]) };
    let by = match slip {
        Slip::Multiplies => temperature,
        Slip::NoTemperature => 1.0,
        _ => 1.0 / temperature,
    };
    let weight = |t: &usize| (*t, ((f64::from(logits[*t]) - top) * by).exp());
    let mut kept: Vec<(usize, f64)> = order.iter().map(weight).collect();
    if !matches!(slip, Slip::Impossible | Slip::Overflows) {
        kept.retain(|(_, w)| *w > 0.0);
    }
    let all = total(&kept);
    if top_k > 0 {
        kept.truncate(top_k);
    }
    let before = total(&kept);
    let measure: Vec<f64> = match slip {
        Slip::PBeforeTemperature => {
            kept.iter().map(|(t, _)| (f64::from(logits[*t]) - top).exp()).collect()
        }
        _ => kept.iter().map(|(_, w)| *w).collect(),
    };
    let of = match slip {
        Slip::PBeforeK => all,
        _ => measure.iter().sum(),
    };
    let enough = f64::from(top_p) * of;
    let (mut count, mut sum) = (0, 0.0);
    // NaN is never enough.
    while count < kept.len() && !(sum >= enough && slip != Slip::TakesOneMore || sum > enough) {
        sum += measure[count];
        count += 1;
    }
    if slip == Slip::LeavesOutCrossing && (top_p < 1.0 && sum > enough) {
        count -= 1;
    }
    kept.truncate(count);
    let after = if slip == Slip::NotRenormalized { before } else { total(&kept) };
    kept.iter().map(|(t, w)| (*t, w / after)).collect()
}

fn total(list: &[(usize, f64)]) -> f64 {
    list.iter().map(|(_, weight)| weight).sum()
}

/// Asks for candidates: first which, then how likely.
fn ask(mine: &Sampling, case: Case) -> Outcome {
    let (logits, temperature, top_k, top_p) = case;
    let text = match logits.len() {
        0..10 => format!("&{logits:?}"),
        n => format!("/* {n} standard normals */"),
    };
    let call = format!("candidates({text}, {temperature:?}, {top_k}, {top_p:?})");
    let (got, want) =
        ((mine.candidates)(logits, temperature, top_k, top_p), oracle(case, Slip::None));
    let tokens = |list: &[(usize, f64)]| -> Vec<usize> { list.iter().map(|(t, _)| *t).collect() };
    let chances = |list: &[(usize, f64)]| -> Vec<f64> { list.iter().map(|(_, p)| *p).collect() };
    let slips: Vec<_> =
        SLIPS.iter().map(|&(slip, name, sentence)| (name, sentence, oracle(case, slip))).collect();
    let suspects: Vec<_> =
        slips.iter().map(|(name, sentence, list)| suspect(name, sentence, tokens(list))).collect();
    expect(&format!("the tokens of {call}"), tokens(&got), tokens(&want), &suspects)?;
    let mut check = Check::new("ex10-transformer", format!("sampling: {call}"))
        .output("their probabilities", &[want.len()])
        .page("book/src/10-transformer.md");
    for (name, sentence, list) in slips {
        check = check.suspect(name, sentence, chances(&list));
    }
    check.compare(&chances(&got), &chances(&want), &Tolerance::close(1e-6, 0.0))?;
    Ok(())
}

fn draws(mine: &Sampling) -> Outcome {
    let even = [(3, 0.25), (1, 0.25), (0, 0.25), (2, 0.25)];
    for random in [0.1, 0.6, 0.9, 0.0, 0.25, 0.5, 0.99] {
        draw(mine, &even, random)?;
    }
    let odd = [(7, 0.625), (2, 0.25), (5, 0.125)];
    for random in [0.0, 0.624, 0.625, 0.8, 0.875, 0.999_999] {
        draw(mine, &odd, random)?;
    }
    draw(mine, &[(6, 1.0)], 0.999)?;
    // Ten tenths are a little less than 1 in floating point, and the largest number below 1 is not.
    let tenths: Vec<(usize, f64)> = (0..10).map(|i| (20 - i, 0.1)).collect();
    draw(mine, &tenths, 1.0 - f64::EPSILON / 2.0)
}

#[expect(clippy::indexing_slicing, reason = "lists of one candidate at least, and places in them")]
fn draw(mine: &Sampling, list: &[(usize, f64)], random: f64) -> Outcome {
    let place = |hit: &dyn Fn(f64) -> bool| {
        let mut end = 0.0;
        list.iter().position(|(_, probability)| {
            end += probability;
            hit(end)
        })
    };
    let at = place(&|end| random < end);
    let last = list.len() - 1;
    let want = list[at.unwrap_or(last)].0;
    let mut suspects = vec![
        suspect(
            "stretch-includes-its-end",
            "the number lies just where one stretch ends and the next begins: it belongs to the \
             next. Otherwise 0 could draw a token of probability 0.",
            list[place(&|end| random <= end).unwrap_or(last)].0,
        ),
        suspect(
            "place-for-token",
            "that is a place in the list. The token is what stands there.",
            at.unwrap_or(last),
        ),
        suspect("likeliest-always", "that is the likeliest, whatever the number says.", list[0].0),
    ];
    if at.is_none() {
        let sentence = "the probabilities add up to a little less than 1, the number lies behind \
                        them all, and so the last candidate has it.";
        let others = [0, list[0].0].map(|token| suspect("falls-off-the-end", sentence, token));
        suspects.splice(0..0, others);
    }
    let call = format!("draw(&{list:?}, {random:?})");
    expect(&call, (mine.draw)(list, random), want, &suspects)
}
