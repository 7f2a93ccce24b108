//! The site: mdBook with our theme, and our HTML put where the pages left room for it.

use crate::api;
use crate::fault::Error;
use crate::lint::Ids;
use crate::outline;
use crate::page::{self, Expanded, Page};
use crate::policy;
use crate::press::Extras;
use crate::search;
use crate::source::highlight::escape;
use crate::summary;
use crate::tree::Tree;
use crate::whole;
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// What mdBook writes and no page of ours loads.
const UNUSED: [&str; 12] = [
    "ayu-highlight.css",
    "clipboard.min.js",
    "css/chrome.css",
    "css/variables.css",
    "fonts",
    "highlight.css",
    "highlight.js",
    "favicon.png",
    "toc.html",
    "toc.js",
    "tomorrow-night.css",
    "mark.min.js.map",
];

/// What mdBook says where there is no page, and what we say: a heading, and a sentence.
const LOST: (&str, &str, &str, &str) = (
    "Document not found (404)",
    "There is no such page",
    "This URL is invalid, sorry. Please use the navigation bar or search to continue.",
    "Perhaps it was one, and has moved. The outline lists all pages, and the search knows what is on them.",
);

/// A file that says that a folder was written by the press, and may be emptied by it.
const MARK: &str = ".strata-book";

/// Loads the book that stands in a folder.
///
/// # Errors
/// mdBook cannot read it; `SUMMARY.md` lists a page that is not there, or is none.
pub fn load(tree: &Tree, book: &Path, out: &Path) -> Result<MDBook, Error> {
    let mdbook = |error: mdbook_driver::errors::Error| Error::Book(format!("{error:#}"));
    let listed = summary::read(book)?;
    let summary = mdbook_summary::parse_summary(&listed).map_err(mdbook)?;
    summary::check(tree, book, &listed, &summary)?;
    let mut config = Config::from_disk(book.join("book.toml")).map_err(mdbook)?;
    config.build.create_missing = false;
    config.build.use_default_preprocessors = false;
    config.build.build_dir = std::path::absolute(out).map_err(Error::file(out))?;
    MDBook::load_with_config_and_summary(book, config, summary).map_err(mdbook)
}

/// Hands mdBook the pages whose directives were run.
struct Texts(HashMap<PathBuf, String>);

impl Preprocessor for Texts {
    fn name(&self) -> &str {
        "strata"
    }

    fn run(
        &self,
        _: &PreprocessorContext,
        mut book: Book,
    ) -> mdbook_preprocessor::errors::Result<Book> {
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item
                && let Some(text) = chapter.source_path.as_ref().and_then(|path| self.0.get(path))
            {
                chapter.content.clone_from(text);
            }
        });
        Ok(book)
    }
}

/// A site that is to be written.
pub struct Site<'a> {
    /// The repository.
    pub tree: &'a Tree,
    /// Where it goes.
    pub out: &'a Path,
    /// Its pages.
    pub pages: &'a [Page],
    /// The same, expanded.
    pub expanded: &'a [Expanded],
    /// What there is beside the pages.
    pub extras: Extras,
}

impl Site<'_> {
    /// Writes the site; returns the ids of its pages.
    ///
    /// # Errors
    /// mdBook refuses; a file cannot be written; the folder holds something else.
    pub fn write(&self, mut book: MDBook) -> Result<Ids, Error> {
        let occupied = fs::read_dir(self.out).is_ok_and(|mut entries| entries.next().is_some());
        if occupied && !self.out.join(MARK).exists() {
            let path = self.out.display().to_string();
            let what = "the folder is not empty, and was not written by this program";
            return Err(Error::File { path, error: std::io::Error::other(what) });
        }
        let texts = self.pages.iter().zip(self.expanded);
        let texts = texts.map(|(page, e)| (PathBuf::from(&page.file), e.text.clone())).collect();
        let outline = outline::entries(&book);
        book.with_preprocessor(Texts(texts));
        book.build().map_err(|error| Error::Book(format!("{error:#}")))?;
        fs::write(self.out.join(MARK), "").map_err(Error::file(self.out))?;
        for name in UNUSED {
            let path = self.out.join(name);
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            // Which of them are there is mdBook's affair.
            let _ = removed;
        }
        let mut ids = Ids::new();
        for entry in fs::read_dir(self.out).map_err(Error::file(self.out))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".html") {
                let file = entry.path();
                let html = fs::read_to_string(&file).map_err(Error::file(&file))?;
                let html = self.finish(&html, &name, &outline);
                ids.insert(name, found_ids(&html));
                fs::write(&file, html).map_err(Error::file(&file))?;
            }
        }
        search::write(self.out, self.pages)?;
        Ok(ids)
    }

    /// Puts into a page what belongs there: our HTML, the outline, the addresses.
    fn finish(&self, html: &str, name: &str, outline: &[outline::Entry]) -> String {
        let page = self.pages.iter().position(|page| page.link() == name);
        // The first page is written twice: it is the site's front door, too.
        let page = page.or((name == "index.html").then_some(0));
        let mut html = html.to_string();
        if let Some(expanded) = page.and_then(|i| self.expanded.get(i)) {
            html = page::filled(&html, &expanded.pieces);
        }
        let here = page.and_then(|i| self.pages.get(i));
        html = html.replace("<!-- outline -->", &outline::navigation(outline, here, &html));
        let promise = here.and_then(|page| page.front.promise.as_deref());
        if let Some(promise) = promise {
            let said = format!(
                "<meta name=\"description\" content=\"You will have {}.\">",
                escape(promise)
            );
            html = html.replace("<!-- description -->", &said);
        }
        if let Some(number) = here.and_then(Page::chapter) {
            let number = number.trim_start_matches('0');
            html =
                html.replacen("<h1", &format!("<p class=\"eyebrow\">Chapter {number}</p>\n<h1"), 1);
        }
        if name == "404.html" {
            html = html.replace(LOST.0, LOST.1).replace(LOST.2, LOST.3);
        }
        html = whole::code(&whole::equations(&html));
        if self.extras.live {
            html = html.replace("<!-- live -->", "<script src=\"/live.js\"></script>");
        }
        html = self.api(html);
        // Wide tables scroll by themselves; the keyboard can do that too.
        let table = "<div class=\"table-wrapper\"";
        html = html
            .replace(table, &format!("{table} tabindex=\"0\" role=\"group\" aria-label=\"Table\""));
        policy::put(&self.repository(&html))
    }

    /// Links to files of the repository, where it is published.
    fn repository(&self, html: &str) -> String {
        let mut parts = html.split("href=\"repo:");
        let mut out = parts.next().unwrap_or_default().to_string();
        for part in parts {
            let (path, rest) = part.split_once('"').unwrap_or((part, ""));
            let (file, anchor) = path.split_at(path.find('#').unwrap_or(path.len()));
            out.push_str(&format!("href=\"{}{anchor}\"{rest}", self.tree.address(file)));
        }
        out
    }

    /// Links to the docs beside the pages; without them, to the crates in the repository.
    fn api(&self, html: String) -> String {
        if self.extras.api {
            return html.replace("href=\"api:", "href=\"api/");
        }
        let mut parts = html.split("href=\"api:");
        let mut out = parts.next().unwrap_or_default().to_string();
        let crates = api::Crates::of(self.tree);
        for part in parts {
            let (path, rest) = part.split_once('"').unwrap_or((part, ""));
            let folder = crates.folder(path).unwrap_or_default();
            out.push_str(&format!("href=\"{}\"{rest}", self.tree.address(folder)));
        }
        out
    }

    /// The heaviest page: its name, and its bytes with the style sheets and scripts it loads.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn heaviest(&self) -> Result<(String, u64), Error> {
        let mut heaviest = (String::new(), 0);
        for page in self.pages {
            let file = self.out.join(page.link());
            let html = fs::read_to_string(&file).map_err(Error::file(&file))?;
            let loaded = ["href=\"", "src=\""].iter().flat_map(|key| html.split(key).skip(1));
            let loaded = loaded.filter_map(|rest| rest.split('"').next());
            let loaded: BTreeSet<&str> = loaded
                .filter(|f| f.ends_with(".css") || f.ends_with(".js") || f.ends_with(".svg"))
                .collect();
            let size = |f: &&str| fs::metadata(self.out.join(f)).map_or(0, |m| m.len());
            let bytes = html.len() as u64 + loaded.iter().map(size).sum::<u64>();
            if bytes > heaviest.1 {
                heaviest = (page.link(), bytes);
            }
        }
        Ok(heaviest)
    }
}

fn found_ids(html: &str) -> BTreeSet<String> {
    let ids = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    ids.map(str::to_string).collect()
}
