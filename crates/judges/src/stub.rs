//! From a solution to what its reader starts from: region markers, and the stubs they leave.

use crate::{Error, Result};

/// Stands in every Rust stub: what a region leaves unused is no news to the reader.
pub const ALLOW: &str = "#![allow(unused, unreachable_code, clippy::all)]";

const BEGIN: &str = "begin, about ";
const FORMS: &str = "write `// exercise: begin, about N lines: what to do`, `// exercise: bug` or `// exercise: end`";

/// A part of a solution that the reader writes.
#[derive(Debug, Default, PartialEq)]
struct Region<'a> {
    /// The line that opens it, from one.
    line: usize,
    /// The lines that say what to do; none in a bug hunt.
    todo: Vec<String>,
    /// What stands there until the reader comes.
    stub: Vec<String>,
    /// The solution.
    body: Vec<&'a str>,
    /// Whether a hint may still go on.
    open: bool,
}

/// A solution, taken apart.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Given(&'a str),
    Region(Region<'a>),
}

/// What the reader starts from.
///
/// # Errors
/// A marker is malformed.
pub fn stub(path: &str, text: &str) -> Result<String> {
    let pieces = pieces(path, text)?;
    let mut lines: Vec<&str> = Vec::new();
    for piece in &pieces {
        match piece {
            Piece::Given(line) => lines.push(line),
            Piece::Region(region) => {
                lines.extend(region.todo.iter().chain(&region.stub).map(String::as_str));
            }
        }
    }
    let regions = pieces.iter().any(|piece| matches!(piece, Piece::Region(_)));
    if path.ends_with(".rs") && regions {
        let docs = lines.iter().take_while(|line| line.starts_with("//!")).count();
        lines.insert(docs, ALLOW);
    }
    Ok(join(&lines))
}

/// The solution without its markers.
///
/// # Errors
/// A marker is malformed.
pub fn clean(path: &str, text: &str) -> Result<String> {
    let mut lines = Vec::new();
    for piece in pieces(path, text)? {
        match piece {
            Piece::Given(line) => lines.push(line),
            Piece::Region(region) => lines.extend(region.body),
        }
    }
    Ok(join(&lines))
}

/// Whether a text has region markers, well-formed or not.
pub fn has_regions(text: &str) -> bool {
    text.lines().any(|line| !matches!(marker(line), Ok(None)))
}

fn join(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

fn pieces<'a>(path: &str, text: &'a str) -> Result<Vec<Piece<'a>>> {
    let mut pieces = Vec::new();
    let mut region: Option<Region> = None;
    for (i, line) in text.lines().enumerate() {
        let error =
            |reason: &str| Error::Marker { file: path.into(), line: i + 1, reason: reason.into() };
        let kept = line.strip_suffix(line.trim_start()).unwrap_or_default();
        match (marker(line).map_err(error)?, &mut region) {
            (Some(Marker::Begin | Marker::Bug), Some(open)) => {
                let reason =
                    format!("a region begins inside that of line {}: end it first", open.line);
                return Err(error(&reason));
            }
            (Some(Marker::Begin), None) => {
                let what = line.trim().trim_start_matches("// exercise: begin, ");
                let todo = vec![format!("{kept}// TODO, {what}")];
                region = Some(Region { line: i + 1, todo, open: true, ..Region::default() });
            }
            (Some(Marker::Bug), None) => {
                region = Some(Region { line: i + 1, ..Region::default() });
            }
            (Some(Marker::Stub(stub)), Some(region)) => {
                region.open = false;
                let line = format!("{kept}{stub}");
                region.stub.push(line.trim_end().to_string());
            }
            (Some(Marker::End), Some(open)) => {
                if open.body.is_empty() {
                    return Err(error("the region holds no line of the solution"));
                }
                pieces.extend(region.take().map(Piece::Region));
            }
            (Some(Marker::Stub(_)), None) => {
                return Err(error("`stub:` stands outside of a region"));
            }
            (Some(Marker::End), None) => {
                return Err(error("`exercise: end` without a beginning"));
            }
            (None, Some(region)) if region.open && line.trim_start().starts_with("//   ") => {
                region.todo.push(line.trim_end().to_string());
            }
            (None, Some(region)) => {
                region.open = false;
                region.body.push(line);
            }
            (None, None) => pieces.push(Piece::Given(line)),
        }
    }
    match region {
        Some(Region { line, .. }) => Err(Error::Marker {
            file: path.into(),
            line,
            reason: "the region that begins here has no `// exercise: end`".into(),
        }),
        None => Ok(pieces),
    }
}

#[derive(Debug, PartialEq)]
enum Marker<'a> {
    Begin,
    Bug,
    Stub(&'a str),
    End,
}

fn marker(line: &str) -> Result<Option<Marker<'_>>, &'static str> {
    let line = line.trim();
    if let Some(stub) = line.strip_prefix("// stub:") {
        return Ok(Some(Marker::Stub(stub.strip_prefix(' ').unwrap_or(stub))));
    }
    if let Some(word) = line.strip_prefix("// exercise: ") {
        return match word {
            "bug" => Ok(Some(Marker::Bug)),
            "end" => Ok(Some(Marker::End)),
            _ if begins(word) => Ok(Some(Marker::Begin)),
            _ => Err(FORMS),
        };
    }
    // What comes close is a slip: silently kept, it would hand out the solution.
    let comment = line.starts_with("//") || line.starts_with("/*");
    let word = line.trim_start_matches(['/', '*', '!']).trim_start();
    if comment && word.starts_with("stub:") {
        return Err("write `// stub: a line of the stub`");
    }
    if comment && word.starts_with("exercise:") {
        return Err(FORMS);
    }
    if ["// exercise:", "//exercise:", "// stub:", "//stub:"].iter().any(|m| line.contains(m)) {
        return Err("a marker stands alone on its line");
    }
    Ok(None)
}

/// Whether it is `begin, about 6 lines: what to do`.
fn begins(word: &str) -> bool {
    let Some((count, rest)) = word.strip_prefix(BEGIN).and_then(|rest| rest.split_once(' ')) else {
        return false;
    };
    let what = rest.strip_prefix("lines: ").or_else(|| rest.strip_prefix("line: "));
    count.parse::<u32>().is_ok_and(|n| n > 0) && what.is_some_and(|what| !what.trim().is_empty())
}

/// Lines of the solution that the reader has to find: each is in a region and nowhere else.
#[cfg(test)]
pub(crate) fn secrets(path: &str, text: &str) -> Vec<String> {
    let pieces = pieces(path, text).unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut secret: Vec<&str> = Vec::new();
    for piece in &pieces {
        match piece {
            Piece::Given(line) => open.push(line.trim()),
            Piece::Region(region) => {
                open.extend(region.todo.iter().chain(&region.stub).map(|line| line.trim()));
                secret.extend(region.body.iter().map(|line| line.trim()));
            }
        }
    }
    secret.retain(|line| !line.is_empty() && !open.contains(line));
    secret.into_iter().map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLUTION: &str = "//! Sums.\n//! Of numbers.\n\nuse std::ops::Add;\n\nfn sum(x: &[u32]) -> u32 {\n    // exercise: begin, about 2 lines: Add them up.\n    //   From the left.\n    // stub: let nothing = 0;\n    // stub:\n    // stub:   todo!(\"add\")\n    //   Not a hint any more.\n    x.iter().sum()\n    // exercise: end\n}\n";

    #[test]
    fn a_stub_has_the_hint_and_the_stub_lines_and_nothing_of_the_solution() {
        let stub = stub("src/sum.rs", SOLUTION).unwrap();
        let want = format!(
            "//! Sums.\n//! Of numbers.\n{ALLOW}\n\nuse std::ops::Add;\n\nfn sum(x: &[u32]) -> u32 {{\n    // TODO, about 2 lines: Add them up.\n    //   From the left.\n    let nothing = 0;\n\n      todo!(\"add\")\n}}\n"
        );
        assert_eq!(stub, want);
        assert_eq!(secrets("", SOLUTION), ["//   Not a hint any more.", "x.iter().sum()"]);
    }

    #[test]
    fn a_clean_solution_has_no_markers() {
        let clean = clean("src/sum.rs", SOLUTION).unwrap();
        assert_eq!(
            clean,
            "//! Sums.\n//! Of numbers.\n\nuse std::ops::Add;\n\nfn sum(x: &[u32]) -> u32 {\n    //   Not a hint any more.\n    x.iter().sum()\n}\n"
        );
        assert_eq!(super::clean("src/sum.rs", &clean).unwrap(), clean);
        assert_eq!(super::stub("src/sum.rs", &clean).unwrap(), clean);
    }

    #[test]
    fn a_bug_hunt_betrays_nothing() {
        let text = "a\n  // exercise: bug\n  // stub: x < n\n  x <= n\n  // exercise: end\nb\r\n";
        assert_eq!(stub("k.wgsl", text).unwrap(), "a\n  x < n\nb\n");
        assert_eq!(clean("k.wgsl", text).unwrap(), "a\n  x <= n\nb\n");
        let deletion = "// exercise: bug\nbarrier();\n// exercise: end\n";
        assert_eq!(stub("k.cu", deletion).unwrap(), "");
    }

    #[test]
    fn several_regions_stay_apart() {
        let region = |n: u32| {
            format!(
                "// exercise: begin, about 1 line: {n}.\n// stub: s{n}\nb{n}\n// exercise: end\n"
            )
        };
        let text = format!("{}between\n{}", region(1), region(2));
        let want = "// TODO, about 1 line: 1.\ns1\nbetween\n// TODO, about 1 line: 2.\ns2\n";
        assert_eq!(stub("k.cu", &text).unwrap(), want);
        assert_eq!(clean("k.cu", &text).unwrap(), "b1\nbetween\nb2\n");
    }

    #[test]
    fn malformed_markers_name_file_and_line() {
        let begin = "// exercise: begin, about 6 lines: Do.";
        let cases = [
            (format!("a\n{begin}\nb\n"), 2, "no `// exercise: end`"),
            (format!("{begin}\nb\n{begin}\n// exercise: end\n"), 3, "inside that of line 1"),
            (format!("{begin}\nb\n// exercise: bug\n// exercise: end\n"), 3, "inside"),
            ("a\n// exercise: end\n".into(), 2, "without a beginning"),
            ("a\n\n  // stub: b\n".into(), 3, "outside of a region"),
            (format!("{begin}\n// stub: b\n// exercise: end\n"), 3, "no line of the solution"),
            ("// exercise: begin\n".into(), 1, "about N lines"),
            ("// exercise: begin, about 6 lines\n".into(), 1, "about N lines"),
            ("// exercise: begin, about six lines: Do.\n".into(), 1, "about N lines"),
            ("// exercise: begin, about 0 lines: Do.\n".into(), 1, "about N lines"),
            ("// exercise: start\n".into(), 1, "about N lines"),
            ("//exercise: bug\n".into(), 1, "about N lines"),
            ("/// exercise: bug\n".into(), 1, "about N lines"),
            ("//stub: x\n".into(), 1, "write `// stub:"),
            ("f(); // exercise: end\n".into(), 1, "alone on its line"),
        ];
        for (text, line, reason) in cases {
            let error = stub("src/a.rs", &text).unwrap_err();
            assert_eq!(clean("src/a.rs", &text).unwrap_err(), error);
            let said = error.to_string();
            assert!(said.starts_with(&format!("src/a.rs:{line}: ")), "{text:?}: {said}");
            assert!(said.contains(reason), "{text:?}: {said}");
        }
    }
}
