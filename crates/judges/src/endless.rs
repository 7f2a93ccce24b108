//! Loops that nothing ends, read off the text.
//!
//! A GPU hangs on them; some software adapters cut them short and go on with nonsense. Either way
//! the reader should be told the line, not the nonsense. This looks for the plain cases only: a loop
//! with no way out of it, and a condition of plain variables that nothing in the loop changes.

use crate::variant::code;
use std::time::Duration;
use web_time::Instant;

/// The longest text that is looked at, ten times what any kernel has.
const LONGEST: usize = 64 << 10;
/// For how long: loops in loops in loops can be written so that each is read again and again, and
/// whoever waits for a verdict waits for this too.
const PATIENCE: Duration = Duration::from_secs(1);

/// The first loop (its line, from 1) that nothing ends.
pub fn endless(text: &str) -> Option<usize> {
    if text.len() > LONGEST {
        return None;
    }
    let text: Vec<&str> = text.lines().map(code).collect();
    let text = text.join("\n");
    let words = ["for", "while", "loop"];
    let starts = words.iter().flat_map(|w| places(&text, w).map(move |place| (place, *w)));
    let mut starts: Vec<((&str, &str), &str)> = starts.collect();
    starts.sort_by_key(|((before, _), _)| before.len());
    let begun = Instant::now();
    let mut starts = starts.into_iter().take_while(|_| begun.elapsed() < PATIENCE);
    let ((before, _), _) = starts.find(|((_, after), word)| never_ends(after, word))?;
    Some(before.matches('\n').count() + 1)
}

/// Whether the loop whose keyword stands right before `rest` cannot end.
fn never_ends(rest: &str, word: &str) -> bool {
    let (condition, update, after) = if word == "loop" {
        ("", "", rest)
    } else {
        let Some((head, after)) = enclosed(rest.trim_start(), '(', ')') else { return false };
        match (word, head.split(';').collect::<Vec<_>>().as_slice()) {
            ("while", _) => (head, "", after),
            ("for", [_, condition, update]) => (*condition, *update, after),
            _ => return false,
        }
    };
    let body = match enclosed(after.trim_start(), '{', '}') {
        Some((body, _)) => body,
        None => after.split(';').next().unwrap_or_default(),
    };
    let leaves = ["break", "return"].iter().any(|w| places(body, w).next().is_some());
    // What a call or a memory cell gives may change by itself.
    let opaque = condition.contains(['(', '[', '*']) || condition.contains("->");
    if leaves || opaque {
        return false;
    }
    let mut names = identifiers(condition);
    names.sort_unstable();
    names.dedup();
    let literal = matches!(condition.trim(), "" | "true" | "1");
    (literal || !names.is_empty()) && !names.iter().any(|n| changes(update, n) || changes(body, n))
}

/// What stands between `open`, which `text` must begin with, and its partner; and what follows.
fn enclosed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let text = text.strip_prefix(open)?;
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                let (inside, rest) = text.split_at_checked(at)?;
                return Some((inside, rest.strip_prefix(close)?));
            }
        }
    }
    None
}

fn part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What stands before and after `word`, wherever it stands as a word of its own.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
    text.match_indices(word).filter_map(move |(at, _)| {
        let (before, rest) = text.split_at_checked(at)?;
        let after = rest.strip_prefix(word)?;
        (!before.ends_with(part) && !after.starts_with(part)).then_some((before, after))
    })
}

/// The names in an expression, numbers left out.
fn identifiers(text: &str) -> Vec<&str> {
    let words = text.split(|c| !part(c));
    words.filter(|w| w.starts_with(|c: char| c.is_alphabetic() || c == '_')).collect()
}

/// Whether the text assigns to the name, or moves it by `++` or `--`.
fn changes(text: &str, name: &str) -> bool {
    places(text, name).any(|(before, after)| {
        let before = before.trim_end();
        // `v.x += 1` moves v.
        let after = after.trim_start_matches(|c: char| c == '.' || part(c));
        let after = after.trim_start();
        let assigned = after.starts_with('=') && !after.starts_with("==");
        let operators = ["+=", "&=", "-=", "*=", "/=", "%=", "<<=", ">>=", "|=", "^=", "++", "--"];
        assigned
            || operators.iter().any(|o| after.starts_with(o))
            || before.ends_with("++")
            || before.ends_with("--")
            || before.ends_with('&')
    })
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, endless};
    use web_time::Instant;

    #[test]
    fn no_text_takes_long() {
        // Each loop is left, and each is read to the end of the text to see it.
        let nested = |n: usize| "loop{break;".repeat(n);
        // Each loop moves its z, behind a chain that is followed from every a of it.
        let chains = |n: usize| {
            let (head, chain) = ("while(a==z){".repeat(n), "a.".repeat(5 * n));
            format!("{head}{chain};z=1;{}", "}".repeat(n))
        };
        for text in [nested(5_000), nested(300_000), chains(2_500), chains(100_000)] {
            let begun = Instant::now();
            assert_eq!(endless(&text), None);
            assert!(begun.elapsed() < 10 * PATIENCE, "{} bytes", text.len());
        }
    }

    #[test]
    fn loops_that_cannot_end_are_found() {
        assert_eq!(endless("a;\nloop { x += 1.0; }"), Some(2));
        assert_eq!(endless("for (var i = 0u; i < n; ) {\n  y += 1.0;\n}"), Some(1));
        assert_eq!(endless("for (unsigned i = 0; i < n; j++) s += i;"), Some(1));
        assert_eq!(endless("x;\n\nwhile (i < n) { s += 1.0; }"), Some(3));
        assert_eq!(endless("for (var i = 0u; i < p.k; ) { y += 1.0; }"), Some(1));
        assert_eq!(endless("for (;;) { s += 1; }"), Some(1));
        assert_eq!(endless("while (true) {\n s = 1; }"), Some(1));
    }

    #[test]
    fn no_kernel_of_ours_is_suspected() {
        for (path, text) in strata_kernels::KERNELS.iter().chain(strata_shaders::KERNELS) {
            assert_eq!(endless(text), None, "{path}");
        }
    }

    #[test]
    fn loops_that_end_are_left_alone() {
        for text in [
            "for (var i = 0u; i < n; i++) { s += 1.0; }",
            "for (unsigned s = 128; s > 0; s >>= 1) { x[t] += x[t + s]; }",
            "for (size_t i = start; i < p.n; i += step) { out[i] = 0; }",
            "loop { i += 1u; if (i > 9u) { break; } }",
            "loop { if (i > 9u) { return; } continuing { i++; } }",
            "while (more(i)) { s += 1.0; }",
            "while (flag[0] == 0) { }",
            "while (v.x < p.n) { v.x += 1u; }",
            "while (a && b) { b = false; }",
            "for (var left = hits; left != 0u; left &= left - 1u) { x += 1.0; }",
            "while (n > 1u) { let half = n / 2u; n = half; }",
            "// while (true) { }",
            "let loops = 1; let before = 2;",
        ] {
            assert_eq!(endless(text), None, "{text}");
        }
    }
}
