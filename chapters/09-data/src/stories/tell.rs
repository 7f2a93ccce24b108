//! Telling a story: walk the grammar, throw the dice, keep the account.

use super::grammar::{Choice, Grammar, Item};
use crate::random::Stream;

/// Which row each slot holds.
#[derive(Clone, Debug)]
pub(crate) struct Held(Vec<Option<u16>>);

impl Held {
    pub fn new(grammar: &Grammar) -> Self {
        Self(vec![None; grammar.slots.len()])
    }

    /// The row a slot holds. `Grammar::parse` has proven that it was drawn; row 0 keeps this total.
    pub fn row(&self, slot: usize) -> usize {
        usize::from(self.0.get(slot).copied().flatten().unwrap_or(0))
    }

    pub fn set(&mut self, slot: usize, row: Option<u16>) -> Option<u16> {
        self.0.get_mut(slot).and_then(|held| std::mem::replace(held, row))
    }

    /// The rows of `slot`'s table that the story does not hold yet.
    pub fn free(&self, grammar: &Grammar, slot: usize) -> Vec<u16> {
        let table = grammar.slot(slot).table;
        let held = grammar.slots.iter().zip(&self.0);
        let taken: Vec<u16> =
            held.filter(|(other, _)| other.table == table).filter_map(|(_, row)| *row).collect();
        // A table has no more rows than sixteen bits count.
        let rows = (0..=u16::MAX).take(grammar.table(slot).rows.len());
        rows.filter(|row| !taken.contains(row)).collect()
    }
}

/// How many rows there are to choose from.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rows have numbers of sixteen bits, each its own"
)]
pub(super) fn rows_in(free: &[u16]) -> u32 {
    free.len() as u32
}

/// One choice that was made while a story was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What was decided: a rule's name, a slot's name, or `[...]` for a choice inside a sentence.
    pub what: String,
    /// Where in the text it begins to show, in bytes.
    pub at: usize,
    /// Its weight, out of [`total`](Self::total).
    pub weight: u32,
    /// The sum of the weights of all that could have been chosen.
    pub total: u32,
}

impl Decision {
    /// The natural logarithm of this choice's probability, `ln(weight / total)`.
    pub fn log_prob(&self) -> f64 {
        (f64::from(self.weight) / f64::from(self.total)).ln()
    }
}

/// A text and the choices that lead to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    /// The whole story.
    pub text: String,
    /// Its choices, in the order in which they were made; what has no alternative is left out.
    pub decisions: Vec<Decision>,
}

impl Derivation {
    /// Natural logarithm of the probability of this derivation: the sum over its choices.
    pub fn log_prob(&self) -> f64 {
        self.decisions.iter().map(Decision::log_prob).sum()
    }
}

impl Grammar {
    /// Tells one story with the numbers of `stream`.
    pub fn tell(&self, stream: &mut Stream) -> Derivation {
        let derivation = Derivation { text: String::new(), decisions: Vec::new() };
        let mut teller = Teller { grammar: self, stream, held: Held::new(self), derivation };
        teller.choose(self.rule(self.start));
        teller.derivation
    }
}

struct Teller<'a> {
    grammar: &'a Grammar,
    stream: &'a mut Stream,
    held: Held,
    derivation: Derivation,
}

impl Teller<'_> {
    fn note(&mut self, what: &str, weight: u32, total: u32) {
        if weight < total {
            let at = self.derivation.text.len();
            self.derivation.decisions.push(Decision { what: what.to_owned(), at, weight, total });
        }
    }

    fn choose(&mut self, choice: &Choice) {
        let mut left = self.stream.below(choice.total);
        for alternative in &choice.alternatives {
            if left < alternative.weight {
                self.note(&choice.name, alternative.weight, choice.total);
                return self.say(&alternative.items);
            }
            left -= alternative.weight;
        }
    }

    fn say(&mut self, items: &[Item]) {
        let grammar = self.grammar;
        for item in items {
            match item {
                Item::Text(text) => self.derivation.text.push_str(text),
                Item::Pick(choice) => self.choose(choice),
                Item::Rule(rule) => self.choose(grammar.rule(*rule)),
                Item::Keyed { slot, rules } => {
                    self.choose(grammar.keyed(rules, self.held.row(*slot)));
                }
                Item::Word { slot, column, capital, draw } => {
                    if *draw {
                        let free = self.held.free(grammar, *slot);
                        let total = rows_in(&free);
                        let row = free.get(self.stream.below(total) as usize).copied();
                        self.note(&grammar.slot(*slot).name, 1, total);
                        self.held.set(*slot, row);
                    }
                    let word = grammar.word(*slot, *column, self.held.row(*slot));
                    push(&mut self.derivation.text, word, *capital);
                }
            }
        }
    }
}

/// Appends a word, with a capital letter if asked.
pub(crate) fn push(text: &mut String, word: &str, capital: bool) {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) if capital => {
            text.extend(first.to_uppercase());
            text.push_str(letters.as_str());
        }
        _ => text.push_str(word),
    }
}
