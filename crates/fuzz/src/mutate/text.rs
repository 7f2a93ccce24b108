//! Damage that leaves code, prose and flags mostly what they are.

use super::{MOST_BYTES, NUMBERS, WORDS, bytes, put, repeats};
use crate::Random;
use std::ops::Range;

/// What nests, and so fills a stack.
const NESTS: [(&str, &str); 14] = [
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("!", ""),
    ("-", ""),
    ("+1", ""),
    ("*", ""),
    ("&", ""),
    ("<", ">"),
    ("if (true) {", "}"),
    ("$", "$"),
    ("> ", ""),
    ("f(", ")"),
    ("\\frac{", "}{1}"),
];

/// Damages a text; `words` are those that mean something in it.
pub fn text(data: &mut Vec<u8>, random: &mut Random, words: &[&str]) {
    let tokens = tokens(data);
    if tokens.is_empty() || random.once_in(12) {
        return bytes(data, random);
    }
    let one = tokens[random.below(tokens.len())].clone();
    let other = tokens[random.below(tokens.len())].clone();
    let last = tokens[(random.below(tokens.len())).min(tokens.len() - 1)].clone();
    match random.below(12) {
        0 => put(data, one, &[]),
        1 => {
            let new = data[other].to_vec();
            put(data, one, &new);
        }
        2 | 3 => {
            let new = word(random, words).to_string();
            put(data, one, new.as_bytes());
        }
        4 => {
            let new = word(random, words).to_string();
            put(data, one.start..one.start, new.as_bytes());
        }
        5 => {
            // Numbers where numbers are.
            let is_number = |range: &&Range<usize>| data[range.start].is_ascii_digit();
            let numbers: Vec<_> = tokens.iter().filter(is_number).cloned().collect();
            let at =
                if numbers.is_empty() { one } else { numbers[random.below(numbers.len())].clone() };
            put(data, at, random.pick(&NUMBERS).as_bytes());
        }
        6 => {
            let (open, close) = NESTS[random.below(NESTS.len())];
            let n = repeats(random);
            let inside = data[one.clone()].to_vec();
            let nested = [open.repeat(n).as_bytes(), &inside, close.repeat(n).as_bytes()].concat();
            put(data, one, &nested);
        }
        7 => {
            let range = one.start.min(last.start)..one.end.max(last.end);
            put(data, range, &[]);
        }
        8 => {
            let range = one.start.min(last.start)..one.end.max(last.end);
            let part = data[range.clone()].to_vec();
            let n = repeats(random).min(1 + (MOST_BYTES / 4) / (part.len() + 1));
            put(data, range.end..range.end, &part.repeat(n));
        }
        9 => lines(data, random),
        10 => {
            let n = repeats(random).min(5_000);
            let new = word(random, words).repeat(n);
            put(data, one, new.as_bytes());
        }
        _ => {
            let (a, b) = (data[one.clone()].to_vec(), data[other.clone()].to_vec());
            if one.end <= other.start {
                put(data, other, &a);
                put(data, one, &b);
            } else if other.end <= one.start {
                put(data, one, &b);
                put(data, other, &a);
            }
        }
    }
    data.truncate(MOST_BYTES);
}

fn word<'a>(random: &mut Random, words: &[&'a str]) -> &'a str {
    match random.below(4) {
        0 => random.pick(&NUMBERS),
        1 => random.pick(&WORDS),
        _ if words.is_empty() => random.pick(&WORDS),
        _ => random.pick(words),
    }
}

/// Whole lines: gone, twice, elsewhere.
fn lines(data: &mut Vec<u8>, random: &mut Random) {
    let mut lines: Vec<Vec<u8>> =
        data.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
    let (a, b) = (random.below(lines.len()), random.below(lines.len()));
    match random.below(4) {
        0 => drop(lines.remove(a)),
        1 => lines.insert(b, lines[a].clone()),
        2 => lines.swap(a, b),
        _ => lines.truncate(a + 1),
    }
    *data = lines.concat();
}

/// Words, numbers, blanks and signs.
fn tokens(data: &[u8]) -> Vec<Range<usize>> {
    let kind = |b: u8| match b {
        b if b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || b >= 0x80 => 0,
        b if b.is_ascii_whitespace() => 1,
        _ => 2,
    };
    let (mut found, mut start) = (Vec::new(), 0);
    for at in 1..=data.len() {
        let ends =
            at == data.len() || kind(data[at]) != kind(data[start]) || kind(data[start]) == 2;
        if ends {
            found.push(start..at);
            start = at;
        }
        if found.len() > 50_000 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_cover_the_text() {
        let text = b"let x_1 = f(12.5);\n";
        let found = tokens(text);
        assert_eq!(found.iter().map(|r| r.len()).sum::<usize>(), text.len());
        assert!(found.contains(&(4..7)) && found.contains(&(12..16)));
        for i in 0..2_000 {
            let mut data = text.to_vec();
            super::text(&mut data, &mut Random::new(3, "t", i), &["fn", "{{#"]);
            assert!(data.len() <= MOST_BYTES);
        }
        super::text(&mut Vec::new(), &mut Random::new(3, "t", 0), &[]);
    }
}
