//! The Rust text of a CPU kernel, for looking at: the function pointer has none.

/// Where a kernel's CPU body is written, and what is written there.
#[derive(Clone, Copy, Debug)]
pub struct CpuText {
    /// The function's name.
    pub name: &'static str,
    /// The file's place in its crate.
    pub file: &'static str,
    /// A file of the same crate, as the compiler saw it from the repository's root.
    pub beside: &'static str,
    /// The whole file.
    pub text: &'static str,
}

/// The [`CpuText`] of a function: `cpu_text!("src/cpu/copy.rs", cpu::copy)`, with the file's place in
/// the crate and the function.
#[macro_export]
macro_rules! cpu_text {
    ($file:literal, $($part:ident)::+) => {
        $crate::CpuText {
            name: $crate::CpuText::last(stringify!($($part)::+)),
            file: $file,
            beside: file!(),
            // By the manifest's folder and not the repository's: crates are published one by one.
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $file)),
        }
    };
}

impl CpuText {
    /// The last name of a path of modules.
    pub const fn last(path: &'static str) -> &'static str {
        let bytes = path.as_bytes();
        let mut at = bytes.len();
        while at > 0 && !matches!(bytes[at - 1], b':' | b' ') {
            at -= 1;
        }
        path.split_at(at).1
    }

    /// The file's path in the repository.
    pub fn path(&self) -> String {
        let folder = self.beside.split("/src/").next().unwrap_or_default();
        format!("{folder}/{}", self.file)
    }

    /// The function alone, with the doc comment, comments and attributes above it.
    pub fn function(&self) -> Option<&'static str> {
        let start = self.start()?;
        let mut open = 0usize;
        // Braces of const generics stand inside brackets or parentheses: the body's do not.
        let mut inside = 0usize;
        for (at, c) in code(self.text).filter(|(at, _)| *at >= start) {
            match c {
                '(' | '[' if open == 0 => inside += 1,
                ')' | ']' if open == 0 => inside = inside.saturating_sub(1),
                '{' if inside == 0 => open += 1,
                '}' if inside == 0 && open == 1 => {
                    return self.text.get(self.above(start)..=at);
                }
                '}' if inside == 0 => open = open.saturating_sub(1),
                _ => {}
            }
        }
        None
    }

    /// Where `fn name` stands.
    fn start(&self) -> Option<usize> {
        let word = format!("fn {}", self.name);
        code(self.text).map(|(at, _)| at).find(|&at| {
            let (before, rest) = self.text.split_at(at);
            let whole = rest.strip_prefix(&word).is_some_and(|rest| rest.starts_with(['(', '<']));
            whole && before.chars().next_back().is_none_or(char::is_whitespace)
        })
    }

    /// Where the function's first line begins, with the comments and attributes that belong to it.
    fn above(&self, at: usize) -> usize {
        let line_start = |at: usize| self.text[..at].rfind('\n').map_or(0, |i| i + 1);
        let mut start = line_start(at);
        while start > 0 {
            let previous = line_start(start - 1);
            let line = self.text[previous..start].trim_start();
            // `//!` opens the file and belongs to all of it.
            let belongs = line.starts_with("#[") || line.starts_with("//");
            if !belongs || line.starts_with("//!") {
                break;
            }
            start = previous;
        }
        start
    }
}

/// The characters of a Rust text that are code: no comments, and nothing of a string or character
/// but its first quote.
fn code(text: &'static str) -> impl Iterator<Item = (usize, char)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = &text[at..];
            let here = at;
            let first = rest.chars().next()?;
            if rest.starts_with("//") {
                at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                at += comment(rest);
            } else {
                at += literal(rest, text[..at].chars().next_back()).unwrap_or(first.len_utf8());
                return Some((here, first));
            }
        }
    })
}

/// The length of the block comment that `text` begins with; they nest.
fn comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while let Some(first) = text[at..].chars().next() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += first.len_utf8();
        }
    }
    at
}

/// The length of the string or character literal that `text` begins with, if it does.
fn literal(text: &str, before: Option<char>) -> Option<usize> {
    let hashes = text.strip_prefix('r').map(|t| t.len() - t.trim_start_matches('#').len());
    // `br"` and `cr"` come here at their `r`; after any other letter it is the end of a name.
    let word = |c: char| c.is_alphanumeric() && !matches!(c, 'b' | 'c') || c == '_';
    let raw = |&n: &usize| !before.is_some_and(word) && text[1 + n..].starts_with('"');
    if let Some(n) = hashes.filter(raw) {
        let end = format!("\"{}", "#".repeat(n));
        let body = 2 + n;
        return Some(text[body..].find(&end).map_or(text.len(), |i| body + i + end.len()));
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    if quote == '\'' {
        // `'a'` and `'\n'` are characters, `'a` is a lifetime.
        let mut inner = text[1..].chars();
        let escaped = inner.next() == Some('\\');
        if !escaped && inner.next() != Some('\'') {
            return None;
        }
    }
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(i + 1),
            _ => {}
        }
    }
    Some(text.len())
}
