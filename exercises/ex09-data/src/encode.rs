//! Using the merges of a byte-pair encoding: a word's bytes in, token ids out, and back.
//!
//! A byte is its own id. The merge of rank r joins the two ids `merges[r]` to the id `256 + r`; both
//! of them are smaller than that.
#![allow(unused, unreachable_code, clippy::all)]

use std::collections::HashMap;

/// The ids of one word. Start with its bytes; of all neighbors that may merge, merge the pair of
/// the lowest rank, and where it stands more than once the leftmost; go on until none may.
pub fn encode(word: &[u8], merges: &[(u32, u32)]) -> Vec<u32> {
    let mut ids: Vec<u32> = word.iter().map(|&byte| byte.into()).collect();
    let ranks: HashMap<(u32, u32), u32> = merges.iter().copied().zip(0..).collect();
    let rank = |left: u32, right: u32| ranks.get(&(left, right)).copied();
    // TODO, about 7 lines: Find the place to merge, merge there, and look again. It may take
    //   time in proportion to the square of the word: the engine's heap is another day's work.
    todo!("merge until nothing merges")
}

/// The bytes that the ids stand for: what [`encode`] was given. Every id is a byte or one of the
/// merges.
pub fn decode(ids: &[u32], merges: &[(u32, u32)]) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    // TODO, about 9 lines: Take ids apart until only bytes are left, in the right order.
    //   A merged id may be thousands deep: keep a list of what is still to do rather than recurse.
    todo!("take the ids apart")
}
