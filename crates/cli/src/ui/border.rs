//! The border: what leaves the program for a terminal passes here.
//!
//! A tensor's name, a generated text, a path or a driver's message may hold what a terminal would
//! obey: moving the cursor, setting the title, clearing what was said before. So every control
//! character that is written is spelled out, wherever it comes from. Only our own styles pass: a
//! [`Paint`] writes its escape code behind a mark that is drawn anew in each process, and nobody who
//! wrote a file can know it. A message that forgets all this is safe, too.

use anstyle::Style;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::sync::OnceLock;

const ESCAPE: char = '\u{1b}';

/// So much is kept back while a line is not whole yet.
const MOST_WAITING: usize = 1 << 16;

/// A style of ours. `{PAINT}` begins it, `{PAINT:#}` ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(pub Style);

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match f.alternate() {
            true => self.0.render_reset().to_string(),
            false => self.0.render().to_string(),
        };
        f.write_str(&marked(&code))
    }
}

/// What nobody outside of this process can write.
fn mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let random = || RandomState::new().build_hasher().finish();
        format!("{:016x}{:016x}", random(), random())
    })
}

/// Escape codes, each behind the mark. They may come one after another.
fn marked(codes: &str) -> String {
    codes.replace(ESCAPE, &format!("{ESCAPE}{}", mark()))
}

/// Output of a program that we started ourselves, such as cargo: its colours stay, and nothing else
/// of what a terminal would obey.
pub fn coloured_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(ESCAPE) {
        out.push_str(before);
        out.push(ESCAPE);
        rest = match colour(after) {
            Some((code, rest)) => {
                out.push_str(mark());
                out.push_str(code);
                rest
            }
            None => after,
        };
    }
    out + rest
}

/// `[1;31m` and what follows it, if the text begins with such a code.
fn colour(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let digits = inner.find(|c: char| !c.is_ascii_digit() && c != ';').filter(|&n| n <= 32)?;
    text.split_at_checked(digits + 2).filter(|(code, _)| code.ends_with('m'))
}

/// A text with everything spelled out that a terminal would obey, except for our own styles.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let ours = format!("{ESCAPE}{}", mark());
    while let Some((before, after)) = rest.split_once(&ours) {
        out.push_str(&spelled(before));
        rest = match colour(after) {
            Some((code, rest)) => {
                out.push(ESCAPE);
                out.push_str(code);
                rest
            }
            None => after,
        };
    }
    out + &spelled(rest)
}

/// Lines may end as they do on Windows.
fn spelled(text: &str) -> String {
    match text.contains("\r\n") {
        true => strata_files::printable_lines(&text.replace("\r\n", "\n")).into_owned(),
        false => strata_files::printable_lines(text).into_owned(),
    }
}

/// Somebody else's name for something, in one line, and no longer than a line should be.
pub fn name(text: &str) -> String {
    const MOST: usize = 160;
    let head: String = text.chars().take(MOST).collect();
    let shown = match head.len() < text.len() {
        true => format!("{head}… ({} bytes)", text.len()),
        false => head,
    };
    strata_files::printable(&shown).into_owned()
}

/// A message of bounded size: what it quotes may be a file of many megabytes.
pub fn message(text: &str) -> String {
    const LONGEST_LINE: usize = 2000;
    const MOST_LINES: usize = 400;
    let mut out = String::new();
    for (i, line) in text.split('\n').enumerate() {
        if i == MOST_LINES {
            let more = text.split('\n').count() - MOST_LINES;
            out.push_str(&format!("\n… ({more} more lines)"));
            break;
        }
        if i > 0 {
            out.push('\n');
        }
        let head: String = line.chars().take(LONGEST_LINE).collect();
        out.push_str(&head);
        let more = line.len() - head.len();
        if more > 0 {
            out.push_str(&format!("… ({more} bytes more)"));
        }
    }
    out
}

/// A writer that lets only safe text through, line by line.
#[derive(Debug)]
pub struct Border<W: Write> {
    inner: W,
    waiting: Vec<u8>,
}

impl<W: Write> Border<W> {
    /// In front of another writer.
    pub fn new(inner: W) -> Self {
        Border { inner, waiting: Vec::new() }
    }

    /// Passes on the first `end` bytes.
    fn pass(&mut self, end: usize) -> io::Result<()> {
        let bytes: Vec<u8> = self.waiting.drain(..end).collect();
        self.inner.write_all(safe(&String::from_utf8_lossy(&bytes)).as_bytes())
    }
}

impl<W: Write> Write for Border<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if let Some(last) = self.waiting.iter().rposition(|&byte| byte == b'\n') {
            self.pass(last + 1)?;
        } else if self.waiting.len() > MOST_WAITING {
            // Not within a character; a style that is split here is spelled out, no worse.
            let begins = |&byte: &u8| byte & 0xc0 != 0x80;
            let last = self.waiting.iter().rposition(begins).filter(|&at| at > 0);
            self.pass(last.unwrap_or(self.waiting.len()))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass(self.waiting.len())?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for Border<W> {
    fn drop(&mut self) {
        // Whoever wants to know whether it arrived has ended the line, or flushed.
        let _ = self.pass(self.waiting.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anstyle::AnsiColor;

    const RED: Paint = Paint(AnsiColor::Red.on_default().bold());

    #[test]
    fn our_styles_pass_and_nobody_elses() {
        let text = safe(&format!("{RED}wrong:{RED:#} \u{1b}[31mred\u{1b}[2J \u{9b}2J\r\n\u{7}"));
        let (begin, end) = (RED.0.render().to_string(), RED.0.render_reset().to_string());
        assert_eq!(
            text,
            format!("{begin}wrong:{end} \\u{{1b}}[31mred\\u{{1b}}[2J \\u{{9b}}2J\n\\u{{7}}")
        );
        assert_eq!(safe("\u{1b}0123456789abcdef[31m"), "\\u{1b}0123456789abcdef[31m");
        // Even the mark only lets a colour through.
        let forged = safe(&format!("\u{1b}{}]0;title\u{7}", mark()));
        assert_eq!(forged, "]0;title\\u{7}");
    }

    #[test]
    fn a_program_of_ours_may_have_colours_only() {
        let text =
            safe(&coloured_text("\u{1b}[1m\u{1b}[31mFAILED\u{1b}[0m \u{1b}[2J\u{1b}]0;x\u{7}"));
        assert_eq!(text, "\u{1b}[1m\u{1b}[31mFAILED\u{1b}[0m \\u{1b}[2J\\u{1b}]0;x\\u{7}");
        assert_eq!(coloured_text("\u{1b}"), "\u{1b}");
        assert_eq!(
            safe(&coloured_text(&format!("\u{1b}[{}m", "1".repeat(40)))).find('\u{1b}'),
            None
        );
    }

    #[test]
    fn a_style_may_come_in_pieces() {
        let whole = format!("{RED}é\u{1b}[2J{RED:#}\nrest");
        let mut out = Vec::new();
        {
            let mut border = Border::new(&mut out);
            whole.bytes().for_each(|byte| border.write_all(&[byte]).unwrap());
        }
        let once = safe(&whole);
        assert_eq!(String::from_utf8(out).unwrap(), once);
        let long = "é".repeat(100_000);
        let mut out = Vec::new();
        Border::new(&mut out).write_all(long.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), long);
    }

    #[test]
    fn names_and_messages_have_bounds() {
        assert_eq!(name("wte\n\u{1b}[2J"), "wte\\n\\u{1b}[2J");
        assert!(name(&"x".repeat(10 << 20)).len() < 200);
        assert!(message(&"x".repeat(10 << 20)).len() < 2100);
        assert!(message(&"x\n".repeat(10 << 20)).len() < 1000);
        assert_eq!(message("two\nlines\n"), "two\nlines\n");
    }
}
