//! A page: its source with the directives and equations replaced, line by line, so that what stands
//! in line 12 stood in line 12.

use crate::directive::{self, Context, Output, code};
use crate::fault::{Error, Fault, Problem};
use crate::front::{self, Front};
use crate::lint;
use crate::math::Math;
use crate::source::highlight::Language;
use crate::tree::Tree;
use std::cell::Cell;
use std::path::Path;

/// The bytes of a page; the longest has 60 kB.
pub(crate) const MOST: usize = 256 << 10;
/// Directives and equations of a page, bytes of what they become, and problems that are told.
const DIRECTIVES: usize = 1000;
const EQUATIONS: usize = 3000;
/// The bytes of a directive.
const DIRECTIVE: usize = 2000;
const BECOMES: usize = 16 << 20;
pub(crate) const TOLD: usize = 200;

/// A page as the book lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its name in the outline.
    pub title: String,
    /// Its number in the outline, if it has one.
    pub number: Option<String>,
    /// Its file below the book's `src`.
    pub file: String,
    /// Its file in the repository.
    pub path: String,
    /// Its front matter.
    pub front: Front,
    /// Whether it has front matter.
    pub has_front: bool,
    /// Its text.
    pub text: String,
    /// The lines that the front matter takes.
    pub skip: usize,
}

impl Page {
    /// The page's address, from the book's root.
    pub fn link(&self) -> String {
        format!("{}.html", self.file.trim_end_matches(".md"))
    }

    /// The chapter's two digits, if the page is one: `03` of `03-matmul.md`.
    pub fn chapter(&self) -> Option<&str> {
        let (digits, _) = self.file.split_once('-')?;
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
    }

    /// Something wrong in a line of the page.
    pub fn problem(&self, line: usize, what: impl ToString) -> Problem {
        Problem { file: self.path.clone(), line, what: what.to_string() }
    }
}

/// A page whose directives were run.
#[derive(Clone, Debug, Default)]
pub struct Expanded {
    /// The Markdown, with a place holder where HTML goes.
    pub text: String,
    /// The HTML that goes there: the place holder's key and the HTML.
    pub pieces: Vec<(String, String)>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// The text of a page, as it came from a file: its ends of lines are `\n` from here on.
///
/// # Errors
/// The line, from 1, and what is wrong: it is too large, or no UTF-8.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, (usize, String)> {
    if bytes.len() > MOST {
        return Err((1, format!("the page has {} bytes, and at most {MOST} are set", bytes.len())));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = good.filter(|byte| **byte == b'\n').count() + 1;
        (line, "what stands here is not UTF-8".to_string())
    })?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// A page from its bytes alone, as the only page of a book in a tree: its front matter is read, its
/// directives are run, its prose is looked through. Commands are not run.
///
/// # Errors
/// All that is wrong with it, with its line.
pub fn from_bytes(tree: &Tree, bytes: &[u8]) -> Result<Expanded, Error> {
    let mut page =
        Page { file: "01-page.md".into(), path: "book/src/01-page.md".into(), ..Page::default() };
    let mut problems = Vec::new();
    match text(bytes.to_vec()) {
        Ok(text) => page.text = text,
        Err((line, what)) => return Err(Error::Problems(vec![page.problem(line, what)])),
    }
    match front::read(&page.text) {
        Ok(Some((front, skip))) => (page.front, page.has_front, page.skip) = (front, true, skip),
        Ok(None) => {}
        Err((line, what)) => problems.push(page.problem(line, what)),
    }
    let (ladders, ids, book) = (strata_ml::ladders(), Cell::new(0), tree.root().join("book"));
    let (pages, ladders) = (std::slice::from_ref(&page), ladders.as_slice());
    let context = Context { tree, book: Path::new(&book), pages, page: &page, ladders, ids: &ids };
    let expanded = expand(&context, &Math::default());
    problems.extend(expanded.problems.iter().cloned());
    problems.extend(lint::page(&page, &expanded.text));
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Ok(expanded) } else { Err(Error::Problems(problems)) }
}

/// Runs a page's directives and sets its equations.
pub fn expand(context: &Context<'_>, math: &Math) -> Expanded {
    let text = &context.page.text;
    let out = Expanded::default();
    let mut walk =
        Walk { context, math, out, text, at: 0, line: 1, directives: 0, equations: 0, bytes: 0 };
    // Front matter leaves empty lines behind: line numbers stay.
    for _ in 0..context.page.skip {
        walk.skip_line();
    }
    walk.page();
    walk.out
}

struct Walk<'a> {
    context: &'a Context<'a>,
    math: &'a Math,
    out: Expanded,
    text: &'a str,
    /// Always at the beginning of a character: it moves by whole pieces of the text.
    at: usize,
    line: usize,
    directives: usize,
    equations: usize,
    /// Of all pieces together.
    bytes: usize,
}

impl<'a> Walk<'a> {
    #[expect(clippy::string_slice, reason = "`at` moves by what `advance` took from here")]
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').map_or(self.rest().len(), |i| i + 1);
        self.out.text.push('\n');
        self.line += 1;
    }

    /// Passes `length` bytes on as they are.
    fn copy(&mut self, length: usize) {
        let part = self.advance(length);
        self.out.text.push_str(part);
    }

    /// Goes on behind `length` bytes, and answers what they are.
    #[expect(clippy::string_slice, reason = "all lengths are of marks and texts found in `rest`")]
    fn advance(&mut self, length: usize) -> &'a str {
        let part = &self.rest()[..length];
        self.line += part.matches('\n').count();
        self.at += length;
        part
    }

    fn fault(&mut self, what: impl ToString) {
        let problem = self.context.page.problem(self.line, what);
        // Who reads so many mends the first ones first.
        if self.out.problems.len() < TOLD {
            self.out.problems.push(problem);
        }
    }

    fn page(&mut self) {
        let mut line_start = true;
        while let Some(c) = self.rest().chars().next() {
            let rest = self.rest();
            if line_start && self.fence() {
                continue;
            }
            line_start = c == '\n';
            if rest.starts_with("\\{{#") || rest.starts_with("\\$") {
                self.advance(1);
                self.copy(if rest.starts_with("\\$") { "$".len() } else { "{{#".len() });
            } else if c == '`' {
                self.code_span();
            } else if rest.starts_with("{{#") {
                self.directive();
            } else if c == '$' {
                self.equation();
            } else {
                self.copy(c.len_utf8());
            }
        }
    }

    /// Colours a fenced block, if one begins here.
    fn fence(&mut self) -> bool {
        let rest = self.rest();
        let opening = first_line(rest);
        let bare = opening.trim_start();
        let mark = if bare.starts_with("```") { '`' } else { '~' };
        let count = bare.len() - bare.trim_start_matches(mark).len();
        if count < 3 {
            return false;
        }
        let (mut length, mut closed) = (0, false);
        for (i, line) in rest.split_inclusive('\n').enumerate() {
            length += line.len();
            let bare = line.trim();
            if i > 0 && bare.len() >= count && bare.chars().all(|c| c == mark) {
                closed = true;
                break;
            }
        }
        #[expect(clippy::string_slice, reason = "`length` is that of whole lines of `rest`")]
        let block = &rest[..length];
        let mut inside: Vec<&str> = block.lines().skip(1).collect();
        // The last line is the one that ends it.
        inside.pop();
        if !closed {
            self.fault("a fenced block does not end");
        }
        let indent = opening.strip_suffix(bare).unwrap_or_default();
        let code: Vec<&str> =
            inside.iter().map(|line| line.strip_prefix(indent).unwrap_or(line)).collect();
        let named = bare.trim_start_matches(mark).split([',', ' ']).next().unwrap_or_default();
        self.out.text.push_str(indent);
        self.piece("div", code::typed(&code.join("\n"), Language::named(named)));
        // The empty lines that follow end the HTML block, and keep the count.
        for _ in 0..block.matches('\n').count() {
            self.out.text.push('\n');
        }
        self.advance(block.len());
        true
    }

    /// Passes `code` on, or the backticks if they open none.
    #[expect(
        clippy::string_slice,
        reason = "`from` stands behind backticks of `rest`, `start` where `find` found some"
    )]
    fn code_span(&mut self) {
        let rest = self.rest();
        let count = rest.len() - rest.trim_start_matches('`').len();
        let ticks = "`".repeat(count);
        let mut from = count;
        while let Some(found) = rest[from..].find(&ticks) {
            let start = from + found;
            // Code does not go on in another paragraph.
            if rest[from..start].contains("\n\n") {
                break;
            }
            let run = &rest[start..];
            let length = run.len() - run.trim_start_matches('`').len();
            if length == count {
                self.copy(start + count);
                return;
            }
            from = start + length;
        }
        self.copy(count);
    }

    fn directive(&mut self) {
        let rest = self.rest();
        let line = rest.get(..rest.floor_char_boundary(DIRECTIVE)).map_or("", first_line);
        let found = line.strip_prefix("{{#").and_then(|line| line.split_once("}}"));
        let Some((inner, after)) = found else {
            self.fault("a directive does not end in this line: `}}` is missing");
            self.copy("{{#".len());
            return;
        };
        let length = "{{#".len() + inner.len() + "}}".len();
        self.directives += 1;
        if self.directives > DIRECTIVES {
            if self.directives == DIRECTIVES + 1 {
                self.fault(format!("more than {DIRECTIVES} directives stand on this page"));
            }
            self.advance(length);
            return;
        }
        let inner = inner.trim();
        let (name, words) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let before = self.out.text.rsplit('\n').next().unwrap_or_default();
        let alone = before.trim().is_empty() && after.trim().is_empty();
        match directive::run(self.context, name, words.trim()) {
            Ok(Output::Text(text)) => self.out.text.push_str(&text),
            Ok(Output::Block(html)) => {
                if !alone {
                    self.fault(format!("`{name}` stands alone on its line"));
                } else if !self.blank_after() {
                    self.fault(format!("leave an empty line after `{name}`"));
                }
                self.piece("div", html);
            }
            Err(fault) => self.fault(format!("{{{{#{name}}}}}: {fault}")),
        }
        self.advance(length);
    }

    /// Whether an empty line, another directive or the end follows this line.
    fn blank_after(&self) -> bool {
        let next = self.rest().lines().nth(1).unwrap_or_default().trim();
        next.is_empty() || next.starts_with("{{#")
    }

    fn equation(&mut self) {
        let rest = self.rest();
        let display = rest.starts_with("$$");
        let mark = if display { "$$" } else { "$" };
        let found = rest.strip_prefix(mark).and_then(|body| body.split_once(mark));
        let whole = |tex: &&str| !tex.is_empty() && !tex.contains("\n\n");
        let Some(tex) = found.map(|(tex, _)| tex).filter(whole) else {
            self.fault("a dollar sign that opens no equation: write `\\$`");
            self.copy(mark.len());
            return;
        };
        self.equations += 1;
        if self.equations == EQUATIONS + 1 {
            self.fault(format!("more than {EQUATIONS} equations stand on this page"));
        }
        if self.equations <= EQUATIONS {
            match self.math.render(tex, display) {
                Ok(html) => self.piece(if display { "div" } else { "span" }, html),
                Err(fault) => self.fault(fault),
            }
        }
        let length = tex.len() + 2 * mark.len();
        for _ in 0..tex.matches('\n').count() {
            self.out.text.push('\n');
        }
        self.advance(length);
    }

    /// Leaves a place holder for HTML that Markdown must not touch.
    fn piece(&mut self, tag: &str, html: String) {
        self.bytes += html.len();
        if self.bytes > BECOMES {
            if self.bytes - html.len() <= BECOMES {
                self.fault(format!(
                    "with what its directives show the page is larger than {BECOMES} bytes"
                ));
            }
            return;
        }
        let key = format!("{}.{}", self.context.page.file, self.out.pieces.len());
        self.out.text.push_str(&holder(tag, &key));
        self.out.pieces.push((key, html));
    }
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or_default()
}

/// The place holder of a piece.
pub fn holder(tag: &str, key: &str) -> String {
    format!("<{tag} data-piece=\"{key}\"></{tag}>")
}

/// A page with each of its place holders replaced by its HTML; what stands in that stays as it is.
pub fn filled(html: &str, pieces: &[(String, String)]) -> String {
    const MARK: &str = " data-piece=\"";
    let known: std::collections::HashMap<&str, &str> =
        pieces.iter().map(|(key, html)| (key.as_str(), html.as_str())).collect();
    let (mut out, mut rest) = (String::with_capacity(html.len()), html);
    while let Some((before, from)) = rest.split_once(MARK) {
        let found = ["div", "span"].iter().find_map(|tag| {
            let text = before.strip_suffix(tag)?.strip_suffix('<')?;
            let (key, after) = from.split_once('"')?;
            let after = after.strip_prefix("></")?.strip_prefix(tag)?.strip_prefix('>')?;
            Some((text, *known.get(key)?, after))
        });
        let (text, piece, after) = found.unwrap_or((before, MARK, from));
        out.push_str(text);
        out.push_str(piece);
        rest = after;
    }
    out + rest
}

/// An argument that is none.
pub fn no_arguments(words: &str) -> Result<(), Fault> {
    if words.is_empty() { Ok(()) } else { Err(Fault::Argument("it takes no arguments".into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_to_their_places_once() {
        let inner = format!("<b>{}</b>", holder("div", "a.md.1"));
        let pieces = [("a.md.0".to_string(), inner.clone()), ("a.md.1".to_string(), "two".into())];
        let html = format!(
            "x{}y{}z{}",
            holder("div", "a.md.0"),
            holder("span", "a.md.1"),
            holder("div", "b")
        );
        assert_eq!(filled(&html, &pieces), format!("x{inner}ytwoz{}", holder("div", "b")));
        assert_eq!(filled("<div data-piece=\"a.md.1\">", &pieces), "<div data-piece=\"a.md.1\">");
    }

    #[test]
    fn bytes_that_are_no_page_name_their_line() {
        assert_eq!(text(b"a\r\nb\rc".to_vec()).unwrap(), "a\nb\nc");
        assert_eq!(text(b"a\nb\n\xffc".to_vec()).unwrap_err().0, 3);
        assert!(text(vec![b'a'; MOST + 1]).unwrap_err().1.contains("262145 bytes"));
    }
}
