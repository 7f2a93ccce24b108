//! A CUDA text before NVRTC reads it.
use super::growth::Names;
use super::macros::Macros;
use super::shape::Depth;
use super::tokens::{Kind, Token, Tongue, tokens};
use super::{Fault, GROWN, TOKENS, fault, size};

/// Ways to look at other files, to hide text from these checks, or to ask for a list of any length.
const REFUSED: &[&str] = &[
    "__has_include",
    "__has_include_next",
    "__has_embed",
    "_Pragma",
    "__pragma",
    "__make_integer_seq",
    "__integer_pack",
    "__type_pack_element",
];

/// Copies of a loop's body that `#pragma unroll N` may ask for.
const UNROLL: u64 = 64;

/// Functions that NVRTC writes out as hundreds of instructions each, without their `f`.
const SERIES: &[&str] = &[
    "sin",
    "cos",
    "tan",
    "sincos",
    "sinpi",
    "cospi",
    "sincospi",
    "sinh",
    "cosh",
    "asin",
    "acos",
    "atan",
    "atan2",
    "pow",
    "tgamma",
    "lgamma",
    "erf",
    "erfc",
    "j0",
    "j1",
    "y0",
    "y1",
    "fmod",
    "remainder",
    "cbrt",
    "hypot",
];
/// Calls of those in one file. NVRTC's time grows with their square: 500 sines took it 28 s.
const CALLS: usize = 128;

/// Looks at a CUDA text as a compiler's stack and memory would, and at what it includes: only the
/// headers that come with Strata. It does not say whether the text is right.
///
/// # Errors
/// The first bound it oversteps, with the line.
pub fn check(text: &str, headers: &[(&str, &str)]) -> Result<(), Fault> {
    size(text)?;
    let list = tokens(text, Tongue::Cuda, TOKENS)?;
    let mut last: Option<&Token<'_>> = None;
    for (i, token) in list.iter().enumerate() {
        let before = last.replace(token);
        if token.kind == Kind::Word && REFUSED.contains(&token.text) {
            return Err(fault(token.line, format!("a kernel cannot use {}", token.text)));
        }
        let raw = token.kind == Kind::Text
            && token.glued
            && before.is_some_and(|t| t.kind == Kind::Word && t.text.ends_with('R'));
        let trigraph = token.is("?")
            && list.get(i + 1).is_some_and(|t| t.is("?") && t.glued)
            && list.get(i + 2).is_some_and(|t| (t.is("/") || t.is("=")) && t.glued);
        if raw || trigraph {
            return Err(fault(token.line, "write this text as a plain string, without R or ??"));
        }
    }
    let slow = |t: &&Token<'_>| {
        let name = t.text.strip_suffix('f').filter(|name| *name != "er").unwrap_or(t.text);
        t.kind == Kind::Word && SERIES.contains(&name)
    };
    if let Some(one) = list.iter().filter(slow).nth(CALLS) {
        let text = format!(
            "more than {CALLS} calls of functions like {}: call them in a loop, or in one function",
            one.text
        );
        return Err(fault(one.line, text));
    }
    let mut macros = Macros::default();
    let (mut code, mut parts) = (Vec::new(), Vec::new());
    let begins = |t: &Token<'_>| t.first && (t.is("#") || t.is("%"));
    let mut rest = list.as_slice();
    while let Some((first, more)) = rest.split_first() {
        let directive = begins(first);
        let ends = |t: &&Token<'_>| if directive { t.first } else { begins(t) };
        let (part, after) = rest.split_at(1 + more.iter().take_while(|t| !ends(t)).count());
        match directive {
            true => parts.push(Part::Directive(self::directive(part, headers, &mut macros)?)),
            false => {
                code.extend_from_slice(part);
                parts.push(Part::Code(part));
            }
        }
        rest = after;
    }
    macros.resolve()?;
    depth(&parts, &macros)?;
    macros.grown(&code)?;
    lengths(&code)?;
    instances(&code)
}

/// Elements of one array: NVRTC keeps a place for each, and a thread has half a megabyte.
const LONGEST: i128 = 1 << 20;

/// `[...]` with a number in it.
fn lengths(code: &[Token<'_>]) -> Result<(), Fault> {
    let mut open = Vec::new();
    for (i, token) in code.iter().enumerate() {
        if token.is("[") {
            open.push(i);
        } else if token.is("]")
            && let Some(start) = open.pop()
            && let Some(inner) = code.get(start + 1..i)
            && let Some(n) = super::lengths::plain(inner).filter(|&n| n > LONGEST)
        {
            let text = format!("an array of {n} elements; a kernel's own have at most {LONGEST}");
            return Err(fault(token.line, text));
        }
    }
    Ok(())
}

enum Part<'a, 'b> {
    Code(&'b [Token<'a>]),
    Directive(Directive),
}

#[derive(Clone, Copy, PartialEq)]
enum Directive {
    If,
    Else,
    End,
    Other,
}

/// One line of the preprocessor's.
fn directive<'a>(
    part: &[Token<'a>],
    headers: &[(&str, &str)],
    macros: &mut Macros<'a>,
) -> Result<Directive, Fault> {
    let (line, name, rest) = match part {
        [sign, name, rest @ ..] if sign.is("#") => (sign.line, name, rest),
        [only] if only.is("#") => return Ok(Directive::Other),
        _ => {
            let line = part.first().map_or(0, |sign| sign.line);
            return Err(fault(line, "write `#` for a line of the preprocessor"));
        }
    };
    Ok(match name.text {
        "if" | "ifdef" | "ifndef" => Directive::If,
        "elif" | "else" => Directive::Else,
        "endif" => Directive::End,
        "undef" | "error" | "warning" => Directive::Other,
        "pragma" => {
            let unroll = rest.first().is_some_and(|t| t.is("unroll"));
            let asked = rest.iter().filter(|t| t.kind == Kind::Number);
            let n = asked.map(|t| number(t.text)).max().unwrap_or(0);
            if unroll && n > UNROLL {
                return Err(fault(line, format!("#pragma unroll {n}: {UNROLL} is the most")));
            }
            Directive::Other
        }
        "define" => {
            macros.define(line, rest)?;
            Directive::Other
        }
        "include" => {
            include(line, rest, headers)?;
            Directive::Other
        }
        other => return Err(fault(line, format!("a kernel cannot use #{other}"))),
    })
}

fn include(line: usize, rest: &[Token<'_>], headers: &[(&str, &str)]) -> Result<(), Fault> {
    let name: String = match rest {
        [one] if one.kind == Kind::Text => one.text.trim_matches('"').into(),
        [open, inner @ .., close] if open.is("<") && close.is(">") => {
            inner.iter().map(|t| t.text).collect()
        }
        _ => return Err(fault(line, "#include takes the name of a header in quotes")),
    };
    if headers.iter().any(|(header, _)| *header == name) {
        return Ok(());
    }
    let ours: Vec<_> = headers.iter().map(|(header, _)| *header).collect();
    let text = match ours.is_empty() {
        true => format!("#include {name:?}: this kernel has no headers"),
        false => format!(
            "#include {name:?}: a kernel includes only the headers of kernels/include, and this one \
             may use {}",
            ours.join(", ")
        ),
    };
    Err(fault(line, text))
}

fn number(text: &str) -> u64 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(u64::MAX)
}

/// How deep the code goes, whichever branch of an `#if` is taken: after it, as deep as the deepest.
fn depth<'a>(parts: &[Part<'a, '_>], macros: &Macros<'a>) -> Result<(), Fault> {
    let mut depth = Depth::new();
    // For each open `#if`: where it began, and the deepest end of its branches so far.
    let mut open: Vec<(Depth, Depth)> = Vec::new();
    let deepest = |a: Depth, b: Depth| if a.nesting() >= b.nesting() { a } else { b };
    for part in parts {
        match part {
            Part::Code(code) => {
                let sound = macros.follow(&mut depth, code)?;
                if !sound {
                    let line = code.first().map_or(0, |t| t.line);
                    let text = "brackets do not match here, with every branch of #if read";
                    return Err(fault(line, text));
                }
            }
            Part::Directive(Directive::If) => {
                if open.len() == 64 {
                    return Err(fault(0, "more than 64 #if lie inside one another"));
                }
                open.push((depth.clone(), depth.clone()));
            }
            Part::Directive(Directive::Else) => {
                if let Some((start, most)) = open.last_mut() {
                    *most = deepest(most.clone(), std::mem::replace(&mut depth, start.clone()));
                }
            }
            Part::Directive(Directive::End) => {
                if let Some((_, most)) = open.pop() {
                    depth = deepest(most, depth);
                }
            }
            Part::Directive(Directive::Other) => {}
        }
    }
    Ok(())
}

/// Templates that use templates, which a compiler writes out, once for each set of arguments.
fn instances(code: &[Token<'_>]) -> Result<(), Fault> {
    let chunks = chunks(code);
    let mut names = Names::default();
    let owners: Vec<Option<usize>> =
        chunks.iter().map(|chunk| chunk.name.map(|name| names.declare(name))).collect();
    let file = names.declare("");
    for (chunk, owner) in chunks.iter().zip(&owners) {
        let owner = owner.unwrap_or(file);
        names.own(owner, chunk.tokens.len() as u64);
        let mut inside = false;
        for (i, token) in chunk.tokens.iter().enumerate() {
            inside |= token.is("{");
            if token.is("template") && i > 0 {
                return Err(fault(token.line, "a template stands on its own, not inside another"));
            }
            let Some(at) = names.find(token.text).filter(|_| token.kind == Kind::Word) else {
                continue;
            };
            if at == owner {
                let called = chunk.tokens.get(i + 1).is_some_and(|t| t.is("<") || t.is("("));
                if chunk.template && inside && called {
                    let text = format!("the template `{}` uses itself: write a loop", token.text);
                    return Err(fault(token.line, text));
                }
            } else if chunk.template || at < owner {
                names.uses(owner, at, 1);
            }
        }
    }
    names.resolve().map_err(|name| {
        let line = code.iter().find(|t| t.text == name).map_or(0, |t| t.line);
        fault(line, format!("the template `{name}` uses itself, through others: write a loop"))
    })?;
    match names.largest() {
        Some((name, size)) if size > GROWN => {
            let line = code.iter().find(|t| t.text == name).map_or(0, |t| t.line);
            let text = format!(
                "`{name}` grows to more than {GROWN} words once what it uses is written out"
            );
            Err(fault(line, text))
        }
        _ => Ok(()),
    }
}

/// A function, a struct or a constant at the top of a file.
struct Chunk<'a, 'b> {
    name: Option<&'a str>,
    template: bool,
    tokens: &'b [Token<'a>],
}

#[expect(clippy::indexing_slicing, reason = "`start` is 0 or one more than an earlier `i`")]
fn chunks<'a, 'b>(code: &'b [Token<'a>]) -> Vec<Chunk<'a, 'b>> {
    let mut list = Vec::new();
    let (mut start, mut braces) = (0, 0usize);
    for (i, token) in code.iter().enumerate() {
        let end = match token.text {
            "{" if braces == 0 && transparent(&code[start..i]) => {
                start = i + 1;
                continue;
            }
            "{" => {
                braces += 1;
                false
            }
            "}" if braces == 0 => {
                start = i + 1;
                continue;
            }
            "}" => {
                braces -= 1;
                braces == 0
            }
            ";" => braces == 0,
            _ => false,
        };
        if end {
            list.push(chunk(&code[start..=i]));
            start = i + 1;
        }
    }
    list.push(chunk(&code[start..]));
    list
}

/// `namespace x` and `extern "C"` before a `{`: what stands inside is at the top, too.
fn transparent(head: &[Token<'_>]) -> bool {
    match head {
        [first] => first.is("namespace"),
        [first, second] => {
            first.is("namespace") || (first.is("extern") && second.kind == Kind::Text)
        }
        _ => false,
    }
}

fn chunk<'a, 'b>(tokens: &'b [Token<'a>]) -> Chunk<'a, 'b> {
    let template = tokens.first().is_some_and(|t| t.is("template"));
    let mut head = tokens;
    if template {
        // Past the list of the template's own arguments.
        let mut open = 0usize;
        let end = tokens.iter().position(|t| {
            open += usize::from(t.is("<"));
            let closes = t.is(">");
            open = open.saturating_sub(usize::from(closes));
            closes && open == 0
        });
        head = end.and_then(|end| tokens.get(end + 1..)).unwrap_or_default();
    }
    const NO_NAMES: &[&str] =
        &["__launch_bounds__", "__align__", "alignas", "__attribute__", "decltype", "noexcept"];
    let mut name = None;
    for [word, next] in head.array_windows() {
        if ["struct", "class", "union", "enum", "using"].iter().any(|k| word.is(k)) {
            name = Some(next.text);
            break;
        }
        if word.kind == Kind::Word
            && !NO_NAMES.contains(&word.text)
            && (next.is("(") || next.is("="))
        {
            name = Some(word.text);
            break;
        }
        if word.is("{") {
            break;
        }
    }
    Chunk { name, template, tokens }
}

#[cfg(test)]
mod tests;
