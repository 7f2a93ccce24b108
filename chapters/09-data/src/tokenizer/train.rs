//! Learning merges: byte-pair encoding.
//!
//! Start with bytes. Find the pair of neighbors that stands most often in the text, make it a
//! token, and do it again until the vocabulary is full (Sennrich, Haddow and Birch, *Neural
//! Machine Translation of Rare Words with Subword Units*, 2016; Gage 1994 for compression).
//!
//! Two things make it fast. Only different words are kept, each with its count. And a merge
//! changes few pairs: for each pair we know the words it stands in, so that only those are
//! visited and only the counts beside the merge are corrected. A heap finds the next pair; its
//! entries may be stale, which shows when they come up.
//!
//! Ties go to the pair with the smaller ids, so the same text gives the same merges everywhere.

use super::split::{pieces, words};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// A pair seen once is no pattern.
const LEAST: i64 = 2;

/// The longest token, in bytes. A text that repeats itself without a blank would double it with every
/// merge, and a vocabulary of such tokens be larger than the text.
const LONGEST: usize = 256;

type Pair = (u32, u32);

/// A different word of the text: its symbols, and how often it stands there.
struct Word {
    symbols: Vec<u32>,
    count: i64,
}

/// What training learned.
pub(crate) struct Learned {
    /// Pairs in the order in which they were merged, and the token each became.
    pub merges: Vec<(u32, u32, u32)>,
    /// Bytes of each token that merging added, in the order of their ids.
    pub added: Vec<Vec<u8>>,
    /// There was no pair left that stands at least twice.
    pub exhausted: bool,
}

/// How often each different word stands in the texts.
fn count_words(texts: &[&[u8]]) -> Vec<(Vec<u8>, i64)> {
    let parts: Vec<&[u8]> = texts.iter().flat_map(|text| pieces(text, 1 << 18)).collect();
    let counts = parts
        .par_iter()
        .map(|part| {
            let mut counts: HashMap<&[u8], i64> = HashMap::new();
            for word in words(part) {
                *counts.entry(word).or_insert(0) += 1;
            }
            counts
        })
        .reduce(HashMap::new, |mut all, part| {
            for (word, count) in part {
                *all.entry(word).or_insert(0) += count;
            }
            all
        });
    let mut counts: Vec<(Vec<u8>, i64)> =
        counts.into_iter().map(|(w, c)| (w.to_vec(), c)).collect();
    counts.sort_unstable();
    counts
}

struct Trainer {
    words: Vec<Word>,
    counts: HashMap<Pair, i64>,
    /// Words in which a pair stands, or stood once.
    places: HashMap<Pair, Vec<u32>>,
    heap: BinaryHeap<(i64, Reverse<Pair>)>,
}

/// Learns merges from `texts` until there are `room` new tokens. `alphabet[byte]` is the id of a
/// byte, `first` the id of the first token that is added. `progress(done, room)` is called as
/// tokens are added.
#[expect(clippy::indexing_slicing, reason = "bytes and tokens that were added are all spelled")]
pub(crate) fn learn(
    texts: &[&[u8]],
    alphabet: &[u32; 256],
    first: u32,
    room: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Learned {
    let mut trainer = Trainer::new(count_words(texts), alphabet);
    let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut spelled: HashMap<u32, Vec<u8>> =
        alphabet.iter().zip(0..=255).map(|(&id, byte)| (id, vec![byte])).collect();
    // Ids have 32 bits, and the largest stands for no token.
    let room = room.min((u32::MAX - first) as usize);
    let mut next = first;
    let mut learned = Learned { merges: Vec::new(), added: Vec::new(), exhausted: false };
    // region: learn
    while learned.added.len() < room {
        let Some((left, right)) = trainer.next_pair() else {
            learned.exhausted = true;
            break;
        };
        let bytes = [spelled[&left].as_slice(), &spelled[&right]].concat();
        if bytes.len() > LONGEST {
            trainer.leave((left, right));
            continue;
        }
        // `a`+`bc` and `ab`+`c` are the same token: it keeps its id.
        let token = *known.entry(bytes.clone()).or_insert_with(|| {
            let id = next;
            next += 1;
            learned.added.push(bytes.clone());
            spelled.insert(id, bytes);
            id
        });
        trainer.merge((left, right), token);
        learned.merges.push((left, right, token));
        if learned.added.len().is_multiple_of(64) {
            progress(learned.added.len(), room);
        }
    }
    // end: learn
    progress(room, room);
    learned
}

/// Notes that a pair stands in a word; once, however often it stands there.
fn place(places: &mut HashMap<Pair, Vec<u32>>, pair: Pair, word: u32) {
    let words = places.entry(pair).or_default();
    if words.last() != Some(&word) {
        words.push(word);
    }
}

impl Trainer {
    fn new(counted: Vec<(Vec<u8>, i64)>, alphabet: &[u32; 256]) -> Self {
        #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
        let spell = |bytes: Vec<u8>| bytes.iter().map(|&b| alphabet[usize::from(b)]).collect();
        let words: Vec<Word> =
            counted.into_iter().map(|(w, count)| Word { symbols: spell(w), count }).collect();
        let mut counts: HashMap<Pair, i64> = HashMap::new();
        let mut places: HashMap<Pair, Vec<u32>> = HashMap::new();
        // No text has more different words than 32 bits count; what came after them would teach
        // nothing.
        for (index, word) in (0..=u32::MAX).zip(&words) {
            for (&left, &right) in word.symbols.iter().zip(word.symbols.iter().skip(1)) {
                *counts.entry((left, right)).or_insert(0) += word.count;
                place(&mut places, (left, right), index);
            }
        }
        let heap = counts.iter().map(|(&pair, &count)| (count, Reverse(pair))).collect();
        Self { words, counts, places, heap }
    }

    /// The pair that stands most often, at least twice.
    fn next_pair(&mut self) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.heap.pop() {
            let now = self.counts.get(&pair).copied().unwrap_or(0);
            if now == count {
                return (count >= LEAST).then_some(pair);
            }
            if now > 0 {
                self.heap.push((now, Reverse(pair)));
            }
        }
        None
    }

    /// Takes a pair out of the running.
    fn leave(&mut self, pair: Pair) {
        self.counts.remove(&pair);
        self.places.remove(&pair);
    }

    /// Replaces `pair` by `token` in every word, and corrects the counts beside it.
    #[expect(
        clippy::indexing_slicing,
        reason = "places are those of `words`, `at` is below the length, and `at + 1` not the length"
    )]
    fn merge(&mut self, pair: Pair, token: u32) {
        let mut changes: HashMap<Pair, i64> = HashMap::new();
        for index in self.places.remove(&pair).unwrap_or_default() {
            let word = &mut self.words[index as usize];
            let old = std::mem::take(&mut word.symbols);
            let mut new: Vec<u32> = Vec::with_capacity(old.len());
            let mut change = |pair: Pair, by: i64| *changes.entry(pair).or_insert(0) += by;
            let mut at = 0;
            while at < old.len() {
                if at + 1 == old.len() || (old[at], old[at + 1]) != pair {
                    new.push(old[at]);
                    at += 1;
                    continue;
                }
                change(pair, -word.count);
                if let Some(&before) = new.last() {
                    change((before, pair.0), -word.count);
                    change((before, token), word.count);
                    place(&mut self.places, (before, token), index);
                }
                if let Some(&after) = old.get(at + 2) {
                    change((pair.1, after), -word.count);
                    change((token, after), word.count);
                    place(&mut self.places, (token, after), index);
                }
                new.push(token);
                at += 2;
            }
            word.symbols = new;
        }
        for (pair, by) in changes {
            let count = self.counts.entry(pair).or_insert(0);
            *count += by;
            if by > 0 && *count > 0 {
                self.heap.push((*count, Reverse(pair)));
            }
        }
    }
}
