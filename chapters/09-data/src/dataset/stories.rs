//! Rows of stories: one story a row, whole.
//!
//! ```text
//! inputs   <|endoftext|>  Once   there  was  ...  home   happy  .              (padding)
//! targets  Once           there  was    ...  home happy  .      <|endoftext|>  (ignored)
//! ```
//!
//! A story at most fills a row of 256, so every choice of the grammar is scored, and scored where
//! all that it depends on can be seen. A shorter context truncates stories; their floor is then
//! the probability of what is left, which the grammar knows as well.

use super::{IGNORE, Progress, Row, Stage, TokenizerChoice};
use crate::error::{DataError, Result};
use crate::stories::{Generator, HELD_OUT, Story, grammar};
use crate::tokenizer::{Tokenizer, TokenizerKind};
use rayon::prelude::*;

/// Held-out stories that are evaluated on.
pub(crate) const HELD_OUT_ROWS: usize = 512;

/// The tokenizer and the held-out stories are the same whatever the training seed.
const FIXED_SEED: u64 = 0x5742_4154_4153_5452;

/// Stories the tokenizer learns from: enough that every word of the grammar stands there often.
const TOKENIZER_STORIES: u16 = 4000;

/// A held-out story.
fn held_out(index: u64) -> Story {
    Generator::story(FIXED_SEED, HELD_OUT + index)
}

/// A tokenizer that was made from another text may lack a character of the stories. It is named, the
/// first one as a reader meets them.
fn check_spelling(tokenizer: &Tokenizer) -> Result<()> {
    let first = held_out(0).text;
    for character in first.chars().chain(grammar().alphabet()) {
        if tokenizer.encode(character.encode_utf8(&mut [0; 4]).as_bytes()).is_err() {
            return Err(DataError::StoryCharacter { character });
        }
    }
    Ok(())
}

pub(crate) struct Stories {
    end: u32,
    context: usize,
    seed: u64,
}

/// The tokenizer for stories.
pub(crate) fn tokenizer(
    choice: TokenizerChoice,
    vocab_size: usize,
    notes: &mut Vec<String>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Tokenizer> {
    let kind = match choice {
        TokenizerChoice::Use(tokenizer) => return Ok(tokenizer),
        TokenizerChoice::Train(kind) => kind,
    };
    let total = usize::from(TOKENIZER_STORIES);
    progress(Progress { stage: Stage::Reading, done: 0, total });
    // Neither trained nor tested on: a third range of indices.
    let first = HELD_OUT / 2;
    let texts: Vec<String> = (0..TOKENIZER_STORIES)
        .into_par_iter()
        .map(|index| Generator::story(FIXED_SEED, first + u64::from(index)).text)
        .collect();
    progress(Progress { stage: Stage::Reading, done: total, total });
    if kind == TokenizerKind::Char {
        return Ok(Tokenizer::characters(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    let bytes: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let (tokenizer, report) =
        Tokenizer::train_with_progress(&bytes, vocab_size, &mut |done, total| {
            progress(Progress { stage: Stage::Tokenizer, done, total });
        })?;
    if report.ran_out_of_merges {
        notes.push(format!(
            "The stories have {} different tokens: every word is one. The model keeps its {} rows.",
            report.size, report.asked
        ));
    }
    Ok(tokenizer)
}

impl Stories {
    pub fn new(
        tokenizer: &Tokenizer,
        context: usize,
        seed: u64,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let end = tokenizer.end_of_text().ok_or(DataError::NoSpecial {
            token: crate::tokenizer::END_OF_TEXT,
            purpose: "begins and ends every story: use another text",
        })?;
        check_spelling(tokenizer)?;
        let stories = Self { end, context, seed };
        let truncated = (0..HELD_OUT_ROWS as u64)
            .into_par_iter()
            .map(|index| Ok(tokenizer.encode(held_out(index).text.as_bytes())?.len() >= context))
            .filter(|long| !matches!(long, Ok(false)))
            .collect::<Result<Vec<bool>>>()?
            .len();
        if truncated > 0 {
            notes.push(format!(
                "At a context of {context}, {} of 100 stories are cut off; the floor counts what is left.",
                (100 * truncated).div_ceil(HELD_OUT_ROWS)
            ));
        }
        Ok(stories)
    }

    pub fn train(&self, tokenizer: &Tokenizer, step: u64, batch: usize) -> Vec<Row> {
        let first = step.wrapping_mul(batch as u64);
        (0..batch as u64)
            .into_par_iter()
            .map(|row| {
                // Stay below the tokenizer's and the held-out stories, whatever the step.
                let index = first.wrapping_add(row) % (HELD_OUT / 2);
                self.row(tokenizer, &Generator::story(self.seed, index))
            })
            .collect()
    }

    pub fn validation(&self, tokenizer: &Tokenizer, first: usize, batch: usize) -> Vec<Row> {
        (0..batch)
            .into_par_iter()
            .map(|row| match first.checked_add(row) {
                Some(index) if index < HELD_OUT_ROWS => {
                    self.row(tokenizer, &held_out(index as u64))
                }
                _ => self.padding(),
            })
            .collect()
    }

    fn padding(&self) -> Row {
        Row {
            inputs: vec![self.end; self.context],
            targets: vec![IGNORE; self.context],
            scored: 0,
            bytes: 0,
            floor_nats: Some(0.0),
        }
    }

    fn row(&self, tokenizer: &Tokenizer, story: &Story) -> Row {
        // `new` has seen that every character of every story has a token.
        let Ok(ids) = tokenizer.encode(story.text.as_bytes()) else { return self.padding() };
        let mut row = self.padding();
        row.scored = (ids.len() + 1).min(self.context);
        let seen = ids.iter().take(self.context);
        row.bytes = seen.map(|&id| tokenizer.bytes_of(id).len()).sum();
        // As far as the row goes: a story that is longer is truncated.
        for (target, &id) in row.targets.iter_mut().zip(ids.iter().chain([&self.end])) {
            *target = id;
        }
        for (input, &id) in row.inputs.iter_mut().skip(1).zip(&ids) {
            *input = id;
        }
        row.floor_nats = Some(if ids.len() < self.context {
            -story.log_prob
        } else {
            -grammar().log_prob_of_beginning(&story.text, row.bytes)
        });
        row
    }
}
