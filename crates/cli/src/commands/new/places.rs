//! Where a new op becomes known: one list, for the command and, in words, for CONTRIBUTING.md.

use crate::failure::{Failure, Outcome};
use std::fs;
use std::path::Path;

/// A chapter that has ops.
#[derive(Clone, Debug)]
pub(super) struct Chapter {
    /// `04`.
    pub number: String,
    /// `gelu`.
    pub name: String,
    /// `chapters/04-gelu`.
    pub folder: String,
}

impl Chapter {
    /// The chapter of that number or name.
    pub fn find(root: &Path, text: &str) -> Outcome<Self> {
        let mut all = Vec::new();
        for entry in fs::read_dir(root.join("chapters"))?.flatten() {
            let folder = entry.file_name().to_string_lossy().into_owned();
            let Some((number, name)) = folder.split_once('-') else { continue };
            all.push(Chapter {
                number: number.into(),
                name: name.into(),
                folder: format!("chapters/{folder}"),
            });
        }
        // The second has no kernels of its own: its ops are those of the first.
        all.retain(|chapter| chapter.number != "02");
        all.sort_by(|a, b| a.number.cmp(&b.number));
        let asked = text.parse::<u32>().ok();
        let is =
            |c: &&Chapter| c.name == text || (asked.is_some() && c.number.parse().ok() == asked);
        all.iter().find(is).cloned().ok_or_else(|| {
            let have: Vec<_> = all.iter().map(|c| format!("{} {}", c.number, c.name)).collect();
            Failure::new(format!("--chapter {text:?} has no ops; there are {}", have.join(", ")))
        })
    }

    fn first(&self) -> bool {
        self.number == "01"
    }

    /// The op's Rust, from the chapter's folder.
    pub fn file(&self, op: &str) -> String {
        format!("src/{}{op}.rs", if self.first() { "ops/" } else { "" })
    }

    /// The file that lists the chapter's modules and ladders.
    fn list(&self) -> String {
        let file = match self.number.as_str() {
            "01" => "src/ops/mod.rs",
            _ => "src/lib.rs",
        };
        format!("{}/{file}", self.folder)
    }

    /// What imports the tensor: before the other imports, and after them.
    pub fn imports(&self) -> (&'static str, &'static str) {
        match self.first() {
            true => ("use crate::{Result, Tensor, bytes_of};\n", ""),
            false => ("", "use strata_tensor::{Result, Tensor, bytes_of};\n"),
        }
    }

    /// The op's module in the facade.
    pub fn path(&self) -> String {
        if self.first() { "tensor::ops".into() } else { self.name.clone() }
    }
}

/// A file that is there, and what to write into it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// From the root.
    pub path: String,
    /// In words.
    pub what: &'static str,
    /// As it stands.
    pub lines: String,
}

/// The places of a new op beside its own files: those that make it known, then those of the languages
/// and of the book.
pub(super) fn places(op: &str, chapter: &Chapter) -> Vec<Place> {
    let Chapter { number, name, .. } = chapter;
    let known = match number.as_str() {
        "09" => "in ladders(), which stands in src/embedding.rs",
        _ => "with its ladder in ladders()",
    };
    let info = match number.as_str() {
        "09" => format!("crate::{op}::LADDER.info(),"),
        _ => format!("{op}::LADDER.info(),"),
    };
    let place = |path: String, what, lines: String| Place { path, what, lines };
    vec![
        place(chapter.list(), known, format!("mod {op};\npub use {op}::{op};\n{info}")),
        place("crates/check/src/oracle/mod.rs".into(), "the oracle", format!("pub mod {op};")),
        place(
            "crates/parity/src/cases/mod.rs".into(),
            "its case, and its workload for bench",
            format!(
                "mod {op};\nchapter(\"book/src/{number}-{name}.md\", {op}::CASES),\n{op}::WORKLOADS,"
            ),
        ),
        place(
            format!("{}/tests/{op}.rs", chapter.folder),
            "drawn shapes, every rung against the oracle, the gradient against finite differences",
            String::new(),
        ),
        place(
            format!("{}/{}", chapter.folder, chapter.file(op)),
            "once it has a backward pass: the function of Vars, by Var::from_op",
            String::new(),
        ),
        place(
            "crates/bindings/src, ts/packages/strata/src, ts/packages/strata/test".into(),
            "the same from TypeScript: the bindings' function, its contract and what readers call, a test",
            String::new(),
        ),
        place(
            format!("book/src/{number}-{name}.md"),
            "the idea, the listing, what was measured",
            String::new(),
        ),
    ]
}
