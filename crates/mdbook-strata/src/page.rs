//! A page: its source with the directives and equations replaced, line by line, so that what stands
//! in line 12 stood in line 12.

use crate::directive::{self, Context, Output, code};
use crate::fault::{Fault, Problem};
use crate::front::Front;
use crate::math::Math;
use crate::source::highlight::Language;

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

/// Runs a page's directives and sets its equations.
pub fn expand(context: &Context<'_>, math: &Math) -> Expanded {
    let text = &context.page.text;
    let mut walk = Walk { context, math, out: Expanded::default(), text, at: 0, line: 1 };
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
    at: usize,
    line: usize,
}

impl<'a> Walk<'a> {
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
        let part = &self.rest()[..length];
        self.out.text.push_str(part);
        self.advance(length);
    }

    fn advance(&mut self, length: usize) {
        self.line += self.rest()[..length].matches('\n').count();
        self.at += length;
    }

    fn fault(&mut self, what: impl ToString) {
        let problem = self.context.page.problem(self.line, what);
        self.out.problems.push(problem);
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
                self.copy(if rest.starts_with("\\$") { 1 } else { 4 });
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
        let opening = rest.lines().next().unwrap_or_default();
        let bare = opening.trim_start();
        let mark = if bare.starts_with("```") { '`' } else { '~' };
        let count = bare.len() - bare.trim_start_matches(mark).len();
        if count < 3 {
            return false;
        }
        let mut length = opening.len() + 1;
        for line in rest.lines().skip(1) {
            length += line.len() + 1;
            let bare = line.trim();
            if bare.len() >= count && bare.chars().all(|c| c == mark) {
                break;
            }
        }
        let (block, closed) = (&rest[..length.min(rest.len())], length <= rest.len() + 1);
        let lines: Vec<&str> = block.lines().skip(1).collect();
        if !closed || lines.is_empty() {
            self.fault("a fenced block does not end");
        }
        let indent = &opening[..opening.len() - bare.len()];
        let inside = lines[..lines.len().saturating_sub(1)].iter();
        let code: Vec<&str> =
            inside.map(|line| line.strip_prefix(indent).unwrap_or(line)).collect();
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
    fn code_span(&mut self) {
        let rest = self.rest();
        let count = rest.len() - rest.trim_start_matches('`').len();
        let paragraph = &rest[..rest.find("\n\n").unwrap_or(rest.len())];
        let ticks = "`".repeat(count);
        let mut from = count;
        while let Some(found) = paragraph[from..].find(&ticks) {
            let start = from + found;
            let run = &paragraph[start..];
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
        let line = rest.lines().next().unwrap_or_default();
        let Some(end) = line.find("}}") else {
            self.fault("a directive does not end in this line: `}}` is missing");
            self.copy(3);
            return;
        };
        let inner = line[3..end].trim();
        let (name, words) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let before = self.out.text.rsplit('\n').next().unwrap_or_default();
        let alone = before.trim().is_empty() && line[end + 2..].trim().is_empty();
        match directive::run(self.context, name, words.trim()) {
            Ok(Output::Text(text)) => self.out.text.push_str(&text),
            Ok(Output::Block(html)) => {
                if !alone {
                    self.fault(format!("`{name}` stands alone on its line"));
                } else if !self.blank_after(end + 2) {
                    self.fault(format!("leave an empty line after `{name}`"));
                }
                self.piece("div", html);
            }
            Err(fault) => self.fault(format!("{{{{#{name}}}}}: {fault}")),
        }
        self.advance(end + 2);
    }

    /// Whether an empty line, another directive or the end follows.
    fn blank_after(&self, at: usize) -> bool {
        let next = self.rest()[at..].lines().nth(1).unwrap_or_default().trim();
        next.is_empty() || next.starts_with("{{#")
    }

    fn equation(&mut self) {
        let rest = self.rest();
        let display = rest.starts_with("$$");
        let mark = if display { "$$" } else { "$" };
        let body = &rest[mark.len()..];
        let paragraph = &body[..body.find("\n\n").unwrap_or(body.len())];
        let Some(end) = paragraph.find(mark).filter(|&end| end > 0) else {
            self.fault("a dollar sign that opens no equation: write `\\$`");
            self.copy(mark.len());
            return;
        };
        let tex = &paragraph[..end];
        match self.math.render(tex, display) {
            Ok(html) => self.piece(if display { "div" } else { "span" }, html),
            Err(fault) => self.fault(fault),
        }
        let length = end + 2 * mark.len();
        for _ in 0..rest[..length].matches('\n').count() {
            self.out.text.push('\n');
        }
        self.advance(length);
    }

    /// Leaves a place holder for HTML that Markdown must not touch.
    fn piece(&mut self, tag: &str, html: String) {
        let key = format!("{}.{}", self.context.page.file, self.out.pieces.len());
        self.out.text.push_str(&holder(tag, &key));
        self.out.pieces.push((key, html));
    }
}

/// The place holder of a piece.
pub fn holder(tag: &str, key: &str) -> String {
    format!("<{tag} data-piece=\"{key}\"></{tag}>")
}

/// An argument that is none.
pub fn no_arguments(words: &str) -> Result<(), Fault> {
    if words.is_empty() { Ok(()) } else { Err(Fault::Argument("it takes no arguments".into())) }
}
