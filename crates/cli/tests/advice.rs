//! A library is called from Rust, from TypeScript and from a page, where there are no flags: what to type
//! is for the command to say (`src/flags.rs`), and none of their texts may.
use std::fs;
use std::path::{Path, PathBuf};

const LIBRARIES: [&str; 12] = [
    "crates/bindings",
    "crates/check",
    "crates/device",
    "crates/embed",
    "crates/files",
    "crates/judges",
    "crates/lanes",
    "crates/mdbook-strata",
    "crates/node",
    "crates/parity",
    "crates/shapes",
    "crates/strata",
];

/// Files whose dashes are no flags of ours, and what is said to a terminal by whoever runs there.
const OTHERS: [(&str, &str); 7] = [
    ("crates/device/src/cuda/compile.rs", "NVRTC's options"),
    ("crates/device/src/cuda/nvrtc.rs", "NVRTC's options"),
    ("crates/mdbook-strata/src/api.rs", "cargo's flags"),
    ("crates/mdbook-strata/src/directive/ladder.rs", "colours of a style sheet"),
    ("crates/mdbook-strata/src/directive/refs.rs", "what a page tells its reader to type"),
    ("crates/mdbook-strata/src/figures/svg.rs", "colours of a style sheet"),
    ("crates/mdbook-strata/src/main.rs", "the command itself"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => sources(&path, found),
            path if path.extension().is_some_and(|e| e == "rs") => found.push(path),
            _ => {}
        }
    }
}

/// Whether the line speaks of a flag or of a verb of ours.
fn advises(line: &str) -> bool {
    let flag = line.match_indices("--").any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let joined = before.is_some_and(|c| c == '-' || c.is_alphanumeric());
        !joined && line[at + 2..].starts_with(|c: char| c.is_ascii_lowercase())
    });
    flag || line.contains("cargo strata")
}

#[test]
fn libraries_know_no_flags() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for chapter in fs::read_dir(root.join("chapters")).unwrap().flatten() {
        sources(&chapter.path().join("src"), &mut found);
    }
    for library in LIBRARIES {
        sources(&root.join(library).join("src"), &mut found);
    }
    assert!(found.len() > 200, "{}", found.len());
    let mut wrong = Vec::new();
    for path in found {
        let name = path.strip_prefix(&root).unwrap().display().to_string().replace('\\', "/");
        // A demo is printed by the command, and says how to go on.
        if OTHERS.iter().any(|(other, _)| *other == name) || name.ends_with("/demo.rs") {
            continue;
        }
        // As git checks it out elsewhere.
        let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let said = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        wrong.extend(said.filter(|l| advises(l)).map(|line| format!("{name}: {}", line.trim())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
