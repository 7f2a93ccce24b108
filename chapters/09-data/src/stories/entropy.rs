//! What the grammar knows about its stories without telling one: their exact entropy and the
//! length of the longest.
//!
//! By the chain rule the entropy of a story is the sum, over the choices it meets, of the
//! entropy of each, weighted by the probability of getting there:
//!
//! ```text
//! H(story) = Σ_choices P(reached) · Σ_i −p_i ln p_i
//! ```
//!
//! There are more stories than atoms in the reader, but few *situations* that matter for what can
//! be chosen next: which slots are filled (a draw never repeats a row, so it has fewer rows to
//! choose from), and which row the deciding slots hold. So the walk carries a probability for
//! each situation, splits it at a choice and adds equal ones up again: dynamic programming over
//! the grammar instead of a sum over stories. Nothing is sampled and nothing is typed in.

use super::grammar::{Choice, Grammar, GrammarError, Item, fault};
use std::collections::BTreeMap;

/// Which slots are filled, and with which row the deciding ones are (0 for the others).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Situation {
    filled: u64,
    rows: Vec<u16>,
}

/// The probability of each situation. Ordered, so that sums come out the same every time.
type Belief = BTreeMap<Situation, f64>;

struct Account<'a> {
    grammar: &'a Grammar,
    entropy: f64,
    /// Slots that were said before they were drawn.
    unready: Option<usize>,
    /// A slot that has no row left to draw.
    exhausted: Option<usize>,
    /// Situations that were looked at so far, once for each step.
    work: usize,
}

/// Situations to look at, at most; the valley has a few thousand. More would take minutes.
const WORK: usize = 1 << 21;

impl Grammar {
    /// The exact entropy of a story, in nats.
    pub fn entropy(&self) -> f64 {
        self.account().entropy
    }

    /// A word is only said after it was drawn, whichever way the story goes.
    pub(crate) fn check_order(&self) -> Result<(), GrammarError> {
        let account = self.account();
        if let Some(slot) = account.unready {
            let name = &self.slot(slot).name;
            return fault(0, format!("`{name}` can be said before it is drawn"));
        }
        if let Some(slot) = account.exhausted {
            let name = &self.slot(slot).name;
            return fault(0, format!("`{name}` can find its table empty"));
        }
        if account.work > WORK {
            return fault(
                0,
                "its stories have too many situations to count: let less depend on draws",
            );
        }
        Ok(())
    }

    fn account(&self) -> Account<'_> {
        let mut account =
            Account { grammar: self, entropy: 0.0, unready: None, exhausted: None, work: 0 };
        let nothing = Situation { filled: 0, rows: vec![0; self.slots.len()] };
        account.choose(self.rule(self.start), Belief::from([(nothing, 1.0)]));
        account
    }

    /// An upper bound for the number of word-like pieces in any story: runs of letters and runs
    /// of marks, which is what the pre-tokenizer splits a story into. With a vocabulary in which
    /// every such piece is one token, it bounds the tokens.
    pub fn longest(&self) -> usize {
        self.longest_of(self.rule(self.start))
    }

    fn longest_of(&self, choice: &Choice) -> usize {
        let length = |items: &[Item]| items.iter().map(|item| self.longest_item(item)).sum();
        choice.alternatives.iter().map(|a| length(&a.items)).max().unwrap_or(0)
    }

    fn longest_item(&self, item: &Item) -> usize {
        match item {
            Item::Text(text) => pieces(text),
            Item::Pick(choice) => self.longest_of(choice),
            Item::Rule(rule) => self.longest_of(self.rule(*rule)),
            Item::Keyed { rules, .. } => {
                rules.iter().map(|rule| self.longest_of(self.rule(*rule))).max().unwrap_or(0)
            }
            Item::Word { slot, column, .. } => {
                let words = self.table(*slot).rows.iter().filter_map(|row| row.get(*column));
                words.map(|word| pieces(word)).max().unwrap_or(0)
            }
        }
    }
}

/// Runs of letters and runs of marks. A text split in two has at least as many as the whole, so
/// adding up the items of a story gives an upper bound.
fn pieces(text: &str) -> usize {
    let class = |c: char| match c {
        c if c.is_whitespace() => 0,
        c if c.is_alphanumeric() => 1,
        _ => 2,
    };
    let mut before = 0;
    let mut count = 0;
    for c in text.chars() {
        let now = class(c);
        count += usize::from(now != 0 && now != before);
        before = now;
    }
    count
}

impl Account<'_> {
    fn choose(&mut self, choice: &Choice, belief: Belief) -> Belief {
        let mass: f64 = belief.values().sum();
        let mut after = Belief::new();
        for alternative in &choice.alternatives {
            let p = f64::from(alternative.weight) / f64::from(choice.total);
            self.entropy -= mass * p * p.ln();
            let scaled = belief.iter().map(|(s, m)| (s.clone(), m * p)).collect();
            merge(&mut after, self.say(&alternative.items, scaled));
        }
        after
    }

    #[expect(clippy::indexing_slicing, reason = "a situation has a row for every slot")]
    fn say(&mut self, items: &[Item], mut belief: Belief) -> Belief {
        for item in items {
            self.work = self.work.saturating_add(belief.len());
            if self.work > WORK {
                return Belief::new();
            }
            belief = match item {
                Item::Text(_) => belief,
                Item::Pick(choice) => self.choose(choice, belief),
                Item::Rule(rule) => self.choose(self.grammar.rule(*rule), belief),
                Item::Keyed { slot, rules } => {
                    self.need(*slot, &belief);
                    let mut after = Belief::new();
                    let mut by_row: BTreeMap<u16, Belief> = BTreeMap::new();
                    for (situation, mass) in belief {
                        let row = situation.rows[*slot];
                        by_row.entry(row).or_default().insert(situation, mass);
                    }
                    for (row, here) in by_row {
                        // A table without rows has none; the slot is then noted as unready.
                        if let Some(&rule) = rules.get(usize::from(row)) {
                            merge(&mut after, self.choose(self.grammar.rule(rule), here));
                        }
                    }
                    after
                }
                Item::Word { slot, draw: true, .. } => self.draw(*slot, belief),
                Item::Word { slot, .. } => {
                    self.need(*slot, &belief);
                    belief
                }
            };
        }
        belief
    }

    fn need(&mut self, slot: usize, belief: &Belief) {
        if belief.keys().any(|situation| situation.filled & 1 << slot == 0) {
            self.unready.get_or_insert(slot);
        }
    }

    #[expect(clippy::indexing_slicing, reason = "a situation has a row for every slot")]
    fn draw(&mut self, slot: usize, belief: Belief) -> Belief {
        let owner = self.grammar.slot(slot);
        let table = self.grammar.table(slot);
        let mut after = Belief::new();
        for (situation, mass) in belief {
            self.work += if owner.decides { table.rows.len() } else { 1 };
            if self.work > WORK {
                break;
            }
            let held = (situation.filled & table.slots).count_ones() as usize;
            // region: draw
            let free = table.rows.len().saturating_sub(held);
            if free == 0 || situation.filled & 1 << slot != 0 {
                self.exhausted.get_or_insert(slot);
                continue;
            }
            self.entropy += mass * (free as f64).ln();
            // end: draw
            let mut next = situation.clone();
            next.filled |= 1 << slot;
            if !owner.decides {
                *after.entry(next).or_insert(0.0) += mass;
                continue;
            }
            // A table has no more rows than sixteen bits count.
            for row in (0..=u16::MAX).take(table.rows.len()) {
                let mut slots = situation.rows.iter().zip(0..64);
                let taken = slots.any(|(&other, slot)| {
                    situation.filled & table.slots & 1 << slot != 0 && other == row
                });
                if !taken {
                    next.rows[slot] = row;
                    *after.entry(next.clone()).or_insert(0.0) += mass / free as f64;
                }
            }
        }
        after
    }
}

fn merge(into: &mut Belief, from: Belief) {
    for (situation, mass) in from {
        *into.entry(situation).or_insert(0.0) += mass;
    }
}
