//! Answers in Rust are safe Rust: their crates forbid unsafe code, so that an answer, which runs in its
//! judge's process, cannot reach what the judge holds. The compiler's rule has one gap, a function
//! whose body is assembly; this looks for it in the text.

use crate::{Verdict, files};
use std::path::Path;

/// What no such function can do without, however its text is put together.
const WORD: &str = "naked_asm";

/// Rejects all answers of a crate if any file in it could bring assembly in: one file may include
/// another, whatever it is called.
pub(super) fn rejected(folder: &Path) -> Option<Verdict> {
    let list = files::walk(folder).unwrap_or_default();
    let sources = list.iter().filter(|file| !file.starts_with("target/"));
    let found = sources.into_iter().find(|file| {
        let bytes = files::read(&folder.join(file)).ok().flatten().unwrap_or_default();
        bytes.windows(WORD.len()).any(|part| part == WORD.as_bytes())
    })?;
    let text = format!(
        "{found} says {WORD}: answers are safe Rust.\n  diagnosis  assembly and unsafe code are not \
         judged; the task can be solved without"
    );
    Some(Verdict::rejected("unsafe-code", text))
}

/// What an answer in Rust is not held to here, since its crate is not as it came.
pub(super) fn open(folder: &Path) -> Vec<&'static str> {
    let manifest = files::read_text(&folder.join("Cargo.toml")).ok().flatten().unwrap_or_default();
    let manifest = manifest.parse::<toml::Table>().unwrap_or_default();
    let at = |path: &[&str]| {
        let root = toml::Value::Table(manifest.clone());
        path.iter().try_fold(root, |value, name| value.get(name).cloned())
    };
    let rule = at(&["lints", "rust", "unsafe_code"]);
    let level = rule.and_then(|rule| rule.get("level").cloned().or(Some(rule)));
    let mut list = Vec::new();
    if level.is_none_or(|level| level.as_str() != Some("forbid")) {
        list.push("unsafe code (its Cargo.toml does not forbid it: the verdict could be forged)");
    }
    let built = folder.join("build.rs").exists() || at(&["package", "build"]).is_some();
    let more = ["build-dependencies", "target", "patch"].iter().any(|part| at(&[part]).is_some());
    if built || more || folder.join(".cargo").exists() {
        list.push("what cargo ran to build it (a build script, or settings of its own)");
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn assembly_is_found_wherever_it_is_put() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("src/a.rs", "include!(\"../shaders/b.wgsl\");");
        assert_eq!(rejected(folder.path()), None);
        write("target/c.rs", "naked_asm!(\"ret\")");
        assert_eq!(rejected(folder.path()), None);
        write("shaders/b.wgsl", "use core::arch::naked_asm as other;");
        assert!(matches!(rejected(folder.path()), Some(Verdict::Rejected(_))));
    }

    #[test]
    fn a_crate_that_is_not_as_it_came_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let open_with = |manifest: &str| {
            std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
            open(folder.path()).len()
        };
        let forbid = "[lints.rust]\nunsafe_code = 'forbid'\n";
        assert_eq!(open_with(forbid), 0);
        assert_eq!(open_with("lints.rust.unsafe_code = { level = 'forbid', priority = 1 }"), 0);
        for other in ["", "<<<", "[lints]\nworkspace = true", "lints.rust.unsafe_code = 'deny'"] {
            assert_eq!(open_with(other), 1, "{other}");
        }
        assert_eq!(open_with(&format!("{forbid}[package]\nbuild = 'src/a.rs'")), 1);
        std::fs::write(folder.path().join("build.rs"), "").unwrap();
        assert_eq!(open_with(forbid), 1);
        assert_eq!(open_with(""), 2);
    }

    #[test]
    fn every_exercise_forbids_unsafe_code() {
        for exercise in catalog::exercises() {
            let file = catalog::solution_file(exercise.name, "Cargo.toml").unwrap();
            let manifest = file.parse::<toml::Table>().unwrap();
            let rule = &manifest["lints"]["rust"]["unsafe_code"];
            assert_eq!(rule.as_str(), Some("forbid"), "{}", exercise.name);
        }
    }
}
