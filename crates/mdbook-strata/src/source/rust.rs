//! Functions and items of Rust files, found by name.

use crate::fault::{Fault, list};
use crate::source::lex::blank;
use crate::source::region::{dedent, strip};
use std::ops::Range;

/// How far is looked for the end of what a name stands in: parameters, an impl's head, a line's words.
const NEAR: usize = 1000;
/// Impl blocks of one type in a file.
const IMPLS: usize = 200;

/// A function of a file, with the docs and attributes above it: `walk`, or `Grads::add` where
/// several types have one of that name.
///
/// # Errors
/// There is none, or several.
pub fn function(path: &str, text: &str, name: &str) -> Result<String, Fault> {
    let code = blank(text);
    let (owner, name) = match name.rsplit_once("::") {
        Some((owner, name)) => (Some(owner), name),
        None => (None, name),
    };
    let blocks = owner.map(|owner| impls(&code, owner));
    let inside = |at: usize| blocks.as_ref().is_none_or(|b| b.iter().any(|r| r.contains(&at)));
    let found: Vec<usize> =
        words(&code, "fn").filter(|&(at, n)| n == name && inside(at)).map(|(at, _)| at).collect();
    match found.as_slice() {
        [at] => Ok(item_at(text, &code, *at)),
        [] => Err(unknown("function", path, name, words(&code, "fn").map(|(_, n)| n))),
        several => {
            let count = several.len();
            let what = format!("{path} has {count} functions `{name}`: write `fn=Type::{name}`");
            Err(Fault::Argument(what))
        }
    }
}

/// Kinds of items that have a name.
const KINDS: [&str; 6] = ["struct", "enum", "trait", "type", "const", "static"];

/// A struct, enum, trait, type, const or static by its name; an impl block by its beginning, as in
/// `impl Grads` or `impl Backend for Cpu`.
///
/// # Errors
/// There is none.
pub fn item(path: &str, text: &str, name: &str) -> Result<String, Fault> {
    let code = blank(text);
    if let Some(head) = name.strip_prefix("impl ") {
        let found = impls(&code, head).into_iter().next();
        let heads = || words(&code, "impl").map(|(_, n)| n);
        let found = found.ok_or_else(|| unknown("impl block", path, name, heads()))?;
        return Ok(item_at(text, &code, found.start));
    }
    let all = || KINDS.iter().flat_map(|kind| words(&code, kind)).filter(|&(_, n)| n != "fn");
    let found = all().find(|&(_, n)| n == name);
    let (at, _) = found.ok_or_else(|| unknown("item", path, name, all().map(|(_, n)| n)))?;
    Ok(item_at(text, &code, at))
}

fn unknown<'a>(
    kind: &'static str,
    path: &str,
    name: &str,
    have: impl Iterator<Item = &'a str>,
) -> Fault {
    let mut have: Vec<&str> = have.collect();
    have.dedup();
    Fault::Unknown { kind, name: format!("{name}` in `{path}"), have: list(have) }
}

/// Without the `///` and `//!` comments.
pub fn without_docs(text: &str) -> String {
    let code = |line: &&str| {
        let line = line.trim_start();
        !(line.starts_with("///") || line.starts_with("//!"))
    };
    let kept: Vec<&str> = text.lines().filter(code).collect();
    format!("{}\n", kept.join("\n").trim_matches('\n'))
}

/// Where a keyword stands at the head of an item, and the name that follows it.
fn words<'a>(code: &'a str, keyword: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    code.match_indices(keyword).filter_map(move |(at, _)| {
        let (before, found) = code.split_at_checked(at)?;
        let (before, rest) = (before.chars().next_back(), found.strip_prefix(keyword)?);
        if before.is_some_and(is_name) || !rest.starts_with([' ', '<']) {
            return None;
        }
        if !at_head(code, at) {
            return None;
        }
        // `impl<'a> Grads<'a>` has its parameters before its name.
        let rest = after_generics(near(rest)).trim_start();
        let name = rest.split(|c| !is_name(c)).next().unwrap_or(rest);
        (!name.is_empty()).then_some((at, name))
    })
}

/// Whether only words that may stand before an item stand before it: `pub(crate) const unsafe`.
fn at_head(code: &str, at: usize) -> bool {
    let from = code.floor_char_boundary(at.saturating_sub(NEAR));
    let before = code.get(from..at).unwrap_or_default();
    let line = match before.rsplit_once('\n') {
        Some((_, line)) => line,
        None if from == 0 => before,
        // What begins further away than that is no line of Rust.
        None => return false,
    };
    let allowed = ["pub", "pub(crate)", "pub(super)", "const", "unsafe", "async", "extern"];
    line.split_whitespace().all(|word| allowed.contains(&word))
}

/// The beginning of a text.
fn near(text: &str) -> &str {
    text.get(..text.floor_char_boundary(NEAR)).unwrap_or(text)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What follows `<…>`, if the text begins so.
fn after_generics(text: &str) -> &str {
    if !text.starts_with('<') {
        return text;
    }
    let (mut depth, mut letters) = (0usize, text.chars());
    while let Some(c) = letters.next() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return letters.as_str();
        }
    }
    text
}

/// The impl blocks whose head begins with these words, after `impl` or after `for`.
fn impls(code: &str, head: &str) -> Vec<Range<usize>> {
    let begins = |at: usize| {
        let rest = code.get(at + "impl".len()..).unwrap_or_default();
        let rest = after_generics(near(rest)).trim_start();
        let own = rest.split(['{', ';']).next().unwrap_or(rest);
        let of = own.split(" for ").last().unwrap_or(own).trim();
        let whole = |text: &str| {
            text.strip_prefix(head).is_some_and(|rest| !rest.chars().next().is_some_and(is_name))
        };
        whole(own) || whole(of)
    };
    let starts = words(code, "impl").map(|(at, _)| at).filter(|&at| begins(at));
    starts.take(IMPLS).map(|at| at..end(code, at)).collect()
}

/// The item whose keyword stands at `at`: from the docs above it to its closing brace or semicolon.
#[expect(
    clippy::string_slice,
    reason = "`at` and the end stand beside ASCII of `code`, which `blank` leaves where it is in `text`; \
              the starts stand behind line ends of `text`"
)]
fn item_at(text: &str, code: &str, at: usize) -> String {
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |i| i + 1);
    let mut start = line_start(at);
    while start > 0 {
        let previous = line_start(start - 1);
        let line = text[previous..start].trim_start();
        let belongs = line.starts_with("#[") || line.starts_with("//");
        if !belongs || line.starts_with("//!") {
            break;
        }
        start = previous;
    }
    dedent(&strip(&text[start..end(code, at)]))
}

/// Where the item ends: after the brace that closes its first, or a semicolon before any.
#[expect(
    clippy::string_slice,
    reason = "`at` is where a word stands, `i` where an ASCII letter does"
)]
fn end(code: &str, at: usize) -> usize {
    let (mut open, mut inside) = (0usize, 0usize);
    for (i, c) in code[at..].char_indices() {
        match c {
            // Braces and semicolons of array types and const generics do not end an item.
            '(' | '[' if open == 0 => inside += 1,
            ')' | ']' if open == 0 => inside = inside.saturating_sub(1),
            ';' if open == 0 && inside == 0 => return at + i + 1,
            '{' if inside == 0 => open += 1,
            '}' if inside == 0 => {
                open = open.saturating_sub(1);
                if open == 0 {
                    let value = code[at + i + 1..].starts_with(';');
                    return at + i + 1 + usize::from(value);
                }
            }
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"//! Docs.
/// A pair.
#[derive(Clone)]
pub struct Pair<'a> {
    pub a: &'a [f32; 2],
}

impl<'a> Pair<'a> {
    /// Adds; not `fn add`.
    pub fn add(&mut self) -> f32 {
        let brace = '}';
        self.a[0] // }
    }
}

impl Clone for Other {
    fn add(&self) -> [u8; 3] { "}".len(); [0; 3] }
}

const LIST: &[u8] = &[1; 3];
fn one() {}
"#;

    #[test]
    fn functions_come_with_their_docs() {
        let add = function("x.rs", TEXT, "Pair::add").unwrap();
        assert!(add.starts_with("/// Adds; not `fn add`.\npub fn add(&mut self)"), "{add}");
        assert!(add.ends_with("self.a[0] // }\n}\n"), "{add}");
        assert!(without_docs(&add).starts_with("pub fn add"));
        assert_eq!(function("x.rs", TEXT, "one").unwrap(), "fn one() {}\n");
    }

    #[test]
    fn unknown_and_ambiguous_names_are_told() {
        let several = function("x.rs", TEXT, "add").unwrap_err().to_string();
        assert_eq!(several, "x.rs has 2 functions `add`: write `fn=Type::add`");
        let none = function("x.rs", TEXT, "two").unwrap_err().to_string();
        assert_eq!(none, "there is no function `two` in `x.rs`; there are add, one");
    }

    #[test]
    fn items_are_whole() {
        let pair = item("x.rs", TEXT, "Pair").unwrap();
        assert!(pair.starts_with("/// A pair.\n#[derive(Clone)]") && pair.ends_with("2],\n}\n"));
        assert_eq!(item("x.rs", TEXT, "LIST").unwrap(), "const LIST: &[u8] = &[1; 3];\n");
        assert!(item("x.rs", TEXT, "impl Pair").unwrap().starts_with("impl<'a> Pair"));
        assert!(item("x.rs", TEXT, "impl Clone for Other").unwrap().starts_with("impl Clone"));
        assert!(item("x.rs", TEXT, "Nope").is_err());
    }
}
