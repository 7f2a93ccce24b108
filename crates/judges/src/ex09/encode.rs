//! Encoding by merge ranks, and back: small words by hand, then the engine's own merges.

use crate::Outcome;
use crate::rust::{Suspect, expect, suspect};
use std::collections::HashMap;
use strata_check::sample;
use strata_ml::data::Tokenizer;

type Merges = [(u32, u32)];

/// The answer's functions.
pub struct Encode {
    /// `encode(word, merges)`
    pub encode: fn(&[u8], &Merges) -> Vec<u32>,
    /// `decode(ids, merges)`
    pub decode: fn(&[u32], &Merges) -> Vec<u8>,
}

const A: u32 = 97;
const B: u32 = 98;
const C: u32 = 99;

/// Words that can be followed by eye, then the way back, then the engine's tokenizer.
///
/// # Errors
/// An answer is not the wanted one.
pub fn judge(mine: &Encode) -> Outcome {
    let cases: [(&str, &Merges); 8] = [
        ("hi", &[]),
        ("ab", &[(A, B)]),
        // Who goes by rank, by place, or by length: each gets something else.
        ("abc", &[(A, B), (B, C)]),
        ("abc", &[(B, C), (A, 256), (A, B)]),
        ("abc", &[(B, C), (A, B)]),
        ("aaa", &[(A, A)]),
        ("aaaaaaa", &[(A, A), (256, 256)]),
        ("", &[(A, B)]),
    ];
    for (word, merges) in cases {
        encodes(mine, word.as_bytes(), merges)?;
    }
    decoding(mine)?;
    like_the_engine(mine)
}

fn encodes(mine: &Encode, word: &[u8], merges: &Merges) -> Outcome {
    let call = format!("encode(b{:?}, &{merges:?})", String::from_utf8_lossy(word));
    let got = (mine.encode)(word, merges);
    expect(&call, got, reference(word, merges), &suspects(word, merges))
}

/// By the rule, literally.
fn reference(word: &[u8], merges: &Merges) -> Vec<u32> {
    by(word, merges, |places| places.into_iter().min())
}

/// Merges whatever `choose` picks from the (rank, place) that there are, until there are none.
fn by(
    word: &[u8],
    merges: &Merges,
    choose: fn(Vec<(u32, usize)>) -> Option<(u32, usize)>,
) -> Vec<u32> {
    let ranks: HashMap<(u32, u32), u32> = merges.iter().copied().zip(0..).collect();
    let mut ids: Vec<u32> = word.iter().map(|&b| b.into()).collect();
    loop {
        let pairs = ids.array_windows().enumerate();
        let places = pairs.filter_map(|(at, &[l, r])| Some((*ranks.get(&(l, r))?, at))).collect();
        let Some((rank, at)) = choose(places) else { return ids };
        ids.splice(at..at + 2, [256 + rank]);
    }
}

fn suspects(word: &[u8], merges: &Merges) -> Vec<Suspect<Vec<u32>>> {
    let plain: Vec<u32> = word.iter().map(|&b| b.into()).collect();
    let shallow =
        by(word, &merges.iter().map(of_bytes).collect::<Vec<_>>(), |p| p.into_iter().min());
    vec![
        suspect(
            "greedy-longest-match",
            "these are the longest tokens that fit, from left to right. But a token comes about by \
             merging, and an earlier merge may have taken one of its letters.",
            longest(word, merges),
        ),
        suspect(
            "leftmost-whatever-its-rank",
            "the leftmost pair was merged, whatever its rank. Rank decides; the place only between \
             equal ranks.",
            by(word, merges, |p| p.into_iter().min_by_key(|&(_, at)| at)),
        ),
        suspect(
            "highest-rank-first",
            "the pair that was learned last was merged first. The lowest rank goes first.",
            by(word, merges, |p| p.into_iter().max_by_key(|&(rank, at)| (rank, usize::MAX - at))),
        ),
        suspect(
            "rightmost-of-its-rank",
            "of several places of one rank the last was merged first. The leftmost goes first.",
            by(word, merges, |p| p.into_iter().min_by_key(|&(rank, at)| (rank, usize::MAX - at))),
        ),
        suspect(
            "merges-only-bytes",
            "only bytes were merged, and what came of it was left. It may merge again.",
            shallow,
        ),
        suspect("merges-nothing", "nothing was merged.", plain),
    ]
}

/// A pair that never comes up, where one half is no byte.
fn of_bytes(&(left, right): &(u32, u32)) -> (u32, u32) {
    if left < 256 && right < 256 { (left, right) } else { (u32::MAX, u32::MAX) }
}

fn longest(word: &[u8], merges: &Merges) -> Vec<u32> {
    let mut spelled: Vec<Vec<u8>> = (0..=255).map(|b| vec![b]).collect();
    for &(left, right) in merges {
        let halves =
            [left, right].map(|id| spelled.get(id as usize).map_or(&[][..], Vec::as_slice));
        spelled.push(halves.concat());
    }
    let (mut ids, mut rest) = (Vec::new(), word);
    while !rest.is_empty() {
        let fits =
            (0..).zip(&spelled).filter_map(|(id, part)| Some((id, rest.strip_prefix(&part[..])?)));
        let Some((id, after)) = fits.max_by_key(|(_, after)| rest.len() - after.len()) else {
            break;
        };
        ids.push(id);
        rest = after;
    }
    ids
}

fn decoding(mine: &Encode) -> Outcome {
    let turned = "the two halves of a merge come out in the wrong order: the left one is first. (A \
                  stack gives back last what was put on it first.)";
    let shallow = "a half that is itself a merge was not taken apart.";
    let cases: [(&[u32], &Merges, &[u8], &[u8]); 5] = [
        (&[104, 105], &[], b"hi", b"ih"),
        (&[256], &[(A, B)], b"ab", b"ba"),
        (&[C, 257, 0, 255], &[(A, B), (C, 256)], b"ccab\x00\xff", b"cbac\x00\xff"),
        (&[257], &[(A, B), (256, C)], b"abc", b"cba"),
        (&[], &[(A, B)], b"", b"?"),
    ];
    for (ids, merges, want, mirror) in cases {
        let known = [
            suspect("halves-exchanged", turned, mirror.to_vec()),
            suspect("too-shallow", shallow, vec![]),
        ];
        let call = format!("decode(&{ids:?}, &{merges:?})");
        expect(&call, (mine.decode)(ids, merges), want.to_vec(), &known)?;
    }
    // Each merge adds one letter to the one before: a hundred thousand deep.
    let deep: Vec<(u32, u32)> =
        (0..100_000u32).map(|i| if i == 0 { (A, A) } else { (255 + i, A) }).collect();
    let got = (mine.decode)(&[255 + 100_000], &deep);
    expect("decode of an id 100,000 merges deep: its length", got.len(), 100_001, &[])
}

/// The engine learns merges; both then write the same words.
fn like_the_engine(mine: &Encode) -> Outcome {
    let text = "sheshoessellsseashellsontheseashoretheshellsshesellsareseashellsforsure";
    let texts: Vec<&[u8]> =
        vec![text.as_bytes(), b" banana", b" bananas", b" aaaaaaa", b" bandana"];
    let (engine, _) = Tokenizer::train(&texts, 257 + 60)?;
    // The engine's ids as ours: a byte is itself, the merge of rank r is 256 + r.
    let mut ours: HashMap<u32, u32> = HashMap::new();
    for id in 1..257 {
        ours.extend(engine.bytes_of(id).first().map(|&b| (id, u32::from(b))));
    }
    let mut merges = Vec::new();
    for (merge, id) in engine.merges().iter().zip(256..) {
        let halves = (ours.get(&merge.left), ours.get(&merge.right));
        if let (Some(&left), Some(&right)) = halves {
            merges.push((left, right));
            ours.insert(merge.id, id);
        }
    }
    // Letters in no order at all: pieces of words, and much that no merge knows.
    let letters = b"shelaonbdrtu";
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers from 0 to below the count of the letters, which are twelve"
    )]
    let jumble: Vec<u8> =
        sample::tokens(1, 600, letters.len() as u32).iter().map(|&i| letters[i as usize]).collect();
    let mut words: Vec<&[u8]> = vec![text.as_bytes(), b" ananas", b" aaaaaaaaaaa", b"oneshell"];
    words.extend(jumble.chunks(30));
    for word in words {
        let ids = engine.encode(word)?;
        let want: Vec<u32> = ids.iter().map(|id| ours.get(id).copied().unwrap_or(*id)).collect();
        let got = (mine.encode)(word, &merges);
        let shown = String::from_utf8_lossy(word);
        let call =
            format!("encode(b{shown:?}, &merges), with {} merges of the engine", merges.len());
        expect(&call, got, want, &suspects(word, &merges))?;
    }
    let any: Vec<u8> =
        sample::tokens(2, 2000, 256).iter().filter_map(|&b| b.try_into().ok()).collect();
    let back = (mine.decode)(&(mine.encode)(&any, &merges), &merges);
    expect("decode(&encode(bytes, &merges), &merges) of 2000 random bytes", back, any, &[])
}
