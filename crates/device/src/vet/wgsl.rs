//! A WGSL text before naga reads it.
use super::growth::Names;
use super::shape::{Depth, Hidden};
use super::tokens::{Kind, Token, Tongue, tokens};
use super::{DEPTHS, Fault, GROWN, TOKENS, fault, lengths, size};

/// Looks at a WGSL text as a compiler's stack and memory would: how large, how deep, how much it
/// grows. It does not say whether the text is right.
///
/// # Errors
/// The first bound it oversteps, with the line.
pub fn check(text: &str) -> Result<(), Fault> {
    size(text)?;
    let list = tokens(text, Tongue::Wgsl, TOKENS)?;
    let mut depth = Depth::new();
    let mut before = "";
    for token in &list {
        if !depth.take(token, takes_types(before), Hidden::default()) {
            break;
        }
        depth.within(DEPTHS, token.line)?;
        before = token.text;
    }
    growth(&list)?;
    lengths::check(&list)
}

/// Words that a list of types may follow. Only WGSL's own do.
fn takes_types(word: &str) -> bool {
    let vector = ["vec2", "vec3", "vec4"].contains(&word);
    let matrix = matches!(word.as_bytes(), [b'm', b'a', b't', _, b'x', _]);
    let other = ["array", "atomic", "ptr", "bitcast", "var", "binding_array", "coop_mat8x8"];
    vector
        || matrix
        || other.contains(&word)
        || word.starts_with("texture_")
        || word.starts_with("coop_mat")
}

/// `const a = array(b, b);` and the like: a constant is worked out wherever it stands.
fn growth(list: &[Token<'_>]) -> Result<(), Fault> {
    let mut names = Names::default();
    for [word, next] in list.array_windows() {
        if declares(word) && next.kind == Kind::Word {
            names.declare(next.text);
        }
    }
    let file = names.declare("");
    let mut owner = file;
    let mut braces = 0usize;
    let mut before: Option<&Token<'_>> = None;
    for (i, token) in list.iter().enumerate() {
        let next = list.get(i + 1);
        if declares(token)
            && let Some(at) = next.and_then(|name| names.find(name.text))
        {
            owner = at;
        }
        match token.text {
            "{" => braces += 1,
            "}" => braces = braces.saturating_sub(1),
            _ => {}
        }
        names.own(owner, 1);
        let member = before.replace(token).is_some_and(|t| t.is(".") || declares(t));
        let field = next.is_some_and(|t| t.is(":"));
        if token.kind == Kind::Word
            && !member
            && !field
            && let Some(at) = names.find(token.text)
        {
            names.uses(owner, at, 1);
        }
        let ends = token.is(";") || (token.is("}") && braces == 0);
        if ends {
            owner = file;
        }
    }
    names.resolve().map_err(|name| {
        let line = list.iter().find(|t| t.text == name).map_or(0, |t| t.line);
        let text = format!(
            "`{name}` is declared in a circle, or two constants of that name are: give them \
             different names"
        );
        fault(line, text)
    })?;
    match names.largest() {
        Some((name, size)) if size > GROWN => {
            let line = list.iter().find(|t| t.text == name).map_or(0, |t| t.line);
            let what = match name {
                "" => "the file".to_string(),
                name => format!("`{name}`"),
            };
            let text = format!(
                "{what} grows to more than {GROWN} words once each constant and type in it is \
                 written out"
            );
            Err(fault(line, text))
        }
        _ => Ok(()),
    }
}

fn declares(token: &Token<'_>) -> bool {
    ["const", "override", "alias", "struct"].iter().any(|word| token.is(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        check(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_too_deep_or_too_large_is_told_with_its_line() {
        let body = |inner: &str| format!("fn f() {{\n let x = {inner};\n}}");
        assert!(
            says(&body(&format!("1{}", "+1".repeat(500)))).starts_with("line 2: an expression")
        );
        assert!(says(&body(&format!("{}true", "!".repeat(500)))).contains("operators"));
        assert!(says(&body(&format!("1{}", "+1".repeat(100_000)))).contains("words and signs"));
        assert!(
            says(&body(&format!("{}1{}", "(".repeat(101), ")".repeat(101)))).contains("inside")
        );
        let types = format!("{}f32{}", "array<".repeat(120), ", 2>".repeat(120));
        assert!(says(&format!("var<private> x: {types};")).contains("inside"));
        let chain = format!("fn f() {{ if a {{}}{} }}", " else if b {}".repeat(200));
        assert!(says(&chain).contains("inside"));
        assert!(says(&"x".repeat(BIG)).contains("bytes"));
        assert!(says(&"x ".repeat(40_000)).contains("words and signs"));
    }

    /// Depth is counted up to the first bracket that nobody opened; lengths are read behind it, too.
    #[test]
    fn lengths_are_read_without_a_deep_stack() {
        for open in ["(", "max(", "1+("] {
            let text = format!(") var<private> x: array<f32, {}1>;", open.repeat(8000));
            assert!(says(&text).contains("cannot be told"));
        }
    }

    const BIG: usize = super::super::BYTES + 1;

    #[test]
    fn doubling_constants_are_seen() {
        let mut text = "const a0 = array(1, 2);\n".to_string();
        for i in 1..40 {
            text += &format!("const a{i} = array(a{0}, a{0});\n", i - 1);
        }
        assert!(says(&text).contains("grows"), "{}", says(&text));
        let local = format!("fn f() {{ {} }}", text.replace('\n', " "));
        assert!(says(&local).contains("grows"));
        assert!(says("fn f() { const a = b; } fn g() { const b = a; }").contains("circle"));
    }

    #[test]
    fn members_and_fields_are_no_uses() {
        check("struct scale { scale: f32 } fn f(p: scale) -> f32 { return p.scale; }").unwrap();
        check("override WG: u32 = 64u;\nconst N: u32 = 4u;\nvar<private> x: array<f32, N>;")
            .unwrap();
    }
}
