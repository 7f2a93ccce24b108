//! A model whose loss is too good to be true.

use crate::rust::{Suspect, expect, require, suspect};
use crate::{Failure, Outcome};
use strata_check::sample;

/// The answer's functions.
pub struct Cheat {
    /// Pairs of what is read and what is to be said.
    pub windows: fn(&[usize], usize) -> Vec<(Vec<usize>, Vec<usize>)>,
    /// A row of logits for each position.
    pub logits: fn(&[f64], &[usize]) -> Vec<Vec<f64>>,
    /// The loss on the last tenth of a text, after so many steps on the rest.
    pub learn: fn(&[usize], usize) -> f64,
}

const VOCAB: usize = 8;
const STEPS: usize = 60;
/// Nats within which an honest model comes to the best there is, on as little text.
const ROOM: f64 = 0.15;

/// Judges the answer.
///
/// # Errors
/// It is wrong: the failure says how.
pub fn judge(mine: &Cheat) -> Outcome {
    let dice: Vec<usize> = sample::uniform(8, 2400, 0.0, 8.0).iter().map(|x| *x as usize).collect();
    let loss = (mine.learn)(&dice, STEPS);
    let best = (VOCAB as f64).ln();
    // What the reader came for stands above whatever is found out.
    let symptom = match loss < best - ROOM {
        true => format!(
            "throws of a fair die with {VOCAB} faces, {STEPS} steps of training:\n  loss       {loss:.4} \
             nats on throws it was not trained on\n  but        nobody who cannot look ahead comes \
             below ln {VOCAB} = {best:.4}\n"
        ),
        false => String::new(),
    };
    future(mine).and_then(|()| targets(mine)).map_err(|failure| under(&symptom, failure))?;
    require(symptom.is_empty(), "too-good-to-be-true", symptom)?;
    let text = format!(
        "throws of a fair die with {VOCAB} faces, {STEPS} steps of training\n  got        a loss of \
         {loss:.4} nats\n  want       about ln {VOCAB} = {best:.4}, what whoever knows nothing pays"
    );
    require(loss < best + ROOM, "does-not-learn", text)?;
    let round: Vec<usize> = (0..600).map(|i| [2, 7, 1, 4][i % 4]).collect();
    let loss = (mine.learn)(&round, STEPS);
    let text = format!(
        "2, 7, 1, 4 over and over, {STEPS} steps of training\n  got        a loss of {loss:.4} nats\n  \
         want       nearly 0: every token says which one follows"
    );
    require(loss < 0.2, "does-not-learn", text)
}

/// The failure with the symptom above it.
fn under(symptom: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Named { name, text } => Failure::Named { name, text: format!("{symptom}{text}") },
        other => other,
    }
}

/// Changes one token at a time, and looks which logits notice.
fn future(mine: &Cheat) -> Outcome {
    let table: Vec<f64> = sample::widen(&sample::uniform(3, VOCAB * VOCAB, -1.0, 1.0));
    for tokens in [vec![0, 1, 2, 3], vec![5], vec![7, 7, 0, 3, 3, 1, 6, 2, 4]] {
        let before = (mine.logits)(&table, &tokens);
        let rows = before.len() == tokens.len() && before.iter().all(|row| row.len() == VOCAB);
        let text = format!("logits(table, &{tokens:?}) must be {} rows of {VOCAB}", tokens.len());
        require(rows, "differs", text)?;
        for changed in 0..tokens.len() {
            let mut other = tokens.clone();
            other[changed] = (tokens[changed] + 1) % VOCAB;
            let after = (mine.logits)(&table, &other);
            let differ = |t: usize| before[t].iter().zip(&after[t]).any(|(a, b)| a != b);
            let noticed: Vec<usize> = (0..tokens.len()).filter(|&t| differ(t)).collect();
            let experiment = format!(
                "experiment: change token {changed} of {tokens:?} to {}, and see which logits change\n  \
                 got        those of positions {noticed:?}\n  want       positions {changed} to {}, \
                 no other\n  diagnosis  ",
                other[changed],
                tokens.len() - 1
            );
            let early = noticed.first().is_some_and(|&t| t < changed);
            let sentence = "a position knew a token that comes after it. The logits of position t \
                            are a guess of token t + 1: they may depend on tokens 0 to t.";
            require(!early, "sees-the-future", format!("{experiment}{sentence}"))?;
            let sentence = "a position does not look at a token that it may see: the newest, its \
                            own, says most about the next.";
            let all = noticed.len() == tokens.len() - changed;
            require(all, "blind-to-itself", format!("{experiment}{sentence}"))?;
        }
        let finite = before.iter().flatten().all(|x| x.is_finite());
        require(finite, "non-finite", format!("logits(table, &{tokens:?}) are {before:?}"))?;
    }
    Ok(())
}

/// What a window says, with the inputs and the targets beginning so many tokens into each piece.
fn cut(text: &[usize], context: usize, [inputs, targets]: [usize; 2]) -> Pairs {
    let last = inputs.max(targets).max(1);
    let at = (0..text.len()).step_by(context).take_while(|at| at + context + last <= text.len());
    let part = |from: usize| text[from..from + context].to_vec();
    at.map(|at| (part(at + inputs), part(at + targets))).collect()
}

type Pairs = Vec<(Vec<usize>, Vec<usize>)>;

/// Every target is the token after its input.
fn targets(mine: &Cheat) -> Outcome {
    let long: Vec<usize> = (0..50).map(|i| i * i % 11 % VOCAB).collect();
    for (text, context) in
        [(&[1, 2, 3, 4, 5, 6, 7][..], 3), (&[4, 0, 4, 1, 5], 1), (&[3, 1], 4), (&long, 16)]
    {
        let sentence = "the targets are the inputs: the model is asked for what it has just read. \
                        Copying is no guess.";
        let next = "the targets are two tokens ahead. The model is asked for the token that comes \
                    next.";
        let back = "the targets are the tokens before the inputs: the model is asked for what it \
                    has already read.";
        let suspects: Vec<Suspect<Pairs>> = [
            ("targets-are-inputs", sentence, [0, 0]),
            ("targets-are-inputs", sentence, [1, 1]),
            ("skips-a-token", next, [0, 2]),
            ("targets-lie-behind", back, [1, 0]),
        ]
        .map(|(name, sentence, starts)| suspect(name, sentence, cut(text, context, starts)))
        .into();
        let call = format!("windows(&{text:?}, {context}), as (inputs, targets)");
        expect(&call, (mine.windows)(text, context), cut(text, context, [0, 1]), &suspects)?;
    }
    Ok(())
}
