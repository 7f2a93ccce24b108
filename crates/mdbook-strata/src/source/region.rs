//! Regions: parts of a source that the prose asks for by name.

use crate::fault::{Fault, list};

/// A region of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Its first line in the file, from 1.
    pub line: usize,
    /// Its text, without the markers of regions inside it.
    pub text: String,
}

/// Regions in each other, and in a file.
const NESTED: usize = 16;
const REGIONS: usize = 500;

/// A marker: a comment on a line of its own.
enum Marker<'a> {
    Begin(&'a str),
    End(&'a str),
}

fn marker(line: &str) -> Option<Marker<'_>> {
    let line = line.trim();
    let text = line.strip_prefix("//").or_else(|| line.strip_prefix('#'))?.trim_start();
    let named = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
    if let Some(name) = text.strip_prefix("region:") {
        return Some(name.trim()).filter(|name| named(name)).map(Marker::Begin);
    }
    let name = text.strip_prefix("end:")?.trim();
    named(name).then_some(Marker::End(name))
}

/// The text without its marker lines.
pub fn strip(text: &str) -> String {
    let kept = text.lines().filter(|line| marker(line).is_none());
    kept.map(|line| format!("{line}\n")).collect()
}

/// The regions of a file; markers inside them are taken out.
///
/// # Errors
/// A region that does not end, ends without beginning, or has another's name.
pub fn all(path: &str, text: &str) -> Result<Vec<Region>, Fault> {
    let fault = |line: usize, what: String| Fault::Elsewhere { path: path.into(), line, what };
    let mut open: Vec<Region> = Vec::new();
    let mut done: Vec<Region> = Vec::new();
    let bound = |line, has: usize, most: usize, how: &str| match has > most {
        true => Err(fault(line, format!("more than {most} regions {how}"))),
        false => Ok(()),
    };
    for (i, line) in text.lines().enumerate() {
        match marker(line) {
            Some(Marker::Begin(name)) => {
                if open.iter().chain(&done).any(|r| r.name == name) {
                    return Err(fault(i + 1, format!("a second region `{name}`")));
                }
                // Each that is open keeps a copy of what stands in it.
                bound(i + 1, open.len() + 1, NESTED, "in each other")?;
                bound(i + 1, open.len() + done.len() + 1, REGIONS, "in a file")?;
                open.push(Region { name: name.into(), line: i + 2, text: String::new() });
            }
            Some(Marker::End(name)) => {
                let Some(found) = open.iter().position(|r| r.name == name) else {
                    return Err(fault(i + 1, format!("region `{name}` ends, but never began")));
                };
                done.push(open.remove(found));
            }
            None => {
                for region in &mut open {
                    region.text.push_str(line);
                    region.text.push('\n');
                }
            }
        }
    }
    match open.first() {
        Some(r) => Err(fault(r.line - 1, format!("region `{}` never ends", r.name))),
        None => Ok(done),
    }
}

/// One region, dedented.
///
/// # Errors
/// There is none of that name, or the markers are wrong.
pub fn one(path: &str, text: &str, name: &str) -> Result<String, Fault> {
    let regions = all(path, text)?;
    match regions.iter().find(|r| r.name == name) {
        Some(region) => Ok(dedent(&region.text)),
        None => Err(Fault::Unknown {
            kind: "region",
            name: format!("{name}` in `{path}"),
            have: list(regions.iter().map(|r| &r.name)),
        }),
    }
}

/// The text without the indentation that all its lines share, and without empty lines around it.
pub fn dedent(text: &str) -> String {
    let filled = || text.lines().filter(|line| !line.trim().is_empty());
    // What stands at the margin on purpose (#pragma) does not count.
    let counts = |line: &&str| !line.starts_with('#');
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let indent = filled().filter(counts).map(indent).min().unwrap_or(0);
    let unindented = |line| match str::split_at_checked(line, indent) {
        Some((margin, rest)) if margin.trim().is_empty() => rest,
        _ => line.trim_end(),
    };
    let lines: Vec<&str> = text.lines().map(unindented).collect();
    format!("{}\n", lines.join("\n").trim_start_matches('\n').trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n  // region: load\n    b\n    // region: inner\n      c\n    // end: inner\n  // end: load\nd\n";

    #[test]
    fn regions_nest_and_lose_their_indentation() {
        assert_eq!(one("x.cu", TEXT, "load").unwrap(), "b\n  c\n");
        assert_eq!(one("x.cu", TEXT, "inner").unwrap(), "c\n");
        assert_eq!(strip(TEXT), "a\n    b\n      c\nd\n");
        assert_eq!(dedent("    a\n#pragma unroll\n      b\n\n"), "a\n#pragma unroll\n  b\n");
    }

    #[test]
    fn mistakes_name_file_and_line() {
        let error = |text: &str| one("x.cu", text, "load").unwrap_err().to_string();
        let none = "there is no region `load` in `x.cu`; there are inner, lode";
        assert_eq!(error(&TEXT.replace("load", "lode")), none);
        assert_eq!(error("a\n// region: load\n"), "x.cu:2: region `load` never ends");
        assert_eq!(error("// end: load\n"), "x.cu:1: region `load` ends, but never began");
        let many: String = (0..17).map(|i| format!("// region: r{i}\n")).collect();
        assert_eq!(error(&many), "x.cu:17: more than 16 regions in each other");
        let many: String = (0..501).map(|i| format!("// region: r{i}\n// end: r{i}\n")).collect();
        assert_eq!(error(&many), "x.cu:1001: more than 500 regions in a file");
    }

    #[test]
    fn ordinary_comments_are_no_markers() {
        let text = "// end: of the road\n// region:\n";
        assert_eq!(strip(text), text);
    }
}
