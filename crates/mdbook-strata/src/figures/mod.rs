//! The figures, one file each: drawn by code, kept in `book/figures/out/`.

mod broadcast;
mod strides;
pub mod svg;

use crate::fault::{Error, Problem};
use crate::tree::Tree;
use std::fs;
use std::path::Path;
use svg::Svg;

/// A figure: its name in `{{#figure name}}`, and what draws it.
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// Draws it.
    pub draw: fn() -> Svg,
}

/// Every figure there is.
pub const FIGURES: [Figure; 2] = [
    Figure { name: "broadcast", draw: broadcast::draw },
    Figure { name: "strides", draw: strides::draw },
];

/// The figure of that name.
pub fn draw(name: &str) -> Option<Svg> {
    FIGURES.iter().find(|figure| figure.name == name).map(|figure| (figure.draw)())
}

/// Draws all figures into their files, where they are not so already.
///
/// # Errors
/// A file cannot be written.
pub fn write(book: &Path) -> Result<(), Error> {
    let folder = book.join("figures/out");
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    for figure in &FIGURES {
        let (file, svg) = (folder.join(format!("{}.svg", figure.name)), (figure.draw)());
        let svg = svg.stand_alone();
        // Writing what is there already would wake those who watch.
        if fs::read_to_string(&file).ok().as_ref() != Some(&svg) {
            fs::write(&file, svg).map_err(Error::file(&file))?;
        }
    }
    Ok(())
}

/// Figures whose file is not what the code draws.
pub fn stale(tree: &Tree, book: &Path) -> Vec<Problem> {
    let stale = |figure: &&Figure| {
        let file = book.join("figures/out").join(format!("{}.svg", figure.name));
        let text = fs::read_to_string(file).unwrap_or_default().replace("\r\n", "\n");
        text != (figure.draw)().stand_alone()
    };
    let told = |figure: &Figure| Problem {
        file: tree.relative(&book.join("figures/out").join(format!("{}.svg", figure.name))),
        line: 1,
        what: "it is not what the code draws now: run `cargo strata book build`".into(),
    };
    FIGURES.iter().filter(stale).map(told).collect()
}
