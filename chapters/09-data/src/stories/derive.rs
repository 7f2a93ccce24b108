//! Telling backwards: which choices lead to a given text?
//!
//! A depth-first walk of the grammar that follows every choice whose words agree with the text.
//! The first word that differs ends a branch, so that a story of 150 choices takes a few
//! hundred steps, not 2¹⁵⁰.
//!
//! The same walk gives the probability that a story *begins* with some text: add up all the
//! ways to get that far. A row that was truncated at the context is scored against that.

use super::grammar::{Choice, Grammar, Item};
use super::tell::{Decision, Derivation, Held, push, rows_in};

/// What is still to be told: the rest of a rule, and then the rest of the rule that called it.
struct Rest<'a> {
    items: &'a [Item],
    after: Option<&'a Rest<'a>>,
}

/// How a piece of story agrees with the text at some position.
enum Match {
    /// It differs.
    No,
    /// It agrees, and the text goes on from here.
    Upto(usize),
    /// It agrees and reaches past the end of the text; the first byte that stands there.
    Past(u8),
}

struct Walk<'a> {
    grammar: &'a Grammar,
    text: &'a str,
    /// The text is only the beginning of a story, and what follows it must (or must not) go on
    /// with the token that the text ends in.
    begins: Option<bool>,
    held: Held,
    decisions: Vec<Decision>,
    /// The sum of the probabilities of all that agrees.
    probability: f64,
    found: Vec<Derivation>,
}

impl Grammar {
    /// Every derivation of `text`: none if it is not a story of this grammar, more than one if
    /// the grammar is ambiguous.
    pub fn derive(&self, text: &str) -> Vec<Derivation> {
        self.walk(text, None).found
    }

    /// Natural logarithm of the probability that a story begins with the first `end` bytes of
    /// `story` and ends a token there just where `story` does. Negative infinity if none does.
    ///
    /// An `end` that is no character boundary is moved down to one.
    pub fn log_prob_of_beginning(&self, story: &str, end: usize) -> f64 {
        let mut end = end.min(story.len());
        while !story.is_char_boundary(end) {
            end -= 1;
        }
        let (begins, goes_on) = story.split_at(end);
        let ends = begins.as_bytes().last().zip(goes_on.as_bytes().first());
        let joins = ends.is_some_and(|(&left, &right)| joined(left, right));
        self.walk(begins, Some(joins)).probability.ln()
    }

    fn walk<'a>(&'a self, text: &'a str, begins: Option<bool>) -> Walk<'a> {
        let mut walk = Walk {
            grammar: self,
            text,
            begins,
            held: Held::new(self),
            decisions: Vec::new(),
            probability: 0.0,
            found: Vec::new(),
        };
        walk.choose(self.rule(self.start), None, 0);
        walk
    }
}

/// Do these neighbors belong to one pre-token? Enough for stories: letters join letters, marks
/// join marks.
fn joined(left: u8, right: u8) -> bool {
    let class = |byte: u8| match byte {
        b' ' => 0,
        b if b.is_ascii_alphanumeric() => 1,
        _ => 2,
    };
    class(left) == class(right) && class(left) != 0
}

impl<'a> Walk<'a> {
    fn matches(&self, piece: &str, at: usize) -> Match {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let piece = piece.as_bytes();
        if rest.starts_with(piece) {
            return Match::Upto(at + piece.len());
        }
        match piece.strip_prefix(rest) {
            Some(&[next, ..]) if self.begins.is_some() => Match::Past(next),
            _ => Match::No,
        }
    }

    /// Agrees to the end: keep the account of it.
    fn accept(&mut self, next: Option<u8>) {
        if let Some(joins) = self.begins {
            let last = self.text.as_bytes().last().copied();
            if let (Some(last), Some(next)) = (last, next)
                && joined(last, next) != joins
            {
                return;
            }
        }
        let derivation =
            Derivation { text: self.text.to_owned(), decisions: self.decisions.clone() };
        self.probability += derivation.log_prob().exp();
        if self.begins.is_none() {
            self.found.push(derivation);
        }
    }

    /// Goes on if `piece` agrees with the text.
    fn say(&mut self, piece: &str, at: usize, rest: &Rest<'_>) {
        match self.matches(piece, at) {
            Match::No => {}
            Match::Upto(next) => self.go(Some(rest), next),
            Match::Past(byte) => self.accept(Some(byte)),
        }
    }

    fn choose(&mut self, choice: &Choice, after: Option<&Rest<'_>>, at: usize) {
        for alternative in &choice.alternatives {
            let mark = self.decisions.len();
            self.note(&choice.name, at, alternative.weight, choice.total);
            self.go(Some(&Rest { items: &alternative.items, after }), at);
            self.decisions.truncate(mark);
        }
    }

    fn note(&mut self, what: &str, at: usize, weight: u32, total: u32) {
        if weight < total {
            self.decisions.push(Decision { what: what.to_owned(), at, weight, total });
        }
    }

    fn go(&mut self, rest: Option<&Rest<'_>>, at: usize) {
        let Some(rest) = rest else {
            if at == self.text.len() {
                self.accept(None);
            }
            return;
        };
        let Some((item, tail)) = rest.items.split_first() else {
            return self.go(rest.after, at);
        };
        let after = Rest { items: tail, after: rest.after };
        let grammar = self.grammar;
        match item {
            Item::Text(text) => self.say(text, at, &after),
            Item::Pick(choice) => self.choose(choice, Some(&after), at),
            Item::Rule(rule) => self.choose(grammar.rule(*rule), Some(&after), at),
            Item::Keyed { slot, rules } => {
                self.choose(grammar.keyed(rules, self.held.row(*slot)), Some(&after), at);
            }
            Item::Word { slot, column, capital, draw: false } => {
                let word = grammar.spoken(*slot, *column, self.held.row(*slot), *capital);
                self.say(&word, at, &after);
            }
            Item::Word { slot, column, capital, draw: true } => {
                let free = self.held.free(grammar, *slot);
                let total = rows_in(&free);
                for &row in &free {
                    let word = grammar.spoken(*slot, *column, usize::from(row), *capital);
                    if matches!(self.matches(&word, at), Match::No) {
                        continue;
                    }
                    let mark = self.decisions.len();
                    self.note(&grammar.slot(*slot).name, at, 1, total);
                    let before = self.held.set(*slot, Some(row));
                    self.say(&word, at, &after);
                    self.held.set(*slot, before);
                    self.decisions.truncate(mark);
                }
            }
        }
    }
}

impl Grammar {
    fn spoken(&self, slot: usize, column: usize, row: usize, capital: bool) -> String {
        let mut word = String::new();
        push(&mut word, self.word(slot, column, row), capital);
        word
    }
}
