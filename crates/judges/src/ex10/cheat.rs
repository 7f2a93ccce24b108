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
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers from 0 to 8 are cut to faces of the die"
    )]
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
    let round: Vec<usize> = [2, 7, 1, 4].into_iter().cycle().take(600).collect();
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
        let logits = |tokens: &[usize]| -> Outcome<Vec<Vec<f64>>> {
            let got = (mine.logits)(&table, tokens);
            let rows = got.len() == tokens.len() && got.iter().all(|row| row.len() == VOCAB);
            let text =
                format!("logits(table, &{tokens:?}) must be {} rows of {VOCAB}", tokens.len());
            require(rows, "differs", text)?;
            Ok(got)
        };
        let before = logits(&tokens)?;
        for (changed, token) in tokens.iter().enumerate() {
            let new = (token + 1) % VOCAB;
            let mut other = tokens.clone();
            other.splice(changed..=changed, [new]);
            let after = logits(&other)?;
            let differ = before.iter().zip(&after).map(|(a, b)| a != b).enumerate();
            let noticed: Vec<usize> =
                differ.filter(|(_, differs)| *differs).map(|(t, _)| t).collect();
            let experiment = format!(
                "experiment: change token {changed} of {tokens:?} to {new}, and see which logits \
                 change\n  got        those of positions {noticed:?}\n  want       positions {changed} \
                 to {}, no other\n  diagnosis  ",
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
    let part = |from: usize| text.iter().copied().skip(from).take(context).collect();
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

#[cfg(test)]
mod tests {
    use super::{Cheat, VOCAB, future};
    use crate::Failure;

    #[test]
    fn rows_are_counted_for_every_text() {
        let logits: [fn(&[f64], &[usize]) -> Vec<Vec<f64>>; 2] = [
            // Right for the first text that is asked for, short for the next.
            |_, tokens| vec![vec![0.0; VOCAB]; tokens.len() - usize::from(tokens[0] == 1)],
            |_, tokens| vec![vec![0.0; VOCAB - usize::from(tokens[0] == 1)]; tokens.len()],
        ];
        for logits in logits {
            let mine = Cheat { windows: |_, _| Vec::new(), logits, learn: |_, _| 0.0 };
            let failure = future(&mine).unwrap_err();
            let Failure::Named { text, .. } = failure else { panic!("{failure}") };
            assert!(text.starts_with("logits(table, &[1, 1, 2, 3]) must be 4 rows"), "{text}");
        }
    }
}
