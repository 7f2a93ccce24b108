//! Learning one merge of a byte-pair encoding: count, choose, replace.
//!
//! The text has been cut into words already, and nothing is ever merged across a cut. Of each
//! different word we keep its tokens and how often the text has it.
#![allow(unused, unreachable_code, clippy::all)]

use std::collections::HashMap;

/// Two neighbors, left and right.
pub type Pair = (u32, u32);

/// How often each pair stands in the text: once for every place where its right half follows its
/// left half, so `a a a` has the pair `(a, a)` twice.
pub fn count(words: &[(Vec<u32>, u64)]) -> HashMap<Pair, u64> {
    let mut counts: HashMap<Pair, u64> = HashMap::new();
    // TODO, about 5 lines: Add each word's count to each pair of neighbors in it.
    todo!("count the pairs")
}

/// The pair that stands most often. Of several the one with the smallest left half, and of those
/// the one with the smallest right half: the same text must give the same merges everywhere. A pair
/// that stands only once is no pattern; if there is nothing else there is nothing left to learn.
pub fn choose(counts: &HashMap<Pair, u64>) -> Option<Pair> {
    // TODO, about 3 lines: The most frequent pair, by the rule above.
    todo!("choose a pair")
}

/// A word with every `pair` in it replaced by the one token `new`, from the left: a token can be
/// part of one merge only, and the first to come takes it.
pub fn merge(tokens: &[u32], pair: Pair, new: u32) -> Vec<u32> {
    let mut merged: Vec<u32> = Vec::with_capacity(tokens.len());
    // TODO, about 10 lines: Walk from left to right, by two where the pair stands.
    todo!("replace the pair")
}
