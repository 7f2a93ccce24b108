//! Stories whose every choice has a known probability.
//!
//! How good can a language model get? For real text nobody knows: the entropy of English is
//! not written anywhere. For these stories it is. They come from a small probabilistic grammar
//! (`valley.grammar`), the grammar is unambiguous, so the probability of a story is the product of
//! the choices that lead to it, and the expected value of −ln of that is the *entropy*: the loss
//! that no model can beat on average. The loss curve is drawn against this floor.
//!
//! The stories are worth learning: a name, what its owner is like, a thing's color, where it
//! was left and what the weather did to it are drawn once and said again up to a hundred words
//! later. A model that sees five bytes back pays for each of them again; attention need not.

mod alphabet;
mod derive;
mod entropy;
mod grammar;
mod reader;
mod tell;

pub use grammar::{Grammar, GrammarError};
pub use tell::{Decision, Derivation};

use crate::random::Stream;
use std::sync::OnceLock;

/// Keeps the stories' random numbers apart from other uses of a seed.
const TAG: u32 = 0x5707;

/// Held-out stories have indices from here on; training stories have those below.
pub const HELD_OUT: u64 = 1 << 63;

/// The grammar of the embedded stories.
#[expect(clippy::unreachable, reason = "a file of this crate, which this module's tests read")]
pub fn grammar() -> &'static Grammar {
    static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
    GRAMMAR.get_or_init(|| match Grammar::parse(include_str!("valley.grammar")) {
        Ok(grammar) => grammar,
        Err(error) => unreachable!("valley.grammar: {error}"),
    })
}

/// A story and its exact probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// One paragraph of ASCII text, without a line break at its end.
    pub text: String,
    /// Natural logarithm of the probability that the grammar tells exactly this text.
    pub log_prob: f64,
}

/// Tells the stories of one seed, in order; [`Generator::story`] reaches any of them at once.
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    next: u64,
}

impl Generator {
    /// The training stories of `seed`, from index 0.
    pub fn new(seed: u64) -> Self {
        Self { seed, next: 0 }
    }

    /// The held-out stories of `seed`: indices from [`HELD_OUT`], which training never reaches.
    pub fn held_out(seed: u64) -> Self {
        Self { seed, next: HELD_OUT }
    }

    /// Story number `index` of `seed`: a pure function, so that resuming needs no state.
    pub fn story(seed: u64, index: u64) -> Story {
        let derivation = Self::derivation(seed, index);
        Story { log_prob: derivation.log_prob(), text: derivation.text }
    }

    /// The same story with every choice that led to it.
    pub fn derivation(seed: u64, index: u64) -> Derivation {
        grammar().tell(&mut Stream::tagged(seed, index, TAG))
    }
}

impl Iterator for Generator {
    type Item = Story;

    fn next(&mut self) -> Option<Story> {
        let story = Self::story(self.seed, self.next);
        self.next = self.next.wrapping_add(1);
        Some(story)
    }
}

/// The text is not one of the valley's stories.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the grammar has no derivation of this text: it is not one of the embedded stories (it starts {beginning:?})"
)]
pub struct NotAStory {
    /// The first words of the text.
    pub beginning: String,
}

/// Natural logarithm of the probability of `text`, found by deriving it again.
///
/// # Errors
/// [`NotAStory`] if no choices of the grammar lead to exactly this text.
pub fn log_prob(text: &str) -> Result<f64, NotAStory> {
    let derivations = grammar().derive(text);
    match derivations.as_slice() {
        [] => Err(NotAStory { beginning: text.chars().take(40).collect() }),
        [one] => Ok(one.log_prob()),
        // No story has two (a test looks for one); if it had, its probability would be the sum.
        many => Ok(many.iter().map(|d| d.log_prob().exp()).sum::<f64>().ln()),
    }
}

/// The exact entropy of a story in nats: the expected value of `-log_prob`.
pub fn entropy() -> f64 {
    static ENTROPY: OnceLock<f64> = OnceLock::new();
    *ENTROPY.get_or_init(|| grammar().entropy())
}

/// The loss that no model can beat, on average, over some given stories.
///
/// Nats per token depend on the tokenizer only through the number of tokens: the information in
/// a story is the same however it is tokenized.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Floor {
    /// Sum of `-log_prob` over the stories, in nats.
    pub nats: f64,
    /// Tokens that were predicted, the end of each story included.
    pub tokens: usize,
}

impl Floor {
    /// Adds a story of `tokens` tokens; the token that ends it is counted here.
    pub fn add(&mut self, story: &Story, tokens: usize) {
        self.nats -= story.log_prob;
        self.tokens += tokens + 1;
    }

    /// Nats per token; 0 if nothing was added.
    pub fn nats_per_token(&self) -> f64 {
        if self.tokens == 0 { 0.0 } else { self.nats / self.tokens as f64 }
    }
}

#[cfg(test)]
mod tests;
