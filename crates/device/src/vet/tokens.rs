//! A kernel's text, word by word, without recursion: what every other check counts.
use super::{Fault, fault};

/// The languages differ in comments and strings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    Wgsl,
    Cuda,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number with its suffix.
    Number,
    /// One character of punctuation.
    Sign,
    /// A string or a character in quotes (CUDA).
    Text,
}

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// From 1.
    pub(super) line: usize,
    /// Nothing but blanks and comments stand before it on its line. A line that `\` joins to the one
    /// before has no first token.
    pub(super) first: bool,
    /// Nothing stands between it and the token before.
    pub(super) glued: bool,
}

impl Token<'_> {
    /// Whether it is this sign or word.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text && self.kind != Kind::Text
    }
}

/// The tokens of a text.
///
/// # Errors
/// More than `most` of them, a name or number of endless length, a control character, a comment or
/// string without an end, or a way of writing that would hide from these checks what a compiler sees.
pub(super) fn tokens(text: &str, tongue: Tongue, most: usize) -> Result<Vec<Token<'_>>, Fault> {
    let mut scan = Scan { text, at: 0, line: 1, first: true, glued: false, tongue };
    let mut list = Vec::new();
    while let Some(token) = scan.next()? {
        if list.len() == most {
            return Err(fault(
                token.line,
                format!("the file has more than {most} words and signs"),
            ));
        }
        list.push(token);
    }
    Ok(list)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    first: bool,
    glued: bool,
    tongue: Tongue,
}

/// Names and numbers longer than this are no kernel's.
const LONGEST: usize = 256;

impl<'a> Scan<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>, Fault> {
        self.blanks()?;
        let (start, line) = (self.at, self.line);
        let Some(c) = self.peek(0) else { return Ok(None) };
        let kind = match c {
            '"' | '\'' if self.tongue == Tongue::Cuda => {
                self.quoted(c)?;
                Kind::Text
            }
            c if c.is_ascii_digit() || (c == '.' && self.peek(1).is_some_and(is_digit)) => {
                self.number();
                Kind::Number
            }
            c if is_word(c) => {
                while self.peek(0).is_some_and(is_word) {
                    self.bump();
                }
                Kind::Word
            }
            _ => {
                self.bump();
                Kind::Sign
            }
        };
        let text = self.text.get(start..self.at).unwrap_or_default();
        if kind != Kind::Text && text.len() > LONGEST {
            let what =
                format!("a name or number of {} characters; {LONGEST} are the most", text.len());
            return Err(fault(line, what));
        }
        let token = Token { kind, text, line, first: self.first, glued: self.glued };
        (self.first, self.glued) = (false, true);
        Ok(Some(token))
    }

    /// What is not read yet: `at` moves by whole characters, so there always is a rest.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, n: usize) -> Option<char> {
        self.rest().chars().nth(n)
    }

    fn bump(&mut self) {
        let Some(c) = self.peek(0) else { return };
        self.at += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
    }

    /// Digits, letters, dots, and the sign of an exponent: as greedy as a preprocessor's number.
    fn number(&mut self) {
        let hex = self.rest().starts_with("0x") || self.rest().starts_with("0X");
        while let Some(c) = self.peek(0) {
            let exponent = matches!((hex, c), (true, 'p' | 'P') | (false, 'e' | 'E'));
            if exponent && matches!(self.peek(1), Some('+' | '-')) {
                self.bump();
                self.bump();
            } else if c == '.' || is_word(c) || (c == '\'' && self.digits_go_on()) {
                self.bump();
            } else {
                break;
            }
        }
    }

    /// `1'000` is one number in C++.
    fn digits_go_on(&self) -> bool {
        self.tongue == Tongue::Cuda && self.peek(1).is_some_and(|c| c.is_ascii_alphanumeric())
    }

    fn quoted(&mut self, quote: char) -> Result<(), Fault> {
        let line = self.line;
        self.bump();
        while let Some(c) = self.peek(0) {
            if c == '\n' || (c == '\\' && matches!(self.peek(1), Some('\n' | '\r'))) {
                break;
            }
            self.printable(c)?;
            self.bump();
            if c == quote {
                return Ok(());
            }
            if c == '\\' {
                self.bump();
            }
        }
        Err(fault(line, "a string or character has no end on its line"))
    }

    /// Skips blanks and comments.
    fn blanks(&mut self) -> Result<(), Fault> {
        while let Some(c) = self.peek(0) {
            let next = self.peek(1);
            match c {
                '\n' => {
                    self.bump();
                    (self.first, self.glued) = (true, false);
                }
                '\\' if self.tongue == Tongue::Cuda && matches!(next, Some('\n' | '\r')) => {
                    self.splice()?;
                }
                '/' if next == Some('/') => self.line_comment()?,
                '/' if next == Some('*') => self.block_comment()?,
                ' ' | '\t' | '\r' => {
                    self.printable(c)?;
                    self.bump();
                    self.glued = false;
                }
                c => return self.printable(c),
            }
        }
        Ok(())
    }

    /// A `\` at the end of a line joins it to the next. Only after a blank: it must not glue the
    /// halves of a word or of a comment's mark together, which the other checks would miss.
    fn splice(&mut self) -> Result<(), Fault> {
        if !self.text.get(..self.at).is_some_and(|before| before.ends_with([' ', '\t'])) {
            return Err(fault(self.line, "write a blank before the `\\` that ends this line"));
        }
        self.bump();
        if self.peek(0) == Some('\r') {
            self.bump();
        }
        if self.peek(0) == Some('\n') {
            self.bump();
        }
        self.glued = false;
        Ok(())
    }

    fn line_comment(&mut self) -> Result<(), Fault> {
        let mut before = ' ';
        while let Some(c) = self.peek(0) {
            if c == '\n' {
                let joined = before == '\\' && self.tongue == Tongue::Cuda;
                if !joined {
                    break;
                }
            }
            if c != '\n' {
                self.printable(c)?;
            }
            if c != '\r' {
                before = c;
            }
            self.bump();
        }
        self.glued = false;
        Ok(())
    }

    /// WGSL's nest, C's do not.
    fn block_comment(&mut self) -> Result<(), Fault> {
        let (line, mut open) = (self.line, 0usize);
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('*')) if open == 0 || self.tongue == Tongue::Wgsl => {
                    open += 1;
                    self.at += 2;
                }
                ('*', Some('/')) => {
                    open -= 1;
                    self.at += 2;
                    if open == 0 {
                        self.glued = false;
                        return Ok(());
                    }
                }
                ('\n', _) => self.bump(),
                (c, _) => {
                    self.printable(c)?;
                    self.bump();
                }
            }
        }
        Err(fault(line, "a comment has no end"))
    }

    /// Control characters do nothing in a kernel, and a message that quotes them would do things to
    /// the reader's terminal. Other ends of a line than the usual would end a comment for a compiler
    /// and not for us.
    fn printable(&self, c: char) -> Result<(), Fault> {
        let plain = match c {
            '\t' => true,
            '\r' => matches!(self.peek(1), None | Some('\n')),
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
            c => !c.is_control(),
        };
        match !plain {
            true => {
                let text = format!("a control character ({}) stands here", c.escape_unicode());
                Err(fault(self.line, text))
            }
            false => Ok(()),
        }
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, tongue: Tongue) -> Result<Vec<String>, String> {
        let list = tokens(text, tongue, 100).map_err(|f| f.to_string())?;
        Ok(list.iter().map(|t| t.text.to_string()).collect())
    }

    #[test]
    fn words_signs_numbers_and_comments() {
        let text = "let x = 1.5e-3f + .5; // no + here\n/* one /* two */ still */ a.b";
        let want = ["let", "x", "=", "1.5e-3f", "+", ".5", ";", "a", ".", "b"];
        assert_eq!(words(text, Tongue::Wgsl).unwrap(), want);
        let text = "f(\"a \\\" b\", 'c', 0x1p-3) /* one /* two */ x // y \\\n still\nz";
        let want = ["f", "(", "\"a \\\" b\"", ",", "'c'", ",", "0x1p-3", ")", "x", "z"];
        assert_eq!(words(text, Tongue::Cuda).unwrap(), want);
    }

    #[test]
    fn lines_and_firsts() {
        let list = tokens("a b\n  c /* x\n y */ d\n#e \\\n f", Tongue::Cuda, 100).unwrap();
        let seen: Vec<_> = list.iter().map(|t| (t.text, t.line, t.first)).collect();
        let want = [
            ("a", 1, true),
            ("b", 1, false),
            ("c", 2, true),
            ("d", 3, false),
            ("#", 4, true),
            ("e", 4, false),
            ("f", 5, false),
        ];
        assert_eq!(seen, want);
    }

    #[test]
    fn what_hides_is_refused() {
        let bad = |text: &str, tongue| words(text, tongue).unwrap_err();
        assert!(bad("/* a /* b */", Tongue::Wgsl).contains("no end"));
        assert!(bad("x\n\u{1b}[2J", Tongue::Wgsl).contains("line 2"));
        assert!(bad("// \u{1b}[2J", Tongue::Cuda).contains("control character"));
        assert!(bad("#inc\\\nlude <x>", Tongue::Cuda).contains("blank before"));
        assert!(bad("\"open\nx", Tongue::Cuda).contains("no end on its line"));
        assert!(bad(&"x".repeat(300), Tongue::Wgsl).contains("300 characters"));
        assert!(bad(&"x ".repeat(101), Tongue::Wgsl).contains("more than 100"));
    }
}
