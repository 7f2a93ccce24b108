//! Learning one merge of a byte-pair encoding: count, choose, replace.
//!
//! The text has been cut into words already, and nothing is ever merged across a cut. Of each
//! different word we keep its tokens and how often the text has it.

use std::collections::HashMap;

/// Two neighbors, left and right.
pub type Pair = (u32, u32);

/// How often each pair stands in the text: once for every place where its right half follows its
/// left half, so `a a a` has the pair `(a, a)` twice.
pub fn count(words: &[(Vec<u32>, u64)]) -> HashMap<Pair, u64> {
    let mut counts: HashMap<Pair, u64> = HashMap::new();
    // exercise: begin, about 5 lines: Add each word's count to each pair of neighbors in it.
    // stub: todo!("count the pairs")
    for (tokens, count) in words {
        for pair in tokens.windows(2) {
            *counts.entry((pair[0], pair[1])).or_insert(0) += count;
        }
    }
    counts
    // exercise: end
}

/// The pair that stands most often. Of several the one with the smallest left half, and of those
/// the one with the smallest right half: the same text must give the same merges everywhere. A pair
/// that stands only once is no pattern; if there is nothing else there is nothing left to learn.
pub fn choose(counts: &HashMap<Pair, u64>) -> Option<Pair> {
    // exercise: begin, about 3 lines: The most frequent pair, by the rule above.
    // stub: todo!("choose a pair")
    let often = counts.iter().filter(|&(_, &count)| count >= 2);
    often.min_by_key(|&(&pair, &count)| (std::cmp::Reverse(count), pair)).map(|(&pair, _)| pair)
    // exercise: end
}

/// A word with every `pair` in it replaced by the one token `new`, from the left: a token can be
/// part of one merge only, and the first to come takes it.
pub fn merge(tokens: &[u32], pair: Pair, new: u32) -> Vec<u32> {
    let mut merged: Vec<u32> = Vec::with_capacity(tokens.len());
    // exercise: begin, about 10 lines: Walk from left to right, by two where the pair stands.
    // stub: todo!("replace the pair")
    let mut at = 0;
    while at < tokens.len() {
        if at + 1 < tokens.len() && (tokens[at], tokens[at + 1]) == pair {
            merged.push(new);
            at += 2;
        } else {
            merged.push(tokens[at]);
            at += 1;
        }
    }
    merged
    // exercise: end
}
