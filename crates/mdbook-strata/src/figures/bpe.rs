//! Byte-pair encoding: merges learned from four words.

use super::svg::{Anchor, Svg};

const WORDS: [(&str, usize); 4] = [("the", 5), ("then", 2), ("hen", 3), ("ten", 1)];
const LETTER: f64 = 24.0;
const PITCH: f64 = 124.0;

type Words = Vec<(Vec<String>, usize)>;

/// The pair that stands most often, and how often.
fn most(words: &Words) -> ((String, String), usize) {
    let mut counts: Vec<((String, String), usize)> = Vec::new();
    for (tokens, count) in words {
        for (left, right) in tokens.iter().zip(tokens.iter().skip(1)) {
            let pair = (left.clone(), right.clone());
            match counts.iter_mut().find(|(known, _)| *known == pair) {
                Some((_, sum)) => *sum += count,
                None => counts.push((pair, *count)),
            }
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).unwrap_or_default()
}

/// Joins that pair wherever it stands.
#[expect(clippy::indexing_slicing, reason = "`at + 1` is below the length, looked at anew")]
fn merge(words: &mut Words, (left, right): &(String, String)) {
    for (tokens, _) in words {
        let mut at = 0;
        while at + 1 < tokens.len() {
            if tokens[at] == *left && tokens[at + 1] == *right {
                tokens[at] += right;
                tokens.remove(at + 1);
            }
            at += 1;
        }
    }
}

pub(super) fn draw() -> Svg {
    let text = "Four words: the, five times; then, twice; hen, three times; ten, once. At first every letter is a token. \
                Merge 1: h and e stand side by side 10 times and become he. Merge 2: t and he, 7 times, become the; the \
                word the is one token now. Merge 3: he and n, 3 times, become hen. Merge 4: the and n, twice, become \
                then. The pairs that are left, in ten, stand once: no merge.";
    let mut svg = Svg::new("bpe", 640.0, 330.0, "Merges, one after the other", text);
    let mut words: Words =
        WORDS.iter().map(|(w, n)| (w.chars().map(String::from).collect(), *n)).collect();
    svg.text(0.0, 20.0, Anchor::Start, "strong", "merge");
    let x = |word: usize| 146.0 + PITCH * word as f64 + if word > 1 { 6.0 } else { 0.0 };
    for (i, (word, count)) in WORDS.iter().enumerate() {
        svg.text(x(i), 20.0, Anchor::Start, "mono small strong", &format!("{word} ×{count}"));
    }
    for round in 0..5 {
        let y = 36.0 + 60.0 * f64::from(round);
        let mut made = String::new();
        if round > 0 {
            let (pair, count) = most(&words);
            merge(&mut words, &pair);
            made = format!("{}{}", pair.0, pair.1);
            svg.text(
                0.0,
                y + 14.0,
                Anchor::Start,
                "mono small",
                &format!("{} + {}", pair.0, pair.1),
            );
            svg.text(0.0, y + 32.0, Anchor::Start, "small soft", &format!("stands {count} times"));
        } else {
            svg.text(0.0, y + 22.0, Anchor::Start, "small soft", "single letters");
        }
        for (i, (tokens, _)) in words.iter().enumerate() {
            let mut left = x(i);
            for token in tokens {
                let width = LETTER * token.chars().count() as f64;
                let fresh = *token == made;
                svg.rect(
                    left,
                    y,
                    width,
                    34.0,
                    3.0,
                    if fresh { "cell fill-4" } else { "cell fill-0" },
                );
                let on = if fresh { "mono small on" } else { "mono small" };
                svg.text(left + width / 2.0, y + 21.5, Anchor::Middle, on, token);
                left += width;
            }
        }
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_learns_the_same_merges() {
        let texts: Vec<&[u8]> =
            WORDS.iter().flat_map(|(word, count)| vec![word.as_bytes(); *count]).collect();
        let (tokenizer, report) = strata_ml::data::Tokenizer::train(&texts, 300).unwrap();
        assert_eq!(report.size - 257, 4);
        let mut words: Words =
            WORDS.iter().map(|(w, n)| (w.chars().map(String::from).collect(), *n)).collect();
        for learned in tokenizer.merges() {
            let (pair, count) = most(&words);
            assert!(count > 1);
            merge(&mut words, &pair);
            assert_eq!((tokenizer.show(learned.left), tokenizer.show(learned.right)), pair);
        }
        assert_eq!(most(&words).1, 1);
    }
}
