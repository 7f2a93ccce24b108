//! Reading a grammar from its text.
//!
//! `valley.grammar` explains the language in its own head. Reading also checks, once, what would
//! otherwise go wrong in the middle of a story: every name is known, every keyed rule has a branch
//! for every row, no rule leads back to itself, and no word is said again before it was drawn.

use super::grammar::{Alternative, Choice, Grammar, GrammarError, Item, Slot, Table, fault};
use std::collections::HashMap;

impl Grammar {
    /// Reads a grammar whose start is the rule `story`.
    ///
    /// # Errors
    /// The first fault found: an unknown table, slot, column or rule, a keyed rule that lacks a
    /// branch, a weight that is not a positive number, a rule that leads back to itself, a word
    /// said before it was drawn, more than 64 slots, or stories so large that nobody could tell them.
    #[expect(clippy::indexing_slicing, reason = "a pending alternative has its rule's place")]
    pub fn parse(source: &str) -> Result<Self, GrammarError> {
        let mut reader = Reader::default();
        reader.outline(source)?;
        let pending = std::mem::take(&mut reader.pending);
        // Draws first, so that a rule may say what a later line of the file draws.
        for (_, line, _, text) in &pending {
            reader.find_draws(*line, text)?;
        }
        for (rule, line, weight, text) in pending {
            let mut cursor = Cursor { line, rest: &text };
            let items = reader.items(&mut cursor, 0)?;
            let choice = &mut reader.rules[rule];
            choice.total = match choice.total.checked_add(weight) {
                Some(total) => total,
                None => return fault(line, "the weights of this rule are too large"),
            };
            choice.alternatives.push(Alternative { weight, items });
        }
        let Some(&start) = reader.rule_ids.get("story") else {
            return fault(0, "there is no rule `story` to start from");
        };
        let Reader { tables, mut slots, rules, .. } = reader;
        // If one slot of a table decides, all of its table must be followed exactly, because a
        // draw depends on which rows the others hold.
        let deciding: Vec<usize> = slots.iter().filter(|s| s.decides).map(|s| s.table).collect();
        for slot in &mut slots {
            slot.decides = deciding.contains(&slot.table);
        }
        let grammar = Self { tables, slots, rules, start };
        grammar.check_rules()?;
        grammar.check_order()?;
        Ok(grammar)
    }
}

/// What is known while a grammar is being read.
#[derive(Default)]
struct Reader {
    tables: Vec<Table>,
    slots: Vec<Slot>,
    rules: Vec<Choice>,
    table_ids: HashMap<String, usize>,
    slot_ids: HashMap<String, usize>,
    rule_ids: HashMap<String, usize>,
    /// Alternatives still to be read: rule, line, weight, text.
    pending: Vec<(usize, usize, u32, String)>,
}

/// Brackets inside brackets, at most.
const NESTED: usize = 16;
/// Rows of a table, at most: a story keeps their numbers in sixteen bits.
const ROWS: usize = u16::MAX as usize;

/// The rest of an alternative's text.
struct Cursor<'a> {
    line: usize,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// Takes everything up to `close`, and `close` itself.
    fn until(&mut self, close: char) -> Result<&'a str, GrammarError> {
        let Some((inside, rest)) = self.rest.split_once(close) else {
            return fault(self.line, format!("a `{close}` is missing"));
        };
        self.rest = rest;
        Ok(inside)
    }

    /// Takes so many bytes.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }
}

enum Section {
    None,
    Table(usize),
    Rule(usize),
}

impl Reader {
    /// Tables, and the names and raw alternatives of rules.
    fn outline(&mut self, source: &str) -> Result<(), GrammarError> {
        let mut section = Section::None;
        for (number, text) in source.lines().enumerate() {
            let line = number + 1;
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            if let Some(head) = text.strip_prefix("table ") {
                let columns: Vec<String> = head.split('|').map(|c| c.trim().to_owned()).collect();
                let name = columns.first().cloned().unwrap_or_default();
                let id = self.tables.len();
                if self.table_ids.insert(name.clone(), id).is_some() {
                    return fault(line, format!("table `{name}` is there twice"));
                }
                self.tables.push(Table { name, columns, rows: Vec::new(), slots: 0 });
                section = Section::Table(id);
            } else if let Some(name) = text.strip_prefix("rule ") {
                let (name, id) = (name.trim().to_owned(), self.rules.len());
                if self.rule_ids.insert(name.clone(), id).is_some() {
                    return fault(line, format!("rule `{name}` is there twice"));
                }
                self.rules.push(Choice { name, total: 0, alternatives: Vec::new() });
                section = Section::Rule(id);
            } else {
                self.entry(&section, line, text)?;
            }
        }
        Ok(())
    }

    /// A row of a table or an alternative of a rule.
    #[expect(clippy::indexing_slicing, reason = "a section has its table's place")]
    fn entry(&mut self, section: &Section, line: usize, text: &str) -> Result<(), GrammarError> {
        match *section {
            Section::None => fault(line, "expected `table ...` or `rule ...`"),
            Section::Table(id) => {
                let row: Vec<String> = text.split('|').map(|c| c.trim().to_owned()).collect();
                let table = &mut self.tables[id];
                if row.len() != table.columns.len() {
                    let (want, got) = (table.columns.len(), row.len());
                    return fault(line, format!("this table has {want} columns, the row {got}"));
                }
                if table.rows.len() == ROWS {
                    return fault(line, format!("a table has at most {ROWS} rows"));
                }
                table.rows.push(row);
                Ok(())
            }
            Section::Rule(id) => {
                let text = text.trim_start();
                let (weight, rest) = text.split_once(' ').unwrap_or((text, ""));
                match weight.parse::<u32>() {
                    Ok(weight) if weight > 0 => {
                        self.pending.push((id, line, weight, rest.to_owned()));
                        Ok(())
                    }
                    _ => fault(line, "an alternative starts with a positive whole weight"),
                }
            }
        }
    }

    /// Declares the slots that `{slot=table}` in this text draws.
    #[expect(clippy::indexing_slicing, reason = "names lead to the places of tables and slots")]
    fn find_draws(&mut self, line: usize, text: &str) -> Result<(), GrammarError> {
        for part in text.split('{').skip(1) {
            let inside = part.split('}').next().unwrap_or("");
            let Some((slot, table)) = inside.split_once('=') else { continue };
            let (slot, table) = (lower(slot), table.split('.').next().unwrap_or(""));
            let Some(&table_id) = self.table_ids.get(table) else {
                return fault(line, format!("there is no table `{table}`"));
            };
            if let Some(&known) = self.slot_ids.get(&slot) {
                if self.slots[known].table != table_id {
                    return fault(line, format!("`{slot}` draws from two tables"));
                }
                continue;
            }
            let id = self.slots.len();
            if id == 64 {
                return fault(line, "a grammar has at most 64 slots");
            }
            self.tables[table_id].slots |= 1 << id;
            self.slots.push(Slot { name: slot.clone(), table: table_id, decides: false });
            self.slot_ids.insert(slot, id);
        }
        Ok(())
    }

    /// Items up to the end of the text, or inside brackets up to `|` or `]`.
    fn items(&mut self, cursor: &mut Cursor, depth: usize) -> Result<Vec<Item>, GrammarError> {
        let mut items = Vec::new();
        let inside = depth > 0;
        loop {
            let stop = cursor.rest.find(['{', '<', '[', '|', ']']).unwrap_or(cursor.rest.len());
            if stop > 0 {
                items.push(Item::Text(cursor.take(stop).to_owned()));
            }
            match cursor.rest.chars().next() {
                None => return Ok(items),
                Some('|' | ']') if inside => return Ok(items),
                Some(open) => {
                    cursor.take(1);
                    items.push(match open {
                        '{' => {
                            let inside = cursor.until('}')?;
                            self.word(cursor.line, inside)?
                        }
                        '<' => {
                            let inside = cursor.until('>')?;
                            self.rule(cursor.line, inside)?
                        }
                        '[' => Item::Pick(self.pick(cursor, depth + 1)?),
                        other => return fault(cursor.line, format!("`{other}` outside brackets")),
                    });
                }
            }
        }
    }

    fn pick(&mut self, cursor: &mut Cursor, depth: usize) -> Result<Choice, GrammarError> {
        if depth > NESTED {
            return fault(cursor.line, format!("more than {NESTED} brackets inside one another"));
        }
        let mut alternatives = Vec::new();
        loop {
            alternatives.push(Alternative { weight: 1, items: self.items(cursor, depth)? });
            match cursor.rest.chars().next() {
                Some('|') => cursor.take(1),
                Some(_) => break,
                None => return fault(cursor.line, "a `]` is missing"),
            };
        }
        cursor.take(1);
        let Ok(total) = u32::try_from(alternatives.len()) else {
            return fault(cursor.line, "more alternatives in brackets than can be counted");
        };
        Ok(Choice { name: "[...]".to_owned(), total, alternatives })
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a name leads to its slot's place, that to a table's"
    )]
    fn word(&mut self, line: usize, inside: &str) -> Result<Item, GrammarError> {
        let (left, drawn) = match inside.split_once('=') {
            Some((slot, table)) => (slot.to_owned(), Some(table)),
            None => (inside.to_owned(), None),
        };
        let column = drawn.unwrap_or(&left).split_once('.').map(|(_, column)| column.to_owned());
        let name = left.split('.').next().unwrap_or("");
        let capital = name.starts_with(char::is_uppercase);
        let Some(&slot) = self.slot_ids.get(&lower(name)) else {
            return fault(line, format!("nothing ever draws `{name}`"));
        };
        let table = &self.tables[self.slots[slot].table];
        let column = match column {
            None => 0,
            Some(column) => match table.columns.iter().position(|c| *c == column) {
                Some(index) => index,
                None => {
                    return fault(line, format!("table `{}` has no column `{column}`", table.name));
                }
            },
        };
        Ok(Item::Word { slot, column, capital, draw: drawn.is_some() })
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a name leads to its slot's place, that to a table's"
    )]
    fn rule(&mut self, line: usize, inside: &str) -> Result<Item, GrammarError> {
        let find = |name: &str| match self.rule_ids.get(name) {
            Some(&id) => Ok(id),
            None => fault(line, format!("there is no rule `{name}`")),
        };
        let Some((base, slot)) = inside.split_once('/') else {
            return Ok(Item::Rule(find(inside)?));
        };
        let Some(&slot) = self.slot_ids.get(slot) else {
            return fault(line, format!("nothing ever draws `{slot}`"));
        };
        let rows = &self.tables[self.slots[slot].table].rows;
        let names = rows.iter().filter_map(|row| row.first());
        let rules = names.map(|name| find(&format!("{base}/{name}"))).collect::<Result<_, _>>()?;
        self.slots[slot].decides = true;
        Ok(Item::Keyed { slot, rules })
    }
}

fn lower(name: &str) -> String {
    name.split('.').next().unwrap_or("").to_lowercase()
}
