//! A small lexer for the languages the book prints: enough to colour them and to find items.

use super::highlight::Language;

/// The pieces of a text and their classes; a piece without one is plain.
pub fn pieces(text: &str, language: Language) -> impl Iterator<Item = (Option<char>, &str)> {
    let (mut rest, mut before) = (text, None);
    std::iter::from_fn(move || {
        let (class, end) = piece(rest, before, language);
        let (part, after) = rest.split_at_checked(end).filter(|(part, _)| !part.is_empty())?;
        (rest, before) = (after, part.chars().next_back());
        Some((class, part))
    })
}

/// A Rust text with every character of its comments and strings made a space: what is left is code,
/// each byte where it was.
pub fn blank(text: &str) -> String {
    let hide = |c: char| if c == '\n' { "\n".to_string() } else { " ".repeat(c.len_utf8()) };
    let shown = |(class, part): (Option<char>, &str)| match class {
        Some('c' | 's') => part.chars().map(hide).collect::<String>(),
        _ => part.to_string(),
    };
    pieces(text, Language::Rust).map(shown).collect()
}

/// The first piece of a text: its class, and where it ends.
fn piece(text: &str, before: Option<char>, language: Language) -> (Option<char>, usize) {
    let mut letters = text.chars();
    let Some(c) = letters.next() else { return (None, 0) };
    let rest = letters.as_str();
    let word = || c.len_utf8() + rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let rust = language == Language::Rust;
    if text.starts_with("//") {
        return (Some('c'), text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Some('c'), comment(text, rust));
    }
    match c {
        'r' if rust && !before.is_some_and(is_name) => {
            if let Some(end) = raw(text) {
                return (Some('s'), end);
            }
        }
        '"' => return (Some('s'), quoted(text, '"')),
        '`' if language == Language::TypeScript => return (Some('s'), quoted(text, '`')),
        // In Rust `'a'` is a character and `'a` a lifetime.
        '\'' if rust => {
            let mut inner = rest.chars();
            let escaped = inner.next() == Some('\\');
            if escaped || inner.next() == Some('\'') {
                return (Some('s'), quoted(text, '\''));
            }
            return (Some('t'), word());
        }
        '\'' if language != Language::Wgsl => return (Some('s'), quoted(text, '\'')),
        '#' if language == Language::Cuda => return (Some('k'), word()),
        '#' if rust && rest.starts_with(['[', '!']) => {
            // An attribute of several lines is coloured on its first.
            let part = text.split_inclusive([']', '\n']).next().unwrap_or(text);
            return (Some('t'), part.trim_end_matches('\n').len());
        }
        '@' if language == Language::Wgsl => return (Some('t'), word()),
        _ => {}
    }
    if c.is_ascii_digit() {
        let number = text.split(|c| !(is_name(c) || c == '.')).next().unwrap_or(text);
        // `0..n` is a number and two dots.
        return (Some('n'), number.find("..").unwrap_or(number.len()));
    }
    if !is_name(c) {
        return (None, c.len_utf8());
    }
    let word = text.split(|c| !is_name(c)).next().unwrap_or(text);
    let has = |list: &str| list.split_whitespace().any(|w| w == word);
    let camel = c.is_uppercase() && word.chars().any(char::is_lowercase);
    let class = match word {
        _ if has(language.keywords()) => Some('k'),
        _ if camel || has(language.types()) => Some('t'),
        _ => None,
    };
    (class, word.len())
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a block comment; in Rust they nest.
fn comment(text: &str, nests: bool) -> usize {
    let (mut depth, mut rest) = (0, text);
    loop {
        if (nests || depth == 0)
            && let Some(inner) = rest.strip_prefix("/*")
        {
            depth += 1;
            rest = inner;
        } else if let Some(after) = rest.strip_prefix("*/") {
            depth -= 1;
            rest = after;
            if depth == 0 {
                break;
            }
        } else {
            let mut letters = rest.chars();
            if letters.next().is_none() {
                break;
            }
            rest = letters.as_str();
        }
    }
    text.len() - rest.len()
}

/// The length of a raw string, if the text begins with one.
fn raw(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('r')?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let body = rest.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(text.len(), |i| 2 + hashes + i + end.len()))
}

/// The length of what stands in quotes, with the quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            // An apostrophe in a text is not the beginning of a string.
            '\n' if quote == '\'' => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_blanked_in_place() {
        let text = "/* a /* b */ é */ let x = '\\''; r#\"}\"#; // é }";
        let blank = blank(text);
        assert_eq!(blank.len(), text.len());
        assert!(blank.contains("let x =") && !blank.contains('}'), "{blank}");
    }
}
