//! What a checkpoint remembers of its text, so that a resumed run and `eval` find it. A stranger's
//! checkpoint may name any file of ours: one outside its folder is read only if the reader says so.

use crate::failure::{Failure, Outcome};
use crate::ui;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use strata_files::printable;
use strata_ml::data::Source;
use strata_ml::transformer::checkpoint::{kept_source, whole};

/// The text as the reader knows it.
pub fn shown(source: &Source) -> String {
    match source {
        Source::Stories => "stories".into(),
        Source::Book => "book".into(),
        Source::Path(path) => printable(&path.display().to_string()).into_owned(),
    }
}

/// Is this the text that the checkpoint keeps?
pub fn same(kept: &str, folder: &Path, source: &Source) -> bool {
    match (kept_source(kept, folder), source) {
        (Source::Path(kept), Source::Path(given)) => whole(&kept) == whole(given),
        (kept, given) => kept == *given,
    }
}

/// The text of a run that goes on, and was not named on the command line.
///
/// # Errors
/// It lies outside the run's folder, and nobody says that it may be read.
pub fn recalled(kept: &str, folder: &Path) -> Outcome<Source> {
    let source = kept_source(kept, folder);
    let Source::Path(path) = &source else { return Ok(source) };
    if whole(path).starts_with(whole(folder)) {
        return Ok(source);
    }
    let text = shown(&Source::Path(tidy(path)));
    let from = shown(&Source::Path(folder.to_path_buf()));
    let asked = io::stdin().is_terminal() && ui::watched();
    let question =
        format!("The checkpoint {from} asks to be trained on {text}, outside its folder. Read it?");
    if asked && ui::agree(&question, false)? {
        return Ok(source);
    }
    Err(Failure::new(format!(
        "the checkpoint {from} asks to be trained on {text}, which lies outside its folder; if that \
         is the text you mean, say so: --data {}",
        quoted(&tidy(path))
    )))
}

/// `--data PATH`, where a run that goes on would have to ask for its text.
pub fn flag(source: &Source, folder: &Path) -> String {
    match source {
        Source::Path(path) if !whole(path).starts_with(whole(folder)) => {
            format!(" --data {}", quoted(path))
        }
        _ => String::new(),
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let text = shlex::try_quote(&text).map_or_else(|_| text.clone(), |quoted| quoted.into_owned());
    printable(&text).into_owned()
}

/// The path from here on, if it leads to something.
fn tidy(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    let way = here.and_then(|here| pathdiff::diff_paths(whole(path), whole(&here)));
    way.filter(|way| !way.starts_with("../../..")).unwrap_or_else(|| whole(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use strata_ml::transformer::checkpoint::keep_source;

    #[test]
    fn a_text_outside_the_folder_is_asked_for() {
        let root = tempfile::tempdir().unwrap();
        let (run, text) = (root.path().join("runs/a"), root.path().join("novel.txt"));
        fs::create_dir_all(&run).unwrap();
        fs::write(&text, "text").unwrap();
        let path = Source::Path(text.clone());
        let way = keep_source(&path, &run);
        assert!(same(&way, &run, &path) && !same(&way, &run, &Source::Stories));
        assert!(recalled(&way, &run).is_err());
        // In the folder itself it is the run's own; a link out of it is not.
        fs::write(run.join("stories"), "text").unwrap();
        let own = keep_source(&Source::Path(run.join("stories")), &run);
        assert_eq!(recalled(&own, &run).unwrap(), Source::Path(run.join("./stories")));
        assert_eq!(recalled("stories", &run).unwrap(), Source::Stories);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&text, run.join("link")).unwrap();
            assert!(recalled("./link", &run).is_err());
        }
        for stranger in ["/etc/passwd", "../../../../etc/passwd", "./../../novel.txt", ""] {
            let refused = recalled(stranger, &run).is_err();
            assert!(refused || stranger.is_empty(), "{stranger}");
        }
    }
}
