//! The search: all that stands on the pages, in a file that is fetched when somebody searches.
//!
//! The index is the text itself, split at the headings, with its listings, figures and equations. The page's
//! script (`book/theme/find.js`) looks through it as it is: no word is too common for it, and none is
//! lost between two tokenizers.

mod text;

use crate::fault::Error;
use crate::page::Page;
use serde_json::json;
use std::fs;
use std::path::Path;

/// A part of a page, from a heading to the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// How deep its heading stands, from 1.
    pub level: usize,
    /// The heading's id; empty if there is none.
    pub id: String,
    /// The heading's text.
    pub heading: String,
    /// What stands below it, on one line.
    pub text: String,
    /// The listings and outputs below it, on one line.
    pub code: String,
}

/// The file that holds the index.
const INDEX: &str = "searchindex.js";
/// What mdBook writes for a search of its own.
const REPLACED: [&str; 2] = ["elasticlunr.min.js", "searcher.js"];

/// The parts of a page that was printed, in order.
pub fn sections(html: &str) -> Vec<Section> {
    let inside = html.split_once("<main>").and_then(|(_, rest)| rest.rsplit_once("</main>"));
    inside.map(|(main, _)| text::sections(main)).unwrap_or_default()
}

/// Writes the index of the pages that stand in a folder in the place of mdBook's.
///
/// # Errors
/// A page cannot be read, the index not be written.
pub(crate) fn write(out: &Path, pages: &[Page]) -> Result<(), Error> {
    let mut found = Vec::new();
    for page in pages {
        let file = out.join(page.link());
        let html = fs::read_to_string(&file).map_err(Error::file(&file))?;
        let parts: Vec<_> = sections(&html)
            .into_iter()
            .map(|Section { level, id, heading, text, code }| {
                json!([level, id, heading, text, code])
            })
            .collect();
        found.push(json!([page.link(), page.title, parts]));
    }
    let index = serde_json::Value::from(found);
    // A script and not JSON: pages that are opened from a folder may load it, too.
    let script = format!("window.searchPages = {index};\n");
    let file = out.join(INDEX);
    strata_files::write(&file, script.as_bytes())?;
    for name in REPLACED {
        // Whether they are there is mdBook's affair.
        let _ = fs::remove_file(out.join(name));
    }
    Ok(())
}
