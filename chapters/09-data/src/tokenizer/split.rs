//! Splitting a text into words before any merging.
//!
//! BPE never merges across these splits, so that `dog.` and `dog!` share their `dog`. GPT-2 splits by
//! a regular expression:
//!
//! ```text
//! 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//! ```
//!
//! that is: a contraction, or letters, or digits, or marks, each with the one space before it; or
//! white space, of which the last character is left to the word that follows. This is the same
//! by hand, on bytes: a byte that is no UTF-8 counts as a mark, so nothing is ever lost.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Number,
    Space,
    Mark,
}

fn class(character: char) -> Class {
    if character.is_ascii() {
        return match character {
            'a'..='z' | 'A'..='Z' => Class::Letter,
            '0'..='9' => Class::Number,
            ' ' | '\t'..='\r' => Class::Space,
            _ => Class::Mark,
        };
    }
    match character.general_category_group() {
        GeneralCategoryGroup::Letter => Class::Letter,
        GeneralCategoryGroup::Number => Class::Number,
        _ if character.is_whitespace() => Class::Space,
        _ => Class::Mark,
    }
}

/// The class and length in bytes of the character that `bytes` begins with.
fn first(bytes: &[u8]) -> Option<(Class, usize)> {
    let &lead = bytes.first()?;
    if lead < 0x80 {
        return Some((class(char::from(lead)), 1));
    }
    let length = match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((Class::Mark, 1)),
    };
    let character = bytes.get(..length).and_then(|b| std::str::from_utf8(b).ok()?.chars().next());
    Some(character.map_or((Class::Mark, 1), |c| (class(c), length)))
}

/// The words of a text, in order; put together again they are the text.
pub(crate) struct Words<'a> {
    rest: &'a [u8],
}

/// Splits `text` as GPT-2 does.
pub(crate) fn words(text: &[u8]) -> Words<'_> {
    Words { rest: text }
}

/// The length of the run of characters of one class from `start` on, and where its last one begins.
fn run(bytes: &[u8], start: usize, wanted: Class) -> (usize, usize) {
    let (mut end, mut last) = (start, start);
    while let Some((class, length)) = bytes.get(end..).and_then(first)
        && class == wanted
    {
        last = end;
        end += length;
    }
    (end, last)
}

fn contraction(bytes: &[u8]) -> Option<usize> {
    let known: [&[u8]; 7] = [b"'s", b"'t", b"'re", b"'ve", b"'m", b"'ll", b"'d"];
    known.iter().find(|k| bytes.starts_with(k)).map(|k| k.len())
}

fn word_length(bytes: &[u8]) -> Option<usize> {
    let (kind, length) = first(bytes)?;
    if let Some(length) = contraction(bytes) {
        return Some(length);
    }
    if kind != Class::Space {
        return Some(run(bytes, 0, kind).0);
    }
    // One plain space belongs to the word after it.
    if let Some(rest) = bytes.strip_prefix(b" ")
        && let Some((next, _)) = first(rest)
        && next != Class::Space
    {
        return Some(run(bytes, 1, next).0);
    }
    let (end, last) = run(bytes, 0, Class::Space);
    // `\s+(?!\S)`: white space before a word gives its last character up, unless it has only one.
    let leaves_one = end < bytes.len() && last > 0;
    Some(if leaves_one { last } else { end.max(length) })
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (word, rest) = self.rest.split_at_checked(word_length(self.rest)?)?;
        self.rest = rest;
        Some(word)
    }
}

/// Splits a long text into pieces of at least `size` bytes whose words are the words of the text,
/// so that several threads can work on it. A word never goes on past a blank, so the split is
/// between a visible ASCII character and a blank.
pub(crate) fn pieces(text: &[u8], size: usize) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let least = size.max(1);
    let between = |pair: &[u8]| matches!(pair, [a, b' ' | b'\n'] if a.is_ascii_graphic());
    while let Some(more) = rest.windows(2).skip(least - 1).position(between) {
        let Some((piece, after)) = rest.split_at_checked(least + more) else { break };
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        words(text.as_bytes()).map(|w| String::from_utf8_lossy(w).into_owned()).collect()
    }

    #[test]
    fn cuts_like_the_regular_expression() {
        assert_eq!(
            split("I'll see 3 dogs, won't I?"),
            ["I", "'ll", " see", " 3", " dogs", ",", " won", "'t", " I", "?"]
        );
        assert_eq!(split("a  b\n\n  c "), ["a", " ", " b", "\n\n ", " c", " "]);
        assert_eq!(split("\tx\n"), ["\t", "x", "\n"]);
        assert_eq!(split("   "), ["   "]);
        assert_eq!(split("x\u{a0}y \u{3000}z"), ["x", "\u{a0}", "y", " ", "\u{3000}", "z"]);
        assert_eq!(split(" 'st' ''s"), [" '", "st", "'", " ''", "s"]);
        assert_eq!(
            split("Straße 12½ e\u{301} 漢字!"),
            ["Straße", " 12½", " e", "\u{301}", " 漢字", "!"]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let bytes = b"ab\xff\xfe c\xe2\x82";
        let joined: Vec<u8> = words(bytes).flatten().copied().collect();
        assert_eq!(joined, bytes);
        assert_eq!(words(bytes).count(), 4);
    }

    #[test]
    fn pieces_have_the_words_of_the_whole() {
        let text = "One  morning she went,\n\n and so on; ".repeat(50);
        let whole: Vec<&[u8]> = words(text.as_bytes()).collect();
        let parts = pieces(text.as_bytes(), 20);
        assert!(parts.len() > 20);
        let split: Vec<&[u8]> = parts.into_iter().flat_map(words).collect();
        assert_eq!(whole, split);
    }
}
