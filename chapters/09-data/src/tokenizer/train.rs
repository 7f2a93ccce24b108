//! Learning merges: byte-pair encoding.
//!
//! Start with bytes. Find the pair of neighbors that stands most often in the text, make it a
//! token, and do it again until the vocabulary is full (Sennrich, Haddow and Birch, *Neural
//! Machine Translation of Rare Words with Subword Units*, 2016; Gage 1994 for compression).
//!
//! Two things make it fast. Only different words are kept, each with its count. And for each pair we
//! know the places where it stands, so that a merge visits those alone and corrects the counts beside
//! them. Every visit leaves one token fewer, so that all merges together cost what the text is long,
//! be it many short words or one without end. A heap finds the next pair; its entries may be stale,
//! which shows when they come up.
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

/// Where no token begins or ends.
const NONE: u32 = u32::MAX;

/// What is known of a pair.
#[derive(Default)]
struct Known {
    /// How often it stands in the text.
    count: i64,
    /// The count under which the heap has it; an entry of another count was superseded.
    queued: i64,
    /// Where it stands, or stood once.
    places: Vec<u32>,
}

/// What a merge does to a pair beside it.
#[derive(Default)]
struct Change {
    by: i64,
    places: Vec<u32>,
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
    /// The different words, a cell for each byte, with `NONE` before, between and behind them. A token's
    /// id stands in its first and in its last cell, `NONE` in those between: so its neighbors are found
    /// from their lengths.
    cells: Vec<u32>,
    /// The cell behind each word, and how often the word stands in the text.
    words: Vec<(u32, i64)>,
    /// Bytes of each token.
    lengths: Vec<u32>,
    pairs: HashMap<Pair, Known>,
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

impl Trainer {
    #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
    fn new(counted: Vec<(Vec<u8>, i64)>, alphabet: &[u32; 256]) -> Self {
        let longest = alphabet.iter().max().map_or(0, |&id| id as usize);
        let (mut cells, mut words) = (vec![NONE], Vec::with_capacity(counted.len()));
        let mut pairs: HashMap<Pair, Known> = HashMap::new();
        for (word, count) in counted {
            // Places have 32 bits. No text has so many different words; what goes beyond teaches nothing.
            let (Ok(start), Ok(end)) =
                (u32::try_from(cells.len()), u32::try_from(cells.len() + word.len()))
            else {
                continue;
            };
            cells.extend(word.iter().map(|&byte| alphabet[usize::from(byte)]));
            let spelled = &cells[start as usize..];
            for ((&left, &right), at) in spelled.iter().zip(spelled.iter().skip(1)).zip(start..) {
                let known = pairs.entry((left, right)).or_default();
                known.count += count;
                known.places.push(at);
            }
            cells.push(NONE);
            words.push((end, count));
        }
        let mut heap = BinaryHeap::new();
        for (&pair, known) in pairs.iter_mut().filter(|(_, known)| known.count >= LEAST) {
            known.queued = known.count;
            heap.push((known.count, Reverse(pair)));
        }
        Self { cells, words, lengths: vec![1; longest + 1], pairs, heap }
    }

    /// The pair that stands most often, at least twice.
    fn next_pair(&mut self) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.heap.pop() {
            let Some(known) = self.pairs.get_mut(&pair).filter(|known| known.queued == count)
            else {
                continue;
            };
            if known.count == count {
                return Some(pair);
            }
            known.queued = 0;
            if known.count >= LEAST {
                known.queued = known.count;
                self.heap.push((known.count, Reverse(pair)));
            }
        }
        None
    }

    /// Takes a pair out of the running.
    fn leave(&mut self, pair: Pair) {
        self.pairs.remove(&pair);
    }

    /// How often the word around a cell stands in the text.
    fn weight(&self, at: u32) -> i64 {
        let word = self.words.partition_point(|(end, _)| *end <= at);
        self.words.get(word).map_or(0, |(_, count)| *count)
    }

    /// Replaces `pair` by `token` wherever it stands, and corrects the counts beside it.
    #[expect(
        clippy::indexing_slicing,
        reason = "tokens have lengths; a place has a cell before it, and `NONE` is behind its word"
    )]
    fn merge(&mut self, pair: Pair, token: u32) {
        let (left, right) = pair;
        let [first, second] = [left, right].map(|id| self.lengths[id as usize]);
        if self.lengths.len() <= token as usize {
            self.lengths.resize(token as usize + 1, first + second);
        }
        // From left to right: `aaa` becomes `aa` and `a`.
        let mut places = self.pairs.remove(&pair).unwrap_or_default().places;
        places.sort_unstable();
        let mut changes: HashMap<Pair, Change> = HashMap::new();
        for place in places {
            let (at, middle) = (place as usize, (place + first) as usize);
            // Stale: one of the two has merged with someone else since.
            if self.cells[at] != left || self.cells[middle] != right {
                continue;
            }
            let (last, weight) = (middle + second as usize - 1, self.weight(place));
            let (before, after) = (self.cells[at - 1], self.cells[last + 1]);
            let mut change = |pair: Pair, place: Option<u32>| {
                let change = changes.entry(pair).or_default();
                change.by += if place.is_some() { weight } else { -weight };
                change.places.extend(place);
            };
            if before != NONE {
                change((before, left), None);
                change((before, token), Some(place - self.lengths[before as usize]));
            }
            if after != NONE {
                change((right, after), None);
                change((token, after), Some(place));
            }
            self.cells[middle - 1] = NONE;
            self.cells[middle] = NONE;
            self.cells[at] = token;
            self.cells[last] = token;
        }
        // The pair itself stands nowhere any more.
        changes.remove(&pair);
        for (pair, change) in changes {
            self.apply(pair, change);
        }
    }

    fn apply(&mut self, pair: Pair, change: Change) {
        // A pair that nobody knew and that came and went at once stands nowhere.
        if change.by <= 0 && !self.pairs.contains_key(&pair) {
            return;
        }
        let known = self.pairs.entry(pair).or_default();
        known.count += change.by;
        known.places.extend(change.places);
        if known.count <= 0 {
            self.pairs.remove(&pair);
        } else if known.count >= LEAST && known.count > known.queued {
            known.queued = known.count;
            self.heap.push((known.count, Reverse(pair)));
        }
    }
}
