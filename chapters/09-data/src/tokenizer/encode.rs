//! Applying merges: from the bytes of a word to token ids.
//!
//! The rule is: of all neighbors that may merge, merge the pair that was learned first, the
//! leftmost if it stands there twice; repeat. Done literally that is quadratic in the word, and
//! "words" can be long (a line of dashes, a page without blanks). With the symbols in a linked
//! list and the possible merges in a heap it is O(n log n).
//!
//! Most words are one token. Those are looked up whole.

use super::split::words;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

const NONE: u32 = u32::MAX;

/// The tables of a byte-level BPE.
#[derive(Clone, Debug)]
pub(crate) struct Bpe {
    /// The id of each byte, `u32::MAX` where the vocabulary has none.
    pub bytes: [u32; 256],
    /// Pairs in the order in which they were learned, with what they become.
    pub merges: Vec<(u32, u32, u32)>,
    ranks: HashMap<(u32, u32), u32>,
    /// Words that are a token: of any spelling that merging leads to it.
    whole: HashMap<Vec<u8>, u32>,
}

/// A byte that the vocabulary cannot express, and where it stands.
pub(crate) struct UnknownByte {
    pub byte: u8,
    pub at: usize,
}

impl Bpe {
    /// `tokens` are the spellings to look up whole. Unless `trust` is set, one is taken only if
    /// merging its bytes arrives at it.
    pub fn new(
        bytes: [u32; 256],
        merges: Vec<(u32, u32, u32)>,
        tokens: impl Iterator<Item = (Vec<u8>, u32)>,
        trust: bool,
    ) -> Self {
        let mut ranks = HashMap::with_capacity(merges.len());
        for (rank, &(left, right, _)) in (0..=u32::MAX).zip(&merges) {
            ranks.entry((left, right)).or_insert(rank);
        }
        let mut bpe = Self { bytes, merges, ranks, whole: HashMap::new() };
        let mut whole = HashMap::new();
        for (spelling, id) in tokens {
            let mut ids = Vec::new();
            if trust || (bpe.merge_word(&spelling, &mut ids).is_ok() && ids == [id]) {
                whole.insert(spelling, id);
            }
        }
        bpe.whole = whole;
        bpe
    }

    /// Appends the ids of a whole text.
    pub fn encode(&self, text: &[u8], ids: &mut Vec<u32>) -> Result<(), UnknownByte> {
        let mut start = 0;
        for word in words(text) {
            match self.whole.get(word) {
                Some(&id) => ids.push(id),
                None => self
                    .merge_word(word, ids)
                    .map_err(|unknown| UnknownByte { at: start + unknown.at, ..unknown })?,
            }
            start += word.len();
        }
        Ok(())
    }

    fn rank(&self, left: u32, right: u32) -> Option<u32> {
        self.ranks.get(&(left, right)).copied()
    }

    /// Appends the ids of one word; fails with a byte that has no id, and its place in the word.
    #[expect(
        clippy::indexing_slicing,
        reason = "bytes are below 256, ranks count `merges`, and the list's places are kept below `count`"
    )]
    fn merge_word(&self, word: &[u8], ids: &mut Vec<u32>) -> Result<(), UnknownByte> {
        let mut symbols = Vec::with_capacity(word.len());
        for (at, &byte) in word.iter().enumerate() {
            match self.bytes[usize::from(byte)] {
                NONE => return Err(UnknownByte { byte, at }),
                id => symbols.push(id),
            }
        }
        let count = symbols.len();
        // The list: who stands before and after each symbol; a symbol that was merged away is NONE.
        let mut next: Vec<usize> = (1..=count).collect();
        let mut before: Vec<usize> = (0..count).map(|at| at.wrapping_sub(1)).collect();
        let mut heap = BinaryHeap::new();
        for at in 1..count {
            if let Some(rank) = self.rank(symbols[at - 1], symbols[at]) {
                heap.push(Reverse((rank, at - 1)));
            }
        }
        // region: merge
        while let Some(Reverse((rank, at))) = heap.pop() {
            let (left, right, token) = self.merges[rank as usize];
            let other = next[at];
            // Stale: one of the two has merged with someone else since.
            if symbols[at] != left || other >= count || symbols[other] != right {
                continue;
            }
            symbols[at] = token;
            symbols[other] = NONE;
            let after = next[other];
            next[at] = after;
            if after < count {
                before[after] = at;
                if let Some(rank) = self.rank(token, symbols[after]) {
                    heap.push(Reverse((rank, at)));
                }
            }
            let earlier = before[at];
            if earlier < count
                && let Some(rank) = self.rank(symbols[earlier], token)
            {
                heap.push(Reverse((rank, earlier)));
            }
        }
        // end: merge
        ids.extend(symbols.into_iter().filter(|&symbol| symbol != NONE));
        Ok(())
    }
}
