//! Small words: `ex03`, `30 min`, `━━━╸───`, and paths as one would type them.

use std::path::{Component, Path, PathBuf};
use strata_grader::catalog::{Exercise, Kind, Task};

/// `ex03`
pub fn number(exercise: &Exercise) -> &'static str {
    exercise.name.split('-').next().unwrap_or(exercise.name)
}

/// `Rust`, `kernel`, `kernel, the engine's own`, `kernel, bug hunt`
pub fn kind(task: &Task) -> String {
    let word = match task.kind {
        Kind::Rust => "Rust",
        Kind::Kernel => "kernel",
    };
    let more = match (task.bug, &task.contract) {
        (true, _) => ", bug hunt",
        (false, Some(_)) => ", the engine's own",
        (false, None) => "",
    };
    format!("{word}{more}")
}

/// `45 min`, `3 h 20 min`
pub fn minutes(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, m) => format!("{m} min"),
        (h, 0) => format!("{h} h"),
        (h, m) => format!("{h} h {m:02} min"),
    }
}

/// `1 task`, `2 tasks`
pub fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// `a`, `a or b`, `a, b or c`
pub fn one_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A bar of `width` columns: what is done, and what is not.
pub fn bar(done: usize, all: usize, width: usize) -> (String, String) {
    let full = (done * width).checked_div(all).unwrap_or(0);
    // A start is visible, and nothing looks finished that is not.
    let full = if done > 0 { full.clamp(1, width) } else { 0 };
    let full = if done < all { full.min(width.saturating_sub(1)) } else { full };
    ("━".repeat(full), "─".repeat(width - full))
}

/// A path as one would type it here, or click on it.
pub fn shown(path: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(here) => relative(path, &here).unwrap_or_else(|| path.to_path_buf()),
        Err(_) => path.to_path_buf(),
    }
}

/// The way from one folder to a path, if it is a short one.
fn relative(path: &Path, from: &Path) -> Option<PathBuf> {
    let common = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count() - common;
    let real = |c: &Component| matches!(c, Component::Normal(_));
    if common == 0 || up > 4 || !path.components().take(common).any(|c| real(&c)) {
        return None;
    }
    let way = std::iter::repeat_n(Component::ParentDir, up);
    let way: PathBuf = way.chain(path.components().skip(common)).collect();
    Some(if way.as_os_str().is_empty() { ".".into() } else { way })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_honest_at_both_ends() {
        let count = |done, all| bar(done, all, 10).0.chars().count();
        assert_eq!([count(0, 40), count(1, 40), count(39, 40), count(40, 40)], [0, 1, 9, 10]);
        assert_eq!(bar(0, 0, 3), (String::new(), "───".into()));
    }

    #[test]
    fn times_and_lists_read_well() {
        assert_eq!([minutes(5), minutes(60), minutes(125)], ["5 min", "1 h", "2 h 05 min"]);
        let list = |n: usize| one_of(&["a", "b", "c"].map(String::from)[..n]);
        assert_eq!([list(0), list(1), list(2), list(3)], ["", "a", "a or b", "a, b or c"]);
        assert_eq!([plural(1, "hint"), plural(0, "hint")], ["1 hint", "0 hints"]);
    }

    #[test]
    #[cfg(unix)]
    fn paths_are_those_one_would_type() {
        let from = |path: &str, here: &str| relative(Path::new(path), Path::new(here));
        let is = |way: &str| Some(PathBuf::from(way));
        assert_eq!(from("/a/b/c", "/a"), is("b/c"));
        assert_eq!(from("/a/b/c", "/a/d/e"), is("../../b/c"));
        assert_eq!(from("/a/b", "/a/b"), is("."));
        assert_eq!(from("/a/b", "/c/d"), None, "only the root in common");
    }
}
