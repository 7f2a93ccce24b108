//! A small book in a small tree, to be spoilt in one place.
#![allow(dead_code)]

use mdbook_strata::{Error, Extras, Press, Tree};
pub mod server;

use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A clone in a temporary folder.
pub struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// A book whose only chapter has this text below its title.
    pub fn new(text: &str) -> Self {
        let fixture = Fixture { folder: tempfile::tempdir().unwrap() };
        let theme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/theme");
        for file in ["index.hbs", "book.js", "favicon.svg", "css/general.css"] {
            fixture.write(
                &format!("book/theme/{file}"),
                &fs::read_to_string(theme.join(file)).unwrap(),
            );
        }
        fixture.write(
            "Cargo.toml",
            "[workspace.package]\nrepository = \"https://example.org/strata\"\n",
        );
        fixture.write(
            "book/book.toml",
            "[book]\ntitle = \"T\"\n[output.html]\ntheme = \"theme\"\nhash-files = false\n",
        );
        fixture
            .write("book/src/SUMMARY.md", "# S\n\n[Preface](preface.md)\n\n- [One](01-one.md)\n");
        fixture.write(
            "book/src/preface.md",
            "---\npromise: a beginning\n---\n# Preface\n\n## Why\n\nText.\n",
        );
        let front = "---\npromise: a page\nminutes: 5\nneeds: []\n---\n# One\n\n";
        fixture.write("book/src/01-one.md", &format!("{front}{text}\n"));
        fixture
    }

    /// The clone's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Takes a file away.
    pub fn remove(&self, path: &str) {
        fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    fn press(&self) -> Press {
        let book = self.folder.path().join("book");
        Press::new(Tree::at(self.folder.path()).unwrap(), &book)
    }

    /// Builds it; answers the chapter's HTML.
    pub fn build(&self) -> Result<String, Error> {
        let out = self.folder.path().join("site");
        self.press().build(&out, Extras::default())?;
        Ok(fs::read_to_string(out.join("01-one.html")).unwrap())
    }

    /// Builds it and checks what it shows.
    pub fn check(&self) -> Result<(), Error> {
        // Figures are drawn before they are compared.
        let _ = self.press().build(&self.folder.path().join("site"), Extras::default());
        self.press().check(|_| {}).map(drop)
    }

    /// Records the output of commands.
    pub fn capture(&self) {
        self.press().capture(true, |_| {}).unwrap();
    }
}
