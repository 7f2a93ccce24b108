//! What a reader is given of a solution: every file of an exercise, with stubs for the regions.

use crate::catalog::{self, Exercise};
use crate::{Result, stub};

/// All files of a reader's crate: paths below its folder, and texts.
///
/// # Errors
/// A region marker is malformed.
pub fn of(exercise: &Exercise) -> Result<Vec<(String, String)>> {
    let mut made = Vec::new();
    for (file, text) in catalog::files(exercise.name) {
        if let Some(text) = stub_of(exercise.name, file, text)? {
            made.push((file.to_string(), text));
        }
    }
    Ok(made)
}

/// All files of all readers' crates: paths below `exercises/`, and texts.
///
/// # Errors
/// The catalog or a region marker is malformed.
pub fn all() -> Result<Vec<(String, String)>> {
    let mut made = Vec::new();
    for exercise in catalog::catalog()? {
        let name = exercise.name;
        made.extend(of(exercise)?.into_iter().map(|(f, text)| (format!("{name}/{f}"), text)));
    }
    Ok(made)
}

/// A file as the reader first sees it; `None` if the exercise has no such file.
///
/// # Errors
/// A region marker is malformed.
pub fn file(exercise: &str, file: &str) -> Result<Option<String>> {
    match catalog::solution_file(exercise, file) {
        Some(text) => stub_of(exercise, file, text),
        None => Ok(None),
    }
}

/// What a file of a solution becomes; `None` if it is not for the reader.
fn stub_of(exercise: &str, file: &str, text: &str) -> Result<Option<String>> {
    if file == "exercise.toml" || file.starts_with("wrong/") {
        return Ok(None);
    }
    let text = catalog::lines_of(text);
    let text = match file.split_once('/') {
        Some(("src" | "kernels" | "shaders", _)) => {
            stub::stub(&format!("solutions/{exercise}/{file}"), &text)?
        }
        _ => text,
    };
    let library = exercise.replace('-', "_");
    let text = text
        .replace(&format!("{exercise}-solution"), exercise)
        .replace(&format!("{library}_solution"), &library);
    Ok(Some(if file == "Cargo.toml" { text.replace(", solved\"", "\"") } else { text }))
}

#[cfg(test)]
mod tests {
    use super::stub_of;

    #[test]
    fn a_solution_becomes_a_readers_crate() {
        let of = |file: &str, text: &str| stub_of("ex01-a", file, text).unwrap();
        let toml = "[package]\nname = \"ex01-a-solution\"\ndescription = \"Exercises of chapter 1, solved\"\n";
        let want = "[package]\nname = \"ex01-a\"\ndescription = \"Exercises of chapter 1\"\n";
        assert_eq!(of("Cargo.toml", toml).unwrap(), want);
        assert_eq!(of("tests/grade.rs", "use ex01_a_solution::x;").unwrap(), "use ex01_a::x;");
        assert_eq!(of("exercise.toml", ""), None);
        assert_eq!(of("wrong/a.toml", ""), None);
        let error = stub_of("ex01-a", "kernels/x/1_x.cu", "\n// exercise: end\n").unwrap_err();
        assert!(error.to_string().starts_with("solutions/ex01-a/kernels/x/1_x.cu:2: "), "{error}");
    }
}
