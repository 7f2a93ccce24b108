//! How deep a text goes: brackets inside brackets, `else if` after `else if`, operator upon operator.
//! Compilers walk such depths by calling themselves, and a stack has an end.
use super::tokens::{Kind, Token};
use super::{Fault, fault};

/// The most that may lie inside one another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depths {
    /// Brackets, and links of `else if` chains.
    pub(super) nesting: usize,
    /// Operators of one expression, those around it included.
    pub(super) operators: usize,
}

/// What a word adds beyond itself: a macro's body.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Hidden {
    pub(super) nesting: usize,
    pub(super) operators: usize,
}

/// One bracket that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Level {
    open: char,
    /// Operators since the last `,` or `;`.
    operators: usize,
    /// Links of the `else if` chain that is being written.
    links: usize,
    /// What a macro hides around these brackets.
    hidden: usize,
}

/// Follows tokens and knows how deep it is.
#[derive(Clone, Debug)]
pub(super) struct Depth {
    /// Outside all brackets.
    outer: Level,
    /// Those that are open.
    levels: Vec<Level>,
    nesting: usize,
    operators: usize,
    most: Hidden,
    last: Last,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Last {
    #[default]
    Other,
    Close,
    Else,
}

impl Depth {
    pub(super) fn new() -> Self {
        Depth {
            outer: Level::default(),
            levels: Vec::new(),
            nesting: 0,
            operators: 0,
            most: Hidden::default(),
            last: Last::Other,
        }
    }

    /// The deepest so far.
    pub(super) fn most(&self) -> Hidden {
        self.most
    }

    /// Whether every bracket is closed again.
    pub(super) fn closed(&self) -> bool {
        self.levels.is_empty()
    }

    /// How deep it is now.
    pub(super) fn nesting(&self) -> usize {
        self.nesting
    }

    /// Takes a token; `generic` says that a `<` opens a list of types. False where a bracket closes
    /// what was not opened: no compiler reads further.
    pub(super) fn take(&mut self, token: &Token<'_>, generic: bool, hidden: Hidden) -> bool {
        let sign = match token.kind {
            Kind::Sign => token.text.chars().next().unwrap_or(' '),
            _ => 'a',
        };
        let last = std::mem::take(&mut self.last);
        if last == Last::Close && !token.is("else") && !matches!(sign, ')' | ']' | '}') {
            self.end_of_chain();
        }
        match sign {
            '(' | '[' | '{' => self.open(sign, hidden.nesting),
            '<' if generic => self.open(sign, 0),
            '>' if self.top().open == '<' => {
                self.close();
            }
            ')' | ']' | '}' => {
                let open = match sign {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                while self.top().open == '<' {
                    self.close();
                }
                if self.top().open != open {
                    return false;
                }
                self.close();
                if sign == '}' {
                    self.end_of_expression();
                    self.last = Last::Close;
                }
            }
            ',' | ';' => {
                self.end_of_expression();
                if sign == ';' {
                    self.last = Last::Close;
                }
            }
            'a' => self.word(token, last),
            _ => self.operator(1),
        }
        self.operator(hidden.operators);
        true
    }

    fn word(&mut self, token: &Token<'_>, last: Last) {
        match token.text {
            "else" if token.kind == Kind::Word => self.last = Last::Else,
            "if" if last == Last::Else => {
                self.top_mut().links += 1;
                self.nesting += 1;
                self.note();
            }
            // Without braces one statement holds the next, until a `;` ends them all.
            "if" | "for" | "while" | "do" | "switch" if token.kind == Kind::Word => {
                self.operator(1)
            }
            // Words side by side are casts, declarators, calls in a row: rare, and never many.
            _ => {}
        }
    }

    fn top(&self) -> Level {
        self.levels.last().copied().unwrap_or(self.outer)
    }

    fn top_mut(&mut self) -> &mut Level {
        self.levels.last_mut().unwrap_or(&mut self.outer)
    }

    fn open(&mut self, open: char, hidden: usize) {
        if open == '{' {
            // A block is no part of the expression before it.
            self.end_of_expression();
        }
        self.levels.push(Level { open, hidden, ..Level::default() });
        self.nesting += 1 + hidden;
        self.note();
    }

    fn close(&mut self) {
        if let Some(level) = self.levels.pop() {
            self.nesting -= 1 + level.hidden + level.links;
            self.operators -= level.operators;
            // `f(a)(b)`, `a[0][0]`: each is one more operator.
            if level.open != '{' {
                self.operator(1);
            }
        }
    }

    fn operator(&mut self, n: usize) {
        self.top_mut().operators += n;
        self.operators += n;
        self.note();
    }

    fn end_of_expression(&mut self) {
        let top = self.top_mut();
        let n = std::mem::take(&mut top.operators);
        self.operators -= n;
    }

    fn end_of_chain(&mut self) {
        let top = self.top_mut();
        let n = std::mem::take(&mut top.links);
        self.nesting -= n;
    }

    fn note(&mut self) {
        self.most.nesting = self.most.nesting.max(self.nesting);
        self.most.operators = self.most.operators.max(self.operators);
    }

    /// For a moment it is `nesting` deeper: inside a macro.
    pub(super) fn touch(&mut self, nesting: usize) {
        self.most.nesting = self.most.nesting.max(self.nesting + nesting);
    }

    /// # Errors
    /// It was too deep somewhere, by now.
    pub(super) fn within(&self, depths: Depths, line: usize) -> Result<(), Fault> {
        if self.most.nesting > depths.nesting {
            let text = format!(
                "more than {} brackets, blocks or `else if`s lie inside one another here; give the \
                 inner part a name or a function of its own",
                depths.nesting
            );
            return Err(fault(line, text));
        }
        if self.most.operators > depths.operators {
            let text = format!(
                "an expression of more than {} operators; take it apart with `let` or a loop",
                depths.operators
            );
            return Err(fault(line, text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vet::tokens::{Tongue, tokens};

    fn most(text: &str) -> (usize, usize) {
        let mut depth = Depth::new();
        let mut before = "";
        for token in tokens(text, Tongue::Wgsl, 10_000).unwrap() {
            if !depth.take(&token, before == "array", Hidden::default()) {
                break;
            }
            before = token.text;
        }
        (depth.most().nesting, depth.most().operators)
    }

    #[test]
    fn brackets_chains_and_operators_are_counted() {
        assert_eq!(most("((a))"), (2, 1));
        assert_eq!(most("array<array<f32, 2>, 2>"), (2, 1));
        assert_eq!(most("a < b; c > d;"), (0, 1));
        assert_eq!(most("a = b + c * d; e = f;"), (0, 3));
        assert_eq!(most("f(a + b, c + d) + g"), (1, 2));
        assert_eq!(most("!!!!a"), (0, 4));
        assert_eq!(most("a[0][0][0]"), (1, 3));
        assert_eq!(most(&format!("if a {{}}{}", " else if b {}".repeat(7))).0, 8);
        // A new statement begins a new chain.
        assert_eq!(most(&"if a {} else if b {} x = 1;".repeat(5)).0, 2);
        assert_eq!(most(&"if a {} else if b {} if c {} else if d {}".repeat(5)).0, 2);
        let inner = "if a {} else if b { if c {} else if d {} }";
        assert_eq!(most(inner).0, 4);
        assert_eq!(most(&format!("{};", "do ".repeat(9))).1, 9);
        assert_eq!(most(&format!("if (a) b;{}", " else if (c) d;".repeat(6))).0, 7);
        // What nobody opened ends the count.
        assert_eq!(most("a) ((((b"), (0, 0));
    }
}
