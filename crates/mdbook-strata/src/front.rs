//! Front matter: what a page promises, what it takes, what it needs.

/// What stands between two lines `---` at the top of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Front {
    /// How long the page takes.
    pub minutes: Option<u32>,
    /// The chapters it needs, by number.
    pub needs: Vec<String>,
    /// What the reader will have; follows "You will have".
    pub promise: Option<String>,
}

/// Reads the front matter of a page: `None` if it has none. Beside it the number of lines it takes.
///
/// # Errors
/// The line, from 1, and what is wrong with it.
pub fn read(text: &str) -> Result<Option<(Front, usize)>, (usize, String)> {
    let mut lines = text.lines().enumerate();
    if lines.next().is_none_or(|(_, first)| first.trim_end() != "---") {
        return Ok(None);
    }
    let mut front = Front::default();
    for (i, line) in lines {
        let at = |what: String| (i + 1, what);
        let line = line.trim();
        if line == "---" {
            return Ok(Some((front, i + 1)));
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let pair = line.split_once(':');
        let (key, value) = pair.ok_or_else(|| at("front matter is written `key: value`".into()))?;
        let value = value.trim();
        match key.trim() {
            "minutes" => {
                let number = value.parse().map_err(|_| at(format!("`{value}` is no number")))?;
                front.minutes = Some(number);
            }
            "needs" => {
                let inner = value.strip_prefix('[').and_then(|v| v.strip_suffix(']'));
                let inner = inner.ok_or_else(|| at("needs is written `[01, 02]`".into()))?;
                let names = inner.split(',').map(str::trim).filter(|n| !n.is_empty());
                front.needs = names.map(|n| n.trim_matches('"').to_string()).collect();
            }
            "promise" => front.promise = Some(value.trim_matches('"').to_string()),
            key => {
                let have = "minutes, needs and promise";
                return Err(at(format!("front matter has no `{key}`; there are {have}")));
            }
        }
    }
    Err((1, "the front matter does not end: a line `---` is missing".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_lines_counted() {
        let text = "---\nminutes: 90\nneeds: [01, 02]\npromise: a fast product\n---\n# Title\n";
        let (front, lines) = read(text).unwrap().unwrap();
        assert_eq!(front.minutes, Some(90));
        assert_eq!(front.needs, ["01", "02"]);
        assert_eq!(front.promise.as_deref(), Some("a fast product"));
        assert_eq!(lines, 5);
        assert_eq!(read("# Title\n"), Ok(None));
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(read("---\nminuts: 3\n---\n").unwrap_err().0, 2);
        assert_eq!(read("---\nminutes: long\n---\n").unwrap_err().0, 2);
        assert_eq!(read("---\nneeds: 01\n---\n").unwrap_err().0, 2);
        assert_eq!(read("---\nminutes: 3\n").unwrap_err().0, 1);
    }
}
