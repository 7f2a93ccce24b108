//! What a checkpoint keeps of its text: `stories`, `book`, or the way to a file from the folder on, so
//! that both can move together and a checkpoint that is given away tells nothing of its maker's disk.

use std::fs;
use std::path::{Component, Path, PathBuf};
use strata_data::Source;

/// What the checkpoint in `folder` keeps of a text.
pub fn keep_source(source: &Source, folder: &Path) -> String {
    let path = match source {
        Source::Stories => return "stories".into(),
        Source::Book => return "book".into(),
        Source::Path(path) => path,
    };
    let (text, from) = (whole(path), whole(folder));
    let way = pathdiff::diff_paths(&text, &from).unwrap_or(text);
    // On a system with drives there may be no way. A file that happens to be called `stories` keeps
    // its dot.
    let plain = way.is_absolute() || way.starts_with("..");
    if plain { way } else { Path::new(".").join(way) }.display().to_string()
}

/// The text that the checkpoint in `folder` keeps.
pub fn kept_source(kept: &str, folder: &Path) -> Source {
    match kept.parse() {
        Ok(Source::Path(path)) => Source::Path(folder.join(path)),
        Ok(source) => source,
    }
}

/// A path from the root on, links followed; what is not there is taken as it is written.
pub fn whole(path: &Path) -> PathBuf {
    fs::canonicalize(path)
        .or_else(|_| std::path::absolute(path).map(|path| tidied(&path)))
        .unwrap_or_else(|_| path.to_path_buf())
}

/// Without `.` and `..`, by their names alone.
fn tidied(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut way, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = way.pop(),
            part => way.push(part),
        }
        way
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_from_its_run_on() {
        let root = tempfile::tempdir().unwrap();
        let (run, text) = (root.path().join("runs/a"), root.path().join("novel.txt"));
        fs::create_dir_all(&run).unwrap();
        fs::write(&text, "text").unwrap();
        let way = keep_source(&Source::Path(text.clone()), &run);
        assert_eq!(Path::new(&way), Path::new("../../novel.txt"));
        let Source::Path(back) = kept_source(&way, &run) else { panic!("no path") };
        assert_eq!(whole(&back), whole(&text));
        fs::write(run.join("stories"), "text").unwrap();
        let own = keep_source(&Source::Path(run.join("stories")), &run);
        assert_eq!(kept_source(&own, &run), Source::Path(run.join("./stories")));
        for source in [Source::Stories, Source::Book] {
            assert_eq!(kept_source(&keep_source(&source, &run), &run), source);
        }
        // A checkpoint of before keeps whole paths.
        assert_eq!(kept_source("/a/b.txt", &run), Source::Path("/a/b.txt".into()));
    }
}
