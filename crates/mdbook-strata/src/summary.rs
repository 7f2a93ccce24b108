//! `SUMMARY.md`: the pages, in order.

use crate::fault::{Error, Problem};
use crate::front;
use crate::page::Page;
use crate::tree::Tree;
use mdbook_driver::MDBook;
use mdbook_preprocessor::book::{BookItem, Chapter};
use std::fs;
use std::path::Path;

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
    let listed = fs::read_to_string(&summary).map_err(Error::file(&summary))?;
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
    let text = fs::read_to_string(&file).map_err(Error::file(&file))?.replace("\r\n", "\n");
    let mut page = Page {
        title: chapter.name.clone(),
        number: chapter.number.as_ref().map(|n| n.to_string().trim_end_matches('.').to_string()),
        file: source.display().to_string().replace('\\', "/"),
        path: tree.relative(&file),
        ..Page::default()
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
