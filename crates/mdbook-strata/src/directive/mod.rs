//! The directives: what `{{#name …}}` in a page becomes.

mod args;
mod bench;
mod capture;
pub(crate) mod code;
mod curve;
mod exercise;
mod figure;
mod kernel;
mod ladder;
mod number;
mod pacing;
mod refs;
mod roofline;
mod version;

pub use args::Args;
pub use code::{Tab, panel, tabs};

use crate::fault::{Fault, list};
use crate::page::Page;
use crate::tree::Tree;
use std::cell::Cell;
use std::path::Path;
use strata_ml::device::{Kernel, LadderInfo};

/// What a directive may look at.
pub struct Context<'a> {
    /// The repository.
    pub tree: &'a Tree,
    /// The book's folder.
    pub book: &'a Path,
    /// Every page, in the book's order.
    pub pages: &'a [Page],
    /// The page the directive stands on.
    pub page: &'a Page,
    /// The ops and their rungs.
    pub ladders: &'a [LadderInfo],
    /// A number for each element that needs an id of its own.
    pub ids: &'a Cell<usize>,
}

/// What a directive becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// HTML that stands alone.
    Block(String),
    /// Text in a sentence.
    Text(String),
}

impl Context<'_> {
    /// A number that no other element of the page has.
    pub fn id(&self) -> usize {
        self.ids.set(self.ids.get() + 1);
        self.ids.get()
    }

    /// The kernels of a path; several may share a file.
    pub fn kernels(&self, path: &str) -> Vec<&'static Kernel> {
        let mut found: Vec<&'static Kernel> = Vec::new();
        let rungs = self.ladders.iter().flat_map(|ladder| &ladder.rungs);
        for kernel in rungs.flat_map(|rung| rung.kernels) {
            let new = !found.iter().any(|k| std::ptr::eq(*k, *kernel));
            if kernel.path == path && new {
                found.push(kernel);
            }
        }
        found
    }
}

type Directive = fn(&Context<'_>, &str) -> Result<Output, Fault>;

/// The directives there are.
const DIRECTIVES: [(&str, Directive); 17] = [
    ("bench", bench::bench),
    ("capture", capture::capture),
    ("cite", number::cite),
    ("curve", curve::curve),
    ("exercise", exercise::exercise),
    ("figure", figure::figure),
    ("header", kernel::header),
    ("kernel", kernel::kernel),
    ("ladder", ladder::ladder),
    ("number", number::number),
    ("outline", pacing::outline),
    ("pace", pacing::pace),
    ("refs", refs::refs),
    ("roofline", roofline::roofline),
    ("rust", code::rust),
    ("ts", code::ts),
    ("version", version::version),
];

/// Runs a directive: its name, and what stands behind it.
///
/// # Errors
/// There is no such directive, or what it asks for is not there.
pub fn run(context: &Context<'_>, name: &str, rest: &str) -> Result<Output, Fault> {
    let found = DIRECTIVES.iter().find(|(n, _)| *n == name);
    let (_, directive) = found.ok_or_else(|| Fault::Unknown {
        kind: "directive",
        name: name.into(),
        have: list(DIRECTIVES.iter().map(|(n, _)| n)),
    })?;
    directive(context, rest)
}
