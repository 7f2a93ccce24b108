//! The lengths of WGSL's arrays, worked out before naga does: it writes an array of zeros out in
//! memory where an operator is put to it.
use super::tokens::{Kind, Token};
use super::{DEPTHS, Fault, fault};
use std::collections::{HashMap, HashSet};

/// Elements of one array.
const LONGEST: i128 = 1 << 24;

/// Constants by name. Two of one name and different values have none.
type Values<'a> = HashMap<&'a str, Option<i128>>;

/// # Errors
/// An array that is too long, or whose length cannot be told.
pub(super) fn check(list: &[Token<'_>]) -> Result<(), Fault> {
    let overrides: HashSet<&str> =
        list.array_windows().filter(|[a, _]| a.is("override")).map(|[_, b]| b.text).collect();
    let (mut globals, mut pending) = (Values::new(), Vec::new());
    let (functions, outside) = functions(list);
    for part in &outside {
        pending.extend(constants(part));
    }
    // In order of the text first; a constant may stand behind its use, so a few times.
    for _ in 0..4 {
        pending.iter().for_each(|(name, tokens)| settle(&mut globals, name, tokens));
    }
    for part in outside {
        arrays(part, &globals, &overrides)?;
    }
    for body in functions {
        let own = constants(body);
        if own.is_empty() {
            arrays(body, &globals, &overrides)?;
            continue;
        }
        let mut values = globals.clone();
        own.iter().for_each(|(name, tokens)| settle(&mut values, name, tokens));
        arrays(body, &values, &overrides)?;
    }
    Ok(())
}

type Parts<'a, 'b> = Vec<&'b [Token<'a>]>;

/// The bodies of the functions, and what lies between them.
#[expect(clippy::indexing_slicing, reason = "`start` is 0 or an earlier `i`")]
fn functions<'a, 'b>(list: &'b [Token<'a>]) -> (Parts<'a, 'b>, Parts<'a, 'b>) {
    let (mut bodies, mut outside) = (Vec::new(), Vec::new());
    let (mut braces, mut start, mut function) = (0usize, 0, false);
    for (i, token) in list.iter().enumerate() {
        match token.text {
            "fn" if braces == 0 => function = true,
            "{" => {
                if braces == 0 && function {
                    outside.push(&list[start..i]);
                    start = i;
                }
                braces += 1;
            }
            "}" => {
                braces = braces.saturating_sub(1);
                if braces == 0 && function {
                    bodies.push(&list[start..i]);
                    (start, function) = (i, false);
                }
            }
            _ => {}
        }
    }
    match function && braces > 0 {
        true => bodies.push(&list[start..]),
        false => outside.push(&list[start..]),
    }
    (bodies, outside)
}

/// `const NAME: type = tokens;`
fn constants<'a, 'b>(list: &'b [Token<'a>]) -> Vec<(&'a str, &'b [Token<'a>])> {
    let mut found = Vec::new();
    for statement in list.split(|t| t.is(";")) {
        let mut halves = statement.splitn(2, |t| t.is("const"));
        let Some([name, rest @ ..]) = halves.nth(1) else { continue };
        let mut halves = rest.splitn(2, |t| t.is("="));
        if let Some(value) = halves.nth(1) {
            found.push((name.text, value));
        }
    }
    found
}

fn settle<'a>(values: &mut Values<'a>, name: &'a str, tokens: &[Token<'_>]) {
    let value = Reader::new(tokens, values).all();
    match values.get(name) {
        Some(known) if known.is_some() && *known != value => {
            values.insert(name, None);
        }
        _ => {
            values.insert(name, value);
        }
    }
}

/// Every `array<T, N>` of a part.
fn arrays(list: &[Token<'_>], values: &Values<'_>, overrides: &HashSet<&str>) -> Result<(), Fault> {
    for (i, token) in list.iter().enumerate() {
        if !token.is("array") || !list.get(i + 1).is_some_and(|t| t.is("<")) {
            continue;
        }
        let Some(length) = list.get(i + 2..).and_then(second) else { continue };
        if length.iter().any(|t| overrides.contains(t.text)) {
            // Known when the launch has set it; measured then.
            continue;
        }
        match Reader::new(length, values).all() {
            Some(n) if n > LONGEST => {
                let text = format!("an array of {n} elements; {LONGEST} are the most");
                return Err(fault(token.line, text));
            }
            Some(_) => {}
            None => {
                let text = "the length of this array cannot be told before it is compiled: write it \
                            with whole numbers, constants of one value, and + - * / % << >>";
                return Err(fault(token.line, text));
            }
        }
    }
    Ok(())
}

/// The value of a whole-number expression without names.
pub(super) fn plain(tokens: &[Token<'_>]) -> Option<i128> {
    Reader::new(tokens, &Values::new()).all()
}

/// The second of the things between `<` and `>`.
#[expect(clippy::indexing_slicing, reason = "`start` is one more than an earlier `i`")]
fn second<'a, 'b>(list: &'b [Token<'a>]) -> Option<&'b [Token<'a>]> {
    let (mut depth, mut start, mut last) = (0usize, None, None);
    for (i, token) in list.iter().enumerate() {
        let before: Option<&Token<'_>> = last.replace(token);
        let shift = |a: &str| list.get(i + 1).is_some_and(|t| t.is(a) && t.glued);
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.checked_sub(1)?,
            // `<<` is a shift; `>>` closes two lists.
            "<" if shift("<") || (token.glued && before.is_some_and(|t| t.is("<"))) => {}
            "<" => depth += 1,
            "," if depth == 0 && start.is_none() => start = Some(i + 1),
            "," if depth == 0 => return start.map(|start| &list[start..i]),
            ">" if depth == 0 => return start.map(|start| &list[start..i]),
            ">" => depth -= 1,
            ";" | "{" | "}" => return start.map(|start| &list[start..i]),
            _ => {}
        }
    }
    start.map(|start| &list[start..])
}

/// Reads a whole-number expression. It calls itself for each bracket, as far as any text may go; what
/// is checked elsewhere does not bound it: a list may begin where that stopped, or hold every branch
/// of an `#if`.
struct Reader<'a, 'b> {
    tokens: &'b [Token<'a>],
    at: usize,
    /// Brackets that are open.
    open: usize,
    values: &'b Values<'a>,
}

impl<'a, 'b> Reader<'a, 'b> {
    fn new(tokens: &'b [Token<'a>], values: &'b Values<'a>) -> Self {
        Reader { tokens, at: 0, open: 0, values }
    }

    fn all(mut self) -> Option<i128> {
        let value = self.binary(0)?;
        (self.at == self.tokens.len()).then_some(value)
    }

    fn peek(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|t| t.is(text))
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.peek(text);
        self.at += usize::from(found);
        found
    }

    /// The operator that comes next, its strength and its length in signs.
    fn operator(&self) -> Option<(char, u8, usize)> {
        let sign = self.tokens.get(self.at)?.text.chars().next()?;
        let twice =
            self.tokens.get(self.at + 1).is_some_and(|t| t.glued && t.text.starts_with(sign));
        Some(match sign {
            '|' => (sign, 1, 1),
            '^' => (sign, 2, 1),
            '&' => (sign, 3, 1),
            '<' | '>' if twice => (sign, 4, 2),
            '+' | '-' => (sign, 5, 1),
            '*' | '/' | '%' => (sign, 6, 1),
            _ => return None,
        })
    }

    /// What stands in a bracket.
    fn inner(&mut self) -> Option<i128> {
        self.open += 1;
        let value = if self.open > DEPTHS.nesting { None } else { self.binary(0) };
        self.open -= 1;
        value
    }

    fn binary(&mut self, least: u8) -> Option<i128> {
        let mut left = self.unary()?;
        while let Some((sign, strength, length)) = self.operator() {
            if strength <= least {
                break;
            }
            self.at += length;
            let right = self.binary(strength)?;
            left = match sign {
                '|' => left | right,
                '^' => left ^ right,
                '&' => left & right,
                '<' => left.checked_mul(1i128.checked_shl(shift(right)?)?)?,
                '>' => left >> shift(right)?,
                '+' => left.checked_add(right)?,
                '-' => left.checked_sub(right)?,
                '*' => left.checked_mul(right)?,
                '/' => left.checked_div(right)?,
                _ => left.checked_rem(right)?,
            };
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<i128> {
        let mut negative = false;
        while self.eat("-") {
            negative = !negative;
        }
        let value = self.operand()?;
        if negative { value.checked_neg() } else { Some(value) }
    }

    fn operand(&mut self) -> Option<i128> {
        if self.eat("(") {
            let value = self.inner()?;
            return self.eat(")").then_some(value);
        }
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        match token.kind {
            Kind::Number => number(token.text),
            Kind::Word if self.peek("(") => self.call(token.text),
            Kind::Word => *self.values.get(token.text)?,
            _ => None,
        }
    }

    fn call(&mut self, name: &str) -> Option<i128> {
        self.eat("(");
        let first = self.inner()?;
        let second = if self.eat(",") && !self.peek(")") { Some(self.inner()?) } else { None };
        self.eat(",");
        if !self.eat(")") {
            return None;
        }
        match (name, second) {
            ("u32" | "i32", None) => Some(first),
            ("max", Some(second)) => Some(first.max(second)),
            ("min", Some(second)) => Some(first.min(second)),
            _ => None,
        }
    }
}

fn shift(by: i128) -> Option<u32> {
    u32::try_from(by).ok().filter(|&by| by < 64)
}

fn number(text: &str) -> Option<i128> {
    // WGSL's suffixes and C's, and C's marks between digits.
    let plain: String = text.chars().filter(|&c| c != '\'').collect();
    let text = plain.trim_end_matches(['u', 'i', 'U', 'l', 'L']);
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vet::tokens::{Tongue, tokens};

    fn run(text: &str) -> Result<(), String> {
        check(&tokens(text, Tongue::Wgsl, 10_000).unwrap()).map_err(|f| f.text)
    }

    #[test]
    fn lengths_are_worked_out() {
        for fine in [
            "const N: u32 = 4u; const M = N * (2 + 1) << 2; var<private> x: array<f32, M * N - 1>;",
            "var<private> x: array<array<f32, M>, N>; const M = N; const N = 0x10u;",
            "override WG: u32 = 64u; var<workgroup> x: array<vec4<f32>, WG * 1000000000>;",
            "var<storage> x: array<f32>; var<storage> y: array<array<atomic<u32>, 4>>;",
            "fn f() { const K = 3; var x: array<f32, K>; } fn g() { const K = 5; var x = array<f32, K>(); }",
            "const N = 1000; var<private> x: array<f32, max(u32(N), 3)>;",
        ] {
            run(fine).unwrap_or_else(|e| panic!("{fine}: {e}"));
        }
    }

    #[test]
    fn what_is_long_or_unknown_is_refused() {
        for long in [
            "var<private> x: array<i32, 100000000>;",
            "alias A = array<i32, 1 << 30>; const z = A();",
            "const A = 10000; const B = A * A; fn f() { let z = -array<i32, B>(); }",
            "var<private> x: array<array<f32, 2>, 0x7fffffff>;",
            "const z = array<array<array<i32, 100000000>, 2>, 2>();",
        ] {
            assert!(run(long).unwrap_err().contains("are the most"), "{long}");
        }
        for unknown in [
            "var<private> x: array<i32, i32(4.0)>;",
            "const A = 3.0; var<private> x: array<i32, A>;",
            "fn f() { { const K = 3; } const K = 1000; var x: array<f32, K>; }",
            "var<private> x: array<i32, select(1, 2, true)>;",
        ] {
            assert!(run(unknown).unwrap_err().contains("cannot be told"), "{unknown}");
        }
    }
}
