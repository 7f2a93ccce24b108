//! The pages of the book, as text: what `--data book` trains on.
//!
//! ```
//! let pages = strata_book::pages().unwrap();
//! assert!(pages[0].starts_with('#'), "a page begins with its title");
//! ```

// What can end the process or change a number without a word is gone, or says why it cannot.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]

include!(concat!(env!("OUT_DIR"), "/pages.rs"));
include!("names.rs");

use std::fs;
use std::io;
use std::path::Path;

/// The prose of every page, in the book's order.
///
/// # Errors
/// The pages were not embedded (a release build does that, and one for a page) and cannot be read from [`FOLDER`].
pub fn pages() -> io::Result<Vec<String>> {
    if !EMBEDDED.is_empty() {
        return Ok(EMBEDDED.iter().map(|page| prose(page)).collect());
    }
    let folder = Path::new(FOLDER);
    let summary = fs::read_to_string(folder.join("SUMMARY.md"))?;
    let read = |name| fs::read_to_string(folder.join(name)).map(|page| prose(&page));
    names(&summary).into_iter().map(read).collect()
}

/// A page without what only the press understands: front matter, comments and directives. Of a
/// directive inside a sentence, a quoted number stays; a measured one becomes `…`.
pub fn prose(page: &str) -> String {
    let page = page.replace("\r\n", "\n");
    let body = page.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let mut rest = body.map_or(page.as_str(), |(_, body)| body);
    let mut text = String::with_capacity(rest.len());
    while let Some(at) = rest.find("{{#").into_iter().chain(rest.find("<!--")).min() {
        let (before, found) = rest.split_at(at);
        text.push_str(before);
        let end = if found.starts_with("<!--") { "-->" } else { "}}" };
        let length = found.find(end).map_or(found.len(), |end_at| end_at + end.len());
        let (directive, after) = found.split_at(length);
        let alone = (before.is_empty() || before.ends_with('\n'))
            && (after.is_empty() || after.starts_with('\n'));
        if !alone && directive.starts_with("{{#") {
            text.push_str(
                directive.split('"').nth(1).filter(|_| directive.contains("#cite")).unwrap_or("…"),
            );
        }
        rest = after;
    }
    text.push_str(rest);
    // What was taken out leaves empty lines behind.
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        if !line.is_empty() || !kept.ends_with("\n\n") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.trim().to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_what_a_person_wrote() {
        let page = "---\nminutes: 3\n---\n# One\n\n{{#pace}}\n\n<!-- later -->\n\nIt moves \
                    {{#number x y unit=GB/s}}, of {{#cite \"3 TB/s\" from=\"its maker\"}}.\n";
        assert_eq!(prose(page), "# One\n\nIt moves …, of 3 TB/s.\n");
        assert_eq!(prose("plain"), "plain\n");
        assert_eq!(prose("it never ends {{#kernel"), "it never ends …\n");
    }

    #[test]
    fn every_page_has_prose() {
        let pages = pages().unwrap();
        assert!(pages.len() > 10);
        assert!(pages.iter().all(|page| page.starts_with("# ") && !page.contains("{{#")));
    }

    #[test]
    fn links_of_the_summary_are_pages() {
        let summary = "# S\n\n[One](a.md)\n- [Two](b/c.md)\n- [Three]()\n";
        assert_eq!(names(summary), ["a.md", "b/c.md"]);
    }
}
