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

impl Grammar {
    /// Every rule has an alternative, and none leads back to itself.
    pub(super) fn check_rules(&self) -> Result<(), GrammarError> {
        fn visit(grammar: &Grammar, rule: usize, state: &mut [u8]) -> Result<(), GrammarError> {
            let choice = &grammar.rules[rule];
            match state[rule] {
                2 => return Ok(()),
                1 => return fault(0, format!("rule `{}` leads back to itself", choice.name)),
                _ => state[rule] = 1,
            }
            if choice.total == 0 {
                return fault(0, format!("rule `{}` has no alternative", choice.name));
            }
            let mut stack: Vec<&Item> = choice.alternatives.iter().flat_map(|a| &a.items).collect();
            while let Some(item) = stack.pop() {
                match item {
                    Item::Rule(next) => visit(grammar, *next, state)?,
                    Item::Keyed { rules, .. } => {
                        for next in rules {
                            visit(grammar, *next, state)?;
                        }
                    }
                    Item::Pick(pick) => {
                        stack.extend(pick.alternatives.iter().flat_map(|a| &a.items))
                    }
                    Item::Text(_) | Item::Word { .. } => {}
                }
            }
            state[rule] = 2;
            Ok(())
        }
        visit(self, self.start, &mut vec![0; self.rules.len()])
    }
}
