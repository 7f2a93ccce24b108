//! From pages to a site, or to all that is wrong with them.

use crate::api;
use crate::captures::{Capture, Kind, Request};
use crate::directive::Context;
use crate::fault::{Error, Fault, Problem};
use crate::figures;
use crate::lint;
use crate::math::Math;
use crate::page::{Expanded, Page, expand};
use crate::site;
use crate::summary;
use crate::tree::Tree;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use strata_ml::device::LadderInfo;

/// A book and the tree it tells of.
pub struct Press {
    tree: Tree,
    book: PathBuf,
    ladders: Vec<LadderInfo>,
    math: Math,
}

/// What a site has beside its pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// The script that reloads a page when it changes.
    pub live: bool,
    /// The rustdoc of the crates, in `api`.
    pub api: bool,
}

/// A book that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// How many pages it has.
    pub pages: usize,
    /// The heaviest page and its bytes, with all that it loads.
    pub heaviest: (String, u64),
}

/// What `check` looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Pages.
    pub pages: usize,
    /// Commands that were run again.
    pub captures: usize,
}

impl Press {
    /// The press for the book in a folder.
    pub fn new(tree: Tree, book: &Path) -> Self {
        Press { tree, book: book.into(), ladders: strata_ml::ladders(), math: Math::default() }
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The book's folder.
    pub fn book(&self) -> &Path {
        &self.book
    }

    /// Builds the site into a folder.
    ///
    /// # Errors
    /// All that is wrong, with file and line; what could not be read or written.
    pub fn build(&self, out: &Path, extras: Extras) -> Result<Printed, Error> {
        figures::write(&self.book)?;
        self.print(out, extras)
    }

    fn print(&self, out: &Path, extras: Extras) -> Result<Printed, Error> {
        let docs = if extras.api { Some(api::document(&self.tree)?) } else { None };
        let loaded = site::load(&self.tree, &self.book, out)?;
        let (pages, mut problems) = summary::pages(&self.tree, &self.book, &loaded)?;
        let expanded = self.expand(&pages);
        for (page, expanded) in pages.iter().zip(&expanded) {
            problems.extend(expanded.problems.iter().cloned());
            problems.extend(lint::page(page, &expanded.text));
        }
        let site = site::Site { tree: &self.tree, out, pages: &pages, expanded: &expanded, extras };
        let ids = site.write(loaded)?;
        problems.extend(lint::links(&self.tree, docs.as_deref(), &pages, &expanded, &ids));
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(Error::Problems(problems));
        }
        if let Some(docs) = docs {
            api::copy(&docs, &out.join("api"))?;
        }
        Ok(Printed { pages: pages.len(), heaviest: site.heaviest()? })
    }

    fn expand(&self, pages: &[Page]) -> Vec<Expanded> {
        let ids = Cell::new(0);
        let one = |page: &Page| {
            let (tree, book, ladders) = (&self.tree, self.book.as_path(), self.ladders.as_slice());
            let context = Context { tree, book, pages, page, ladders, ids: &ids };
            expand(&context, &self.math)
        };
        pages.iter().map(one).collect()
    }

    /// Builds the book where nobody sees it, compares figures with their files, and runs the
    /// commands again whose output has to be the same.
    ///
    /// # Errors
    /// As [`build`](Self::build); stale figures and captures.
    pub fn check(&self, mut progress: impl FnMut(&str)) -> Result<Checked, Error> {
        let mut problems = figures::stale(&self.tree, &self.book);
        let out = tempfile::tempdir().map_err(Error::file(Path::new("a temporary folder")))?;
        let mut checked = Checked::default();
        match self.print(out.path(), Extras::default()) {
            Ok(printed) => checked.pages = printed.pages,
            Err(Error::Problems(more)) => problems.extend(more),
            Err(error) => return Err(error),
        }
        let all = self.requests()?;
        problems.extend(self.orphans(&all));
        let mut done: Vec<(Request, Option<String>)> = Vec::new();
        for (page, line, request) in all {
            let Ok(recorded) = Capture::read(&self.book, &request) else { continue };
            if recorded.kind != Kind::Exact {
                continue;
            }
            let same = |(other, _): &&(Request, Option<String>)| {
                other.command == request.command && other.folder == request.folder
            };
            let difference = match done.iter().find(same) {
                Some((_, difference)) => difference.clone(),
                None => {
                    progress(&request.command);
                    let difference = recorded.difference(&Capture::run(&self.tree, &request)?);
                    checked.captures += 1;
                    done.push((request.clone(), difference.clone()));
                    difference
                }
            };
            if let Some(difference) = difference {
                let command = request.command.clone();
                problems.push(page.problem(line, Fault::Stale { command, difference }));
            }
        }
        problems.sort();
        problems.dedup();
        if problems.is_empty() { Ok(checked) } else { Err(Error::Problems(problems)) }
    }

    /// Recorded output that no page shows any more.
    fn orphans(&self, request: &[(Page, usize, Request)]) -> Vec<Problem> {
        let folder = self.tree.relative(&self.book.join("captures"));
        let shown: Vec<PathBuf> =
            request.iter().map(|(_, _, request)| request.file(&self.book)).collect();
        let names = self.tree.names(&folder).into_iter();
        let orphans = names.filter(|name| !shown.contains(&self.book.join("captures").join(name)));
        let problem = |name| Problem {
            file: format!("{folder}/{name}"),
            line: 1,
            what: "no page shows this output any more: remove it".into(),
        };
        orphans.map(problem).collect()
    }

    /// Runs the commands that the book shows and records what they print: those without a record, or
    /// all of them. Returns how many ran.
    ///
    /// # Errors
    /// A command cannot be started, a file not be written.
    pub fn capture(&self, all: bool, mut progress: impl FnMut(&str)) -> Result<usize, Error> {
        let mut done: Vec<PathBuf> = Vec::new();
        for (_, _, request) in self.requests()? {
            let file = request.file(&self.book);
            if done.contains(&file) || (!all && Capture::read(&self.book, &request).is_ok()) {
                continue;
            }
            progress(&request.command);
            Capture::run(&self.tree, &request)?.write(&self.book, &request)?;
            done.push(file);
        }
        Ok(done.len())
    }

    /// The captures that pages ask for: the page, the line, what is asked.
    fn requests(&self) -> Result<Vec<(Page, usize, Request)>, Error> {
        let loaded = site::load(&self.tree, &self.book, Path::new("."))?;
        let (pages, _) = summary::pages(&self.tree, &self.book, &loaded)?;
        let mut found = Vec::new();
        for page in &pages {
            for (i, line) in page.text.lines().enumerate() {
                let words =
                    line.trim().strip_prefix("{{#capture").and_then(|l| l.strip_suffix("}}"));
                if let Some(request) = words.and_then(|words| Request::parse(words).ok()) {
                    found.push((page.clone(), i + 1, request));
                }
            }
        }
        Ok(found)
    }
}
