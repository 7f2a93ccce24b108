//! CUDA's preprocessor, counted instead of run: what a macro hides, and how much it grows to.
#![expect(
    clippy::indexing_slicing,
    reason = "what `place` holds are places in `list`, which only grows"
)]
use super::growth::Names;
use super::shape::{Depth, Hidden};
use super::tokens::{Kind, Token};
use super::{Fault, GROWN, fault};
use std::collections::HashMap;

/// Macros of one file.
const MOST: usize = 256;

/// What one name stands for.
#[derive(Default)]
struct Macro<'a> {
    line: usize,
    /// Its arguments' names, where it takes any.
    arguments: Option<Vec<&'a str>>,
    /// All bodies: `#if` may choose between several.
    bodies: Vec<Vec<Token<'a>>>,
    /// How often its most used argument stands in its body, written out.
    repeats: u64,
    hidden: Hidden,
}

/// The macros of a file.
#[derive(Default)]
pub(super) struct Macros<'a> {
    place: HashMap<&'a str, usize>,
    list: Vec<Macro<'a>>,
}

impl<'a> Macros<'a> {
    /// Adds `#define` with what follows it on its line.
    ///
    /// # Errors
    /// A macro of a kind that cannot be counted.
    pub(super) fn define(&mut self, line: usize, rest: &[Token<'a>]) -> Result<(), Fault> {
        let Some((name, rest)) = rest.split_first().filter(|(n, _)| n.kind == Kind::Word) else {
            return Err(fault(line, "#define gives a name a meaning: there is no name"));
        };
        let takes = rest.first().is_some_and(|t| t.is("(") && t.glued);
        let (arguments, body) = match takes {
            true => {
                let mut parts = rest.splitn(2, |t| t.is(")"));
                let (Some([_, list @ ..]), Some(body)) = (parts.next(), parts.next()) else {
                    return Err(fault(line, "the list of this macro's arguments has no `)`"));
                };
                if list.iter().any(|t| t.is(".")) {
                    return Err(fault(line, "a macro takes a fixed number of arguments here"));
                }
                let names = list.iter().filter(|t| t.kind == Kind::Word).map(|t| t.text).collect();
                (Some(names), body)
            }
            false => (None, rest),
        };
        if body.array_windows().any(|[a, b]| a.is("#") && b.is("#")) {
            return Err(fault(line, "`##` makes names that cannot be followed: write them out"));
        }
        let next = self.list.len();
        let at = *self.place.entry(name.text).or_insert(next);
        if at == next {
            if next == MOST {
                return Err(fault(line, format!("the file has more than {MOST} macros")));
            }
            self.list.push(Macro { line, arguments: arguments.clone(), ..Macro::default() });
        }
        let known = &mut self.list[at];
        if known.arguments.is_some() != arguments.is_some() {
            let text = format!("`{}` is a macro with arguments and one without", name.text);
            return Err(fault(line, text));
        }
        if let (Some(all), Some(new)) = (&mut known.arguments, arguments) {
            all.extend(new);
        }
        known.bodies.push(body.to_vec());
        Ok(())
    }

    /// Works out what each macro hides, those that it uses first.
    ///
    /// # Errors
    /// Macros in a circle, brackets that do not match, a macro that grows without measure.
    pub(super) fn resolve(&mut self) -> Result<(), Fault> {
        // At most `MOST` of them, so a stack of our own holds every path.
        let (mut open, mut done) = (vec![false; self.list.len()], vec![false; self.list.len()]);
        for start in 0..self.list.len() {
            let mut stack = vec![start];
            while let Some(&at) = stack.last() {
                if done[at] {
                    stack.pop();
                    continue;
                }
                if open[at] {
                    self.settle(at)?;
                    done[at] = true;
                    stack.pop();
                    continue;
                }
                open[at] = true;
                let words = self.list[at].bodies.iter().flatten();
                for other in words.filter_map(|word| self.find(word)) {
                    if open[other] && !done[other] {
                        let text = "a macro stands for itself, through others or at once";
                        return Err(fault(self.list[other].line, text));
                    }
                    if !done[other] {
                        stack.push(other);
                    }
                }
            }
        }
        self.grown(&[])
    }

    fn find(&self, token: &Token<'_>) -> Option<usize> {
        match token.kind {
            Kind::Word => self.place.get(token.text).copied(),
            _ => None,
        }
    }

    fn settle(&mut self, at: usize) -> Result<(), Fault> {
        let (mut repeats, mut hidden) = (0u64, Hidden::default());
        let known = &self.list[at];
        for body in &known.bodies {
            let mut uses: HashMap<&str, u64> = HashMap::new();
            self.walk(body, |token, times| {
                if known.arguments.as_ref().is_some_and(|a| a.contains(&token.text)) {
                    let n = uses.entry(token.text).or_default();
                    *n = n.saturating_add(times);
                }
            })?;
            repeats = uses.values().copied().fold(repeats, u64::max);
            let mut depth = Depth::new();
            let sound = self.follow(&mut depth, body)? && depth.closed();
            if !sound {
                return Err(fault(known.line, "the brackets of a macro do not match"));
            }
            let most = depth.most();
            hidden.nesting = hidden.nesting.max(most.nesting);
            hidden.operators = hidden.operators.max(most.operators);
        }
        self.list[at].repeats = repeats.max(1);
        self.list[at].hidden = hidden;
        Ok(())
    }

    /// Shows every token with the number of times that macros around it repeat it.
    fn walk(&self, list: &[Token<'a>], mut see: impl FnMut(&Token<'a>, u64)) -> Result<(), Fault> {
        let mut times = vec![1u64];
        let mut pending = 1;
        for (i, token) in list.iter().enumerate() {
            let now = times.last().copied().unwrap_or(1);
            see(token, now);
            match token.text {
                "(" => times.push(now.saturating_mul(pending)),
                ")" if times.len() > 1 => {
                    times.pop();
                }
                _ => {}
            }
            pending = 1;
            let Some(at) = self.find(token) else { continue };
            if self.list[at].arguments.is_some() {
                if !list.get(i + 1).is_some_and(|t| t.is("(")) {
                    let text = format!("`{}` is a macro with arguments: call it", token.text);
                    return Err(fault(token.line, text));
                }
                pending = self.list[at].repeats.max(1);
            }
        }
        Ok(())
    }

    /// Follows tokens with what macros hide among them. False where a bracket closes what was not
    /// opened.
    ///
    /// # Errors
    /// It goes too deep.
    pub(super) fn follow(&self, depth: &mut Depth, list: &[Token<'a>]) -> Result<bool, Fault> {
        let mut around = 0;
        for token in list {
            let found = self.find(token).map(|at| &self.list[at]);
            let hidden = found.map(|m| m.hidden).unwrap_or_default();
            let here = Hidden { nesting: around, operators: hidden.operators };
            depth.touch(hidden.nesting);
            if !depth.take(token, false, here) {
                return Ok(false);
            }
            depth.within(super::DEPTHS, token.line)?;
            around = found.filter(|m| m.arguments.is_some()).map_or(0, |m| m.hidden.nesting);
        }
        Ok(true)
    }

    /// How large code becomes with every macro written out.
    ///
    /// # Errors
    /// Too large.
    pub(super) fn grown(&self, code: &[Token<'a>]) -> Result<(), Fault> {
        let mut names = Names::default();
        let places: Vec<usize> = {
            let mut list: Vec<_> = self.place.iter().collect();
            list.sort_by_key(|(_, at)| **at);
            list.iter().map(|(name, _)| names.declare(name)).collect()
        };
        let file = names.declare("");
        let mut add = |owner: usize, body: &[Token<'a>]| {
            self.walk(body, |token, times| {
                names.own(owner, times);
                if let Some(at) = self.find(token) {
                    names.uses(owner, places[at], times);
                }
            })
        };
        for (at, known) in self.list.iter().enumerate() {
            for body in &known.bodies {
                add(places[at], body)?;
            }
        }
        add(file, code)?;
        names
            .resolve()
            .map_err(|name| fault(0, format!("the macro `{name}` stands for itself")))?;
        match names.largest() {
            Some((name, size)) if size > GROWN => {
                let line = self.place.get(name).map_or(0, |&at| self.list[at].line);
                let what = if name.is_empty() { "the file".into() } else { format!("`{name}`") };
                let text = format!(
                    "{what} grows to more than {GROWN} words once its macros are \
                                    written out"
                );
                Err(fault(line, text))
            }
            _ => Ok(()),
        }
    }
}
