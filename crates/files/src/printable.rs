use std::borrow::Cow;
use std::fmt::Write;

/// Text that is not ours, in one line: what a terminal would obey instead of showing is spelled out
/// (`\u{1b}`), line breaks and tabs included.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, commands)
}

/// Text that is not ours, in lines: [`printable`], but line breaks and tabs stay.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| commands(c) && c != '\n' && c != '\t')
}

/// Does a terminal obey it, or would it make the text read differently from what it says? Control
/// characters, marks that turn the direction of what follows, line separators, and invisible tags.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

fn escaped(text: &str, refused: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&refused) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            _ if !refused(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(printable("\u{1b}]0;title\u{7}\r\n"), "\\u{1b}]0;title\\u{7}\\r\\n");
        assert_eq!(printable_lines("a\n\tb\u{9b}31m\r"), "a\n\tb\\u{9b}31m\\r");
        assert_eq!(printable("file\u{202e}txt.exe"), "file\\u{202e}txt.exe");
        for plain in ["", "Ünïcode 日本 🙂", "a\u{301}", "שלום"] {
            assert!(matches!(printable(plain), Cow::Borrowed(_)), "{plain}");
        }
    }
}
