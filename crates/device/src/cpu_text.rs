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

    /// The function alone, with the doc comment, comments and attributes above it. In a file as rustfmt
    /// leaves it, it ends with the first brace that stands as far in as it does.
    pub fn function(&self) -> Option<&'static str> {
        let head = format!("fn {}", self.name);
        let is_head = |line: &str| {
            let found = line.find(&head).filter(|_| !line.trim_start().starts_with("//"));
            found.is_some_and(|at| {
                let whole = line[at + head.len()..].starts_with(['(', '<']);
                whole && line[..at].chars().next_back().is_none_or(char::is_whitespace)
            })
        };
        let (mut start, mut at, mut close) = (0, 0, None);
        for line in self.text.split_inclusive('\n') {
            at += line.len();
            let inner = line.trim();
            match &close {
                None if is_head(line) => {
                    let indent = &line[..line.len() - line.trim_start().len()];
                    close = Some(format!("{indent}}}"));
                }
                // `//!` opens the file and belongs to all of it.
                None if inner.starts_with("//!") => start = at,
                None if inner.starts_with("#[") || inner.starts_with("//") => {}
                None => start = at,
                Some(close) if line.trim_end() == close => {
                    return self.text.get(start..at - (line.len() - line.trim_end().len()));
                }
                Some(_) => {}
            }
        }
        None
    }
}
