//! The outline beside every page.

use crate::page::Page;
use crate::source::highlight::escape;
use mdbook_driver::MDBook;
use mdbook_preprocessor::book::BookItem;

/// A line of the outline.
pub(crate) enum Entry {
    Part(String),
    Page { title: String, number: Option<String>, link: String },
}

/// The lines of a book's outline.
pub(crate) fn entries(book: &MDBook) -> Vec<Entry> {
    let mut entries = Vec::new();
    for item in book.iter() {
        match item {
            BookItem::PartTitle(title) => entries.push(Entry::Part(title.clone())),
            BookItem::Chapter(chapter) => {
                let Some(path) = &chapter.path else { continue };
                let link = path.with_extension("html").display().to_string().replace('\\', "/");
                // The book counts chapters by their files: 03-matmul.md is 3, whatever precedes it.
                let digits = link.split_once('-').map(|(digits, _)| digits.to_string());
                let number =
                    digits.filter(|d| d.len() == 2 && d.bytes().all(|b| b.is_ascii_digit()));
                entries.push(Entry::Page { title: chapter.name.clone(), number, link });
            }
            BookItem::Separator => {}
        }
    }
    entries
}

/// The outline as HTML, with the headings of the page that is open.
pub(crate) fn navigation(outline: &[Entry], here: Option<&Page>, html: &str) -> String {
    let here = here.map(Page::link).unwrap_or_default();
    let (mut out, mut open) = (String::new(), false);
    for entry in outline {
        match entry {
            Entry::Part(title) => {
                out.push_str(if open { "</ol>" } else { "" });
                open = false;
                out.push_str(&format!("<p>{}</p>", escape(title)));
            }
            Entry::Page { title, number, link } => {
                out.push_str(if open { "" } else { "<ol>" });
                open = true;
                let number =
                    number.as_ref().map(|n| format!("<span>{n}</span> ")).unwrap_or_default();
                let is_here = *link == here;
                let current = if is_here { " aria-current=\"page\"" } else { "" };
                let (title, link) = (escape(title), escape(link));
                out.push_str(&format!("<li><a href=\"{link}\"{current}>{number}{title}</a>"));
                if is_here {
                    out.push_str(&headings(html));
                }
                out.push_str("</li>");
            }
        }
    }
    out + if open { "</ol>" } else { "" }
}

fn headings(html: &str) -> String {
    let mut items = String::new();
    for rest in html.split("<h2 id=\"").skip(1) {
        let Some((id, rest)) = rest.split_once('"') else { continue };
        let Some((inner, _)) = rest.split_once("</h2>") else { continue };
        let inner = inner.split_once("<a class=\"header\"").map_or(inner, |(_, rest)| rest);
        let inner = inner.split_once('>').map_or(inner, |(_, rest)| rest);
        items.push_str(&format!(
            "<li><a href=\"#{id}\">{}</a></li>",
            inner.trim_end_matches("</a>")
        ));
    }
    if items.is_empty() { items } else { format!("<ol class=\"headings\">{items}</ol>") }
}
