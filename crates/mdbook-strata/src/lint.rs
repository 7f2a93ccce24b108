//! What prose must not do: type code, output or speeds, and link to what is not there.

use crate::api;
use crate::fault::Problem;
use crate::page::{Expanded, Page, TOLD};
use crate::tree::Tree;
use mdbook_markdown::pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

/// Lines of code that may be typed.
const TYPED: usize = 3;

fn parser(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM;
    Parser::new_ext(text, options).into_offset_iter()
}

/// Where the lines of a text end, to tell a place's line without counting anew.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, from 1.
    fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte) + 1
    }
}

/// Lints of one page, on its Markdown after the directives were replaced.
pub fn page(page: &Page, expanded: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let lines_of = Lines::of(&page.text);
    for (event, range) in parser(&page.text) {
        let Event::Start(Tag::CodeBlock(kind)) = event else { continue };
        let fenced = matches!(kind, CodeBlockKind::Fenced(_));
        let lines = page.text.get(range.clone()).unwrap_or_default().trim_end().lines().count();
        let count = lines.saturating_sub(if fenced { 2 } else { 0 });
        if count > TYPED {
            let what = format!(
                "{count} lines are typed here, {TYPED} are allowed: pull code with `kernel`, `rust` \
                 or `ts`, output with `capture`"
            );
            problems.push(page.problem(lines_of.at(range.start), what));
        }
    }
    let lines_of = Lines::of(expanded);
    for (event, range) in parser(expanded) {
        let mut say = |what: String| problems.push(page.problem(lines_of.at(range.start), what));
        match event {
            Event::Start(Tag::Image { .. })
                if expanded.get(range.clone()).is_some_and(|text| text.starts_with("![]")) =>
            {
                say("the image has no text alternative".into());
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let image = html.to_lowercase().contains("<img");
                if image && !html.contains("alt=") {
                    say("the image has no text alternative".into());
                }
            }
            _ => {}
        }
    }
    let source = page.text.lines().enumerate().skip(page.skip);
    for (i, text) in source {
        if let Some(found) = speed(&without_directives(text)) {
            let what =
                format!("`{found}` is typed: use `number` (measured) or `cite` (stated by others)");
            problems.push(page.problem(i + 1, what));
        }
    }
    // Who reads so many mends the first ones first.
    problems.truncate(TOLD);
    problems
}

fn without_directives(line: &str) -> String {
    let (mut kept, mut rest) = (String::new(), line);
    while let Some((before, directive)) = rest.split_once("{{#") {
        kept.push_str(before);
        rest = directive.split_once("}}").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// A number with a unit of speed or time: `12 GB/s`, `3.4 ms`.
fn speed(text: &str) -> Option<String> {
    let units = ["FLOP/s", "FLOPS", "FLOPs/s", "B/s", "tokens/s", "steps/s"];
    // The micro sign and the Greek letter look the same.
    let times = ["ms", "µs", "\u{3bc}s", "us", "ns"];
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let begins = !(before.is_alphanumeric() || before == '.' || before == '_');
        before = c;
        if !c.is_ascii_digit() || !begins {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let part = |c: &char| c.is_ascii_digit() || ".,".contains(*c);
        // Longer than that it is a list, or nobody's number; digits, points and commas are a byte each.
        let end = rest.chars().take(40).take_while(part).count();
        let (number, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let unit = after.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
        let word: String =
            unit.chars().take(20).take_while(|c| c.is_alphanumeric() || *c == '/').collect();
        let prefixed = |base: &&str| {
            let rest = word.strip_suffix(*base);
            rest.is_some_and(|prefix| ["", "k", "K", "M", "G", "T", "P"].contains(&prefix))
        };
        if units.iter().any(prefixed) || times.contains(&word.as_str()) {
            let number = number.trim_end_matches(['.', ',']);
            return Some(format!("{number} {word}"));
        }
    }
    None
}

/// The ids of every page that was written, by its file's name.
pub type Ids = BTreeMap<String, BTreeSet<String>>;

/// Links whose target is not there, of all pages. `docs` is where rustdoc wrote, if it did.
pub fn links(
    tree: &Tree,
    docs: Option<&Path>,
    pages: &[Page],
    expanded: &[Expanded],
    ids: &Ids,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let crates = api::Crates::of(tree);
    for (page, expanded) in pages.iter().zip(expanded) {
        let text = &expanded.text;
        let lines_of = Lines::of(text);
        for (event, range) in parser(text) {
            let target = match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => dest_url,
                _ => continue,
            };
            if let Err(what) = target_is_there(tree, docs, &crates, page, &target, ids) {
                problems.push(page.problem(lines_of.at(range.start), what));
            }
        }
        // A broken reference is not a link at all, and prints its brackets.
        for (i, text) in text.lines().enumerate() {
            if text.contains("](repo:)") || text.contains("]()") {
                problems.push(page.problem(i + 1, "a link without a target"));
            }
        }
    }
    problems
}

fn target_is_there(
    tree: &Tree,
    docs: Option<&Path>,
    crates: &api::Crates,
    page: &Page,
    target: &str,
    ids: &Ids,
) -> Result<(), String> {
    if let Some(path) = target.strip_prefix("repo:") {
        let file = path.split('#').next().unwrap_or_default();
        return if tree.has(file) {
            Ok(())
        } else {
            Err(format!("the repository has no `{file}`"))
        };
    }
    if let Some(path) = target.strip_prefix("api:") {
        let name = path.split('/').next().unwrap_or_default().replace('_', "-");
        crates.folder(path).ok_or_else(|| format!("there is no crate `{name}`"))?;
        let file = path.split('#').next().unwrap_or_default();
        return match docs {
            Some(docs) if !docs.join(file).is_file() => {
                Err(format!("rustdoc wrote no page `{file}`"))
            }
            _ => Ok(()),
        };
    }
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() { page.file.as_str() } else { file.trim_start_matches("./") };
    let Some(stem) = file.strip_suffix(".md") else {
        let own = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let there = tree.inside(&format!("{own}/{file}")).is_ok_and(|path| path.is_file());
        return if there {
            Ok(())
        } else {
            Err(format!("there is no file `{file}` beside the page"))
        };
    };
    let name = format!("{stem}.html");
    match ids.get(&name) {
        None => Err(format!("the book has no page `{file}`")),
        Some(known) if anchor.is_empty() || known.contains(anchor) => Ok(()),
        Some(_) => Err(format!("`{file}` has no heading `#{anchor}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_speeds_are_found() {
        for bad in [
            "at 12 GB/s",
            "took 3.4ms.",
            "20 TFLOP/s",
            "900 tokens/s",
            "1,200\u{a0}µs",
            "3 \u{3bc}s",
            "5 us",
        ] {
            assert!(speed(bad).is_some(), "{bad}");
        }
        for good in
            ["in 3 seconds", "16 KiB", "2 FLOPs", "f32 ms", "B/s", "16 x 16", "0.5 of us all"]
        {
            assert!(speed(good).is_none(), "{good}");
        }
        let line = "at {{#number x y unit=GB/s}} and {{#cite \"4 GB/s\" from=\"x\"}}";
        assert!(speed(&without_directives(line)).is_none());
    }

    #[test]
    fn typed_code_and_bare_images_are_found() {
        let text = "# A\n\n```console\n$ a\n$ b\n$ c\n$ d\n```\n\n![](x.png)\n\n```rust\nlet a = 1;\n```\n";
        let own = Page { path: "book/src/a.md".into(), text: text.into(), ..Page::default() };
        let said: Vec<String> = page(&own, text).iter().map(Problem::to_string).collect();
        assert!(said[0].starts_with("book/src/a.md:3: 4 lines are typed here"), "{said:?}");
        assert_eq!(said[1], "book/src/a.md:10: the image has no text alternative");
        assert_eq!(said.len(), 2);
    }
}
