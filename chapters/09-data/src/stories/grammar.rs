//! The grammar: tables of words, and rules that are trees of [`Item`]s.

/// A table of words: what a slot draws from.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Slots that draw from this table, as bits of a mask.
    pub slots: u64,
}

/// A named place in a story that holds one row of a table.
#[derive(Debug)]
pub(crate) struct Slot {
    pub name: String,
    pub table: usize,
    /// A keyed rule depends on which row this slot (or one of its table) holds.
    pub decides: bool,
}

/// One alternative of a choice.
#[derive(Debug)]
pub(crate) struct Alternative {
    pub weight: u32,
    pub items: Vec<Item>,
}

/// A weighted choice: a rule, or `[a|b]` inside one.
#[derive(Debug)]
pub(crate) struct Choice {
    pub name: String,
    pub total: u32,
    pub alternatives: Vec<Alternative>,
}

/// One step of telling a story.
#[derive(Debug)]
pub(crate) enum Item {
    /// Say these words.
    Text(String),
    /// Say the word in `column` of the row that `slot` holds; `draw` it first.
    Word { slot: usize, column: usize, capital: bool, draw: bool },
    /// An inline choice.
    Pick(Choice),
    /// Go on with a rule.
    Rule(usize),
    /// Go on with the rule that belongs to the row `slot` holds.
    Keyed { slot: usize, rules: Vec<usize> },
}

/// A probabilistic grammar in which what was drawn stays drawn.
///
/// [`Grammar::parse`] reads one from text in the language that `valley.grammar` explains;
/// the embedded stories are only its best known speaker.
#[derive(Debug)]
pub struct Grammar {
    pub(crate) tables: Vec<Table>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) rules: Vec<Choice>,
    pub(crate) start: usize,
}

/// What is wrong with a grammar's text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("grammar, line {line}: {message}")]
pub struct GrammarError {
    /// Line number from 1; 0 when the fault is not in one line.
    pub line: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

pub(crate) fn fault<T>(line: usize, message: impl Into<String>) -> Result<T, GrammarError> {
    Err(GrammarError { line, message: message.into() })
}

/// Rules inside one another, at most: whoever walks the grammar calls itself that often.
const DEEPEST: usize = 64;
/// Steps of all stories, once every rule stands where it is named: two rules that name the next one
/// twice each double it.
const STEPS: u64 = 1 << 20;

/// Pieces of the longest story: whoever takes a text apart calls itself a few times for each.
const PIECES: usize = 1 << 11;

/// How far [`Grammar::check_rules`] is with a rule.
#[derive(Clone, Copy)]
enum Visit {
    Not,
    Here,
    /// Its steps, and the rules inside one another below it.
    Done(u64, usize),
}

/// What the numbers in items stand for.
#[expect(
    clippy::indexing_slicing,
    reason = "the reader numbers rules, slots, tables and columns by their places, and a row by its draw"
)]
impl Grammar {
    pub(super) fn rule(&self, rule: usize) -> &Choice {
        &self.rules[rule]
    }

    pub(super) fn slot(&self, slot: usize) -> &Slot {
        &self.slots[slot]
    }

    /// The table that a slot draws from.
    pub(super) fn table(&self, slot: usize) -> &Table {
        &self.tables[self.slot(slot).table]
    }

    /// A word of the row that a slot holds.
    pub(super) fn word(&self, slot: usize, column: usize, row: usize) -> &str {
        &self.table(slot).rows[row][column]
    }

    /// The rule that a keyed item has for a row: there is one for each.
    pub(super) fn keyed(&self, rules: &[usize], row: usize) -> &Choice {
        self.rule(rules[row])
    }
}

impl Grammar {
    /// Every rule has an alternative, none leads back to itself, and what they come to can be told.
    pub(super) fn check_rules(&self) -> Result<(), GrammarError> {
        self.visit(self.start, 1, &mut vec![Visit::Not; self.rules.len()])?;
        if self.pieces_of(self.rule(self.start)) > PIECES {
            return fault(0, format!("a story can come to more than {PIECES} pieces"));
        }
        Ok(())
    }

    /// Pieces of the longest way to tell a choice.
    fn pieces_of(&self, choice: &Choice) -> usize {
        let inside = |item: &Item| match item {
            Item::Text(_) | Item::Word { .. } => 0,
            Item::Pick(pick) => self.pieces_of(pick),
            Item::Rule(rule) => self.pieces_of(self.rule(*rule)),
            Item::Keyed { rules, .. } => {
                rules.iter().map(|rule| self.pieces_of(self.rule(*rule))).max().unwrap_or(0)
            }
        };
        let all = |items: &[Item]| items.iter().map(|item| 1 + inside(item)).sum();
        choice.alternatives.iter().map(|a| all(&a.items)).max().unwrap_or(0)
    }

    #[expect(clippy::indexing_slicing, reason = "`state` has a place for every rule")]
    fn visit(
        &self,
        rule: usize,
        depth: usize,
        state: &mut [Visit],
    ) -> Result<(u64, usize), GrammarError> {
        let choice = self.rule(rule);
        let too_deep = || {
            let name = &choice.name;
            fault(0, format!("rule `{name}` stands more than {DEEPEST} rules deep"))
        };
        match state[rule] {
            Visit::Done(_, below) if depth + below > DEEPEST => return too_deep(),
            Visit::Done(steps, below) => return Ok((steps, below)),
            Visit::Here => {
                return fault(0, format!("rule `{}` leads back to itself", choice.name));
            }
            Visit::Not if depth > DEEPEST => return too_deep(),
            Visit::Not => state[rule] = Visit::Here,
        }
        if choice.total == 0 {
            return fault(0, format!("rule `{}` has no alternative", choice.name));
        }
        let (mut steps, mut below) = (1u64, 0);
        let mut stack: Vec<&Item> = choice.alternatives.iter().flat_map(|a| &a.items).collect();
        while let Some(item) = stack.pop() {
            steps = steps.saturating_add(1);
            let next = match item {
                Item::Rule(next) => std::slice::from_ref(next),
                Item::Keyed { rules, .. } => rules,
                Item::Pick(pick) => {
                    stack.extend(pick.alternatives.iter().flat_map(|a| &a.items));
                    continue;
                }
                Item::Text(_) | Item::Word { .. } => continue,
            };
            for next in next {
                let (more, deeper) = self.visit(*next, depth + 1, state)?;
                steps = steps.saturating_add(more);
                below = below.max(deeper + 1);
            }
        }
        if steps > STEPS {
            let name = &choice.name;
            let text = format!(
                "rule `{name}` comes to more than {STEPS} steps, all rules in it written out"
            );
            return fault(0, text);
        }
        state[rule] = Visit::Done(steps, below);
        Ok((steps, below))
    }
}
