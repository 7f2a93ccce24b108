//! `SUMMARY.md`: the pages, in order.

use crate::fault::{Error, Problem, reason};
use crate::front;
use crate::page::{self, Page};
use crate::tree::Tree;
use mdbook_driver::MDBook;
use mdbook_preprocessor::book::{BookItem, Chapter};
use mdbook_summary::{Summary, SummaryItem};
use std::fs;
use std::path::Path;

/// The bytes of the list, and the pages on it: it is read by a function that calls itself for each
/// level, and every page is in memory at once.
const MOST: u64 = 64 << 10;
const PAGES: usize = 400;

/// The text of `SUMMARY.md`.
///
/// # Errors
/// It cannot be read, is no plain file, or is too large.
pub(crate) fn read(book: &Path) -> Result<String, Error> {
    Ok(strata_files::read_text(&book.join("src/SUMMARY.md"), MOST)?)
}

/// Looks at the pages that are listed, before mdBook reads them: each is a plain file below `src`.
///
/// # Errors
/// Those that are none, with their line.
pub(crate) fn check(
    tree: &Tree,
    book: &Path,
    listed: &str,
    summary: &Summary,
) -> Result<(), Error> {
    let src = book.join("src");
    let root = fs::canonicalize(&src).map_err(Error::file(&src))?;
    let (mut problems, mut count) = (Vec::new(), 0);
    let mut left: Vec<&SummaryItem> = summary.prefix_chapters.iter().collect();
    left.extend(summary.numbered_chapters.iter().chain(&summary.suffix_chapters));
    while let Some(item) = left.pop() {
        let SummaryItem::Link(link) = item else { continue };
        left.extend(&link.nested_items);
        let Some(location) = &link.location else { continue };
        count += 1;
        let name = location.display().to_string();
        let what = match fs::canonicalize(src.join(location)) {
            Err(_) => Some(format!("there is no page `{name}`")),
            Ok(path) if !path.starts_with(&root) => {
                Some(format!("`{name}` lies outside of the book"))
            }
            Ok(path) => strata_files::read(&path, page::MOST as u64)
                .err()
                .map(|error| format!("`{name}` is no page: {}", reason(&error))),
        };
        if let Some(what) = what {
            let line = listed.lines().position(|line| line.contains(&format!("({name})")));
            let (file, line) = (tree.relative(&src.join("SUMMARY.md")), line.unwrap_or(0) + 1);
            problems.push(Problem { file, line, what });
        }
    }
    if count > PAGES {
        let what = format!("{count} pages are listed, and at most {PAGES} are printed");
        problems.push(Problem { file: tree.relative(&src.join("SUMMARY.md")), line: 1, what });
    }
    problems.sort();
    if problems.is_empty() { Ok(()) } else { Err(Error::Problems(problems)) }
}

/// The pages that the book lists, with their front matter, and what is wrong with it.
///
/// # Errors
/// A page cannot be read.
pub fn pages(
    tree: &Tree,
    book: &Path,
    loaded: &MDBook,
) -> Result<(Vec<Page>, Vec<Problem>), Error> {
    let (mut pages, mut problems) = (Vec::new(), Vec::new());
    let summary = book.join("src/SUMMARY.md");
    let listed = read(book)?;
    for item in loaded.iter() {
        let BookItem::Chapter(chapter) = item else { continue };
        let Some(source) = &chapter.source_path else {
            let line = listed.lines().position(|l| l.contains(&format!("[{}]", chapter.name)));
            let what = format!("`{}` has no page", chapter.name);
            problems.push(Problem {
                file: tree.relative(&summary),
                line: line.unwrap_or(0) + 1,
                what,
            });
            continue;
        };
        pages.push(page(tree, book, chapter, source, &mut problems)?);
    }
    Ok((pages, problems))
}

fn page(
    tree: &Tree,
    book: &Path,
    chapter: &Chapter,
    source: &Path,
    problems: &mut Vec<Problem>,
) -> Result<Page, Error> {
    let file = book.join("src").join(source);
    let bytes = strata_files::read(&file, page::MOST as u64)?;
    let mut page = Page {
        title: chapter.name.clone(),
        number: chapter.number.as_ref().map(|n| n.to_string().trim_end_matches('.').to_string()),
        file: source.display().to_string().replace('\\', "/"),
        path: tree.relative(&file),
        ..Page::default()
    };
    let text = match page::text(bytes) {
        Ok(text) => text,
        Err((line, what)) => {
            problems.push(page.problem(line, what));
            return Ok(page);
        }
    };
    match front::read(&text) {
        Ok(Some((front, skip))) => {
            let chapter = page.chapter().is_some();
            if front.promise.is_none() || chapter && front.minutes.is_none() {
                let what = if chapter { "promise and minutes" } else { "a promise" };
                problems.push(page.problem(1, format!("the front matter needs {what}")));
            }
            (page.front, page.has_front, page.skip) = (front, true, skip);
        }
        Ok(None) => {
            problems.push(page.problem(1, "the page has no front matter: begin with `---`"))
        }
        Err((line, what)) => problems.push(page.problem(line, what)),
    }
    page.text = text;
    Ok(page)
}
