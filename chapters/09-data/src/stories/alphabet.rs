//! The characters that stories are written in.

use super::grammar::{Choice, Grammar, Item};
use super::tell::push;
use std::collections::BTreeSet;

impl Grammar {
    /// Every character that some story has: what a tokenizer must be able to spell.
    pub fn alphabet(&self) -> BTreeSet<char> {
        let mut said = String::new();
        let mut choices: Vec<&Choice> = self.rules.iter().collect();
        while let Some(choice) = choices.pop() {
            for item in choice.alternatives.iter().flat_map(|alternative| &alternative.items) {
                match item {
                    Item::Text(text) => said.push_str(text),
                    Item::Pick(pick) => choices.push(pick),
                    // All rules are walked anyway.
                    Item::Rule(_) | Item::Keyed { .. } => {}
                    Item::Word { slot, column, capital, .. } => {
                        let words = self.table(*slot).rows.iter().filter_map(|r| r.get(*column));
                        words.for_each(|word| push(&mut said, word, *capital));
                    }
                }
            }
        }
        said.chars().collect()
    }
}
