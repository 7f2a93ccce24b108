//! Equations: TeX in, MathML out, by KaTeX, when the book is built.

use crate::fault::{Fault, beginning};
use katex::{KatexContext, OutputFormat, Settings, render_to_string};

/// An equation's bytes, commands, and braces in each other. KaTeX reads one by calling itself, so that
/// these bound its stack; the longest of the book has 410 bytes, 29 commands and 3 braces.
const MOST: [usize; 3] = [1000, 50, 12];
/// What defines commands: with them a short equation is as long as it likes.
const DEFINES: [&str; 11] = [
    "\\def",
    "\\edef",
    "\\gdef",
    "\\xdef",
    "\\let",
    "\\futurelet",
    "\\global",
    "\\long",
    "\\newcommand",
    "\\renewcommand",
    "\\providecommand",
];

/// A typesetter, to be used for many equations.
#[derive(Default)]
pub struct Math {
    context: KatexContext,
}

impl Math {
    /// An equation as MathML; in `display` it stands on lines of its own.
    ///
    /// # Errors
    /// It does not parse.
    pub fn render(&self, tex: &str, display: bool) -> Result<String, Fault> {
        bounded(tex)?;
        let output = OutputFormat::Mathml;
        let settings = Settings::builder().display_mode(display).output(output).build();
        let html = render_to_string(&self.context, tex.trim(), &settings);
        let html = html.map_err(|error| Fault::Equation {
            tex: beginning(tex),
            why: beginning(&error.to_string()),
        })?;
        // Only the <math> of KaTeX's wrapper is needed: its style sheet is not there.
        let (start, end) = (html.find("<math"), html.rfind("</math>"));
        let math = match (start, end) {
            (Some(start), Some(end)) if start < end => html.get(start..end + "</math>".len()),
            _ => None,
        };
        let math = &in_order(math.unwrap_or(&html));
        if display {
            // Wide equations scroll by themselves; the keyboard can do that too.
            let label = "aria-label=\"Equation\"";
            let scroll = "class=\"equation\" tabindex=\"0\" role=\"group\"";
            Ok(format!("<div {scroll} {label}>{math}</div>"))
        } else {
            Ok(breakable(math))
        }
    }
}

/// Refuses what KaTeX would take too long for, or too much of the stack.
fn bounded(tex: &str) -> Result<(), Fault> {
    let (mut open, mut deepest) = (0usize, 0);
    for c in tex.chars() {
        match c {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    let has = [tex.len(), tex.matches('\\').count(), deepest];
    let units = ["bytes", "commands", "braces in each other"];
    for ((has, unit), most) in has.into_iter().zip(units).zip(MOST) {
        if has > most {
            let what = format!("the equation `{}`", beginning(tex));
            return Err(Fault::TooMuch { what, has, unit, most });
        }
    }
    let command = |name: &str| {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphabetic());
        tex.split(name).skip(1).any(ends)
    };
    match DEFINES.iter().find(|name| command(name)) {
        Some(name) => {
            let why = format!("`{name}` defines a command: write out what it stands for");
            Err(Fault::Equation { tex: beginning(tex), why })
        }
        None => Ok(()),
    }
}

/// With the attributes of each tag in order: KaTeX keeps them in a hash map, and a book that is printed
/// twice should be the same book.
fn in_order(math: &str) -> String {
    let mut out = String::with_capacity(math.len());
    for part in math.split_inclusive('>') {
        let sorted = part.rfind('<').and_then(|start| {
            let (text, tag) = part.split_at(start);
            let tag = tag.strip_suffix('>')?;
            let (tag, end) = tag.strip_suffix('/').map_or((tag, ">"), |tag| (tag, "/>"));
            let (name, attributes) = tag.split_once(' ')?;
            let mut attributes: Vec<_> =
                attributes.trim().split_inclusive("\" ").map(str::trim).collect();
            attributes.sort_unstable();
            Some(format!("{text}{name} {}{end}", attributes.join(" ")))
        });
        out.push_str(sorted.as_deref().unwrap_or(part));
    }
    out
}

/// An equation in a sentence, in pieces between which a line may end: browsers break none themselves.
/// That is after a relation, a plus or a minus which stands in no bracket and no fraction.
fn breakable(math: &str) -> String {
    let (open, close) = ("<semantics><mrow>", "</mrow><annotation");
    let row = math.split_once(open).and_then(|(_, rest)| rest.split_once(close));
    let Some((row, _)) = row else { return math.to_string() };
    let (mut pieces, mut piece, mut depth, mut brackets) = (Vec::new(), String::new(), 0, 0);
    let mut tags = row.split_inclusive('>').peekable();
    let (mut words, mut letters, mut after_sign) = (0, 0, false);
    while let Some(tag) = tags.next() {
        let text = tag.split('<').next().unwrap_or_default();
        letters += text.chars().count();
        match tag {
            _ if tag.contains("</") => depth -= 1,
            _ if tag.ends_with("/>") => {}
            _ => depth += 1,
        }
        piece.push_str(tag);
        brackets += match text {
            "(" | "[" | "{" => 1,
            ")" | "]" | "}" => -1,
            _ => 0,
        };
        let ends = depth == 0 && brackets == 0 && tags.peek().is_some();
        words += usize::from(depth == 0);
        let sign = matches!(text, "+" | "−") && !after_sign;
        // Operators only: `\text{=}` is text.
        let operator = tag.ends_with("</mo>");
        let relation = matches!(text, "=" | "≈" | "≤" | "≥");
        if depth == 0 {
            after_sign = tag.ends_with("</mo>") && !matches!(text, ")" | "]" | "}" | "!" | "′");
        }
        if ends && words > 1 && operator && (relation || sign) {
            // Last in its row it would be taken for a sign behind a number.
            if let Some(at) = piece.rfind("<mo") {
                piece.insert_str(at + "<mo".len(), " form=\"infix\"");
            }
            pieces.push(std::mem::take(&mut piece));
            words = 0;
        }
    }
    pieces.push(piece);
    if pieces.len() == 1 || letters < 16 {
        return math.to_string();
    }
    let start = math.split_once(open).map_or("", |(start, _)| start);
    let pieces: Vec<_> =
        pieces.iter().map(|piece| format!("{start}<mrow>{piece}</mrow></math>")).collect();
    pieces.join("<wbr>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_become_mathml() {
        let math = Math::default();
        let html = math.render(r"c_{ij} = \sum_l a_{il} b_{lj}", true).unwrap();
        assert!(html.contains("<math") && html.contains("display=\"block\""), "{html}");
        assert!(math.render("x^2", false).unwrap().starts_with("<math"));
    }

    #[test]
    fn attributes_come_in_order() {
        let mathml = "<a x=\"1 2\" b=\"3\">y<c/><d w=\"1\" v=\"\"/></a>";
        assert_eq!(in_order(mathml), "<a b=\"3\" x=\"1 2\">y<c/><d v=\"\" w=\"1\"/></a>");
    }

    #[test]
    fn long_equations_may_break() {
        let math = Math::default();
        let html = math.render(r"(2 + 16) + (16 \cdot 16 + 16) - x_{i=1} = 337", false).unwrap();
        assert_eq!(html.matches("<wbr>").count(), 3, "{html}");
        assert_eq!(html.matches("<math").count(), html.matches("</math>").count());
        let html = math.render("0.665, -0.755, 0.090 = x + y", false).unwrap();
        assert_eq!(html.matches("<wbr>").count(), 2, "{html}");
        assert!(!math.render("y = x + 1", false).unwrap().contains("<wbr>"));
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let math = Math::default();
        for (tex, said) in [
            ("{".repeat(100), "braces in each other"),
            (format!("x{}", "^{x".repeat(300)), "braces in each other"),
            ("\\it ".repeat(200), "commands"),
            ("x + ".repeat(1000), "bytes"),
            (r"\def\a{\a\a}\a".into(), "defines a command"),
            (r"\newcommand{\a}{x} \a".into(), "defines a command"),
        ] {
            let error = math.render(&tex, false).unwrap_err().to_string();
            assert!(error.contains(said) && error.len() < 400, "{error}");
        }
        // The deepest that is let through fits the smallest stack that we run on, a test's.
        let (style, open, close) = (r"\it ".repeat(38), r"\frac{1}{".repeat(11), "}".repeat(11));
        let deep = format!("{style}{open}x{close}");
        let work = move || Math::default().render(&deep, true).is_ok();
        let deep = std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap();
        assert!(deep.join().unwrap());
        assert!(math.render(r"x \leftarrow \text{=} + y", false).is_ok());
    }

    #[test]
    fn what_katex_refuses_is_an_error() {
        let error = Math::default().render(r"\frac{a}{", false).unwrap_err().to_string();
        assert!(error.starts_with(r"the equation `\frac{a}{` does not parse:"), "{error}");
    }
}
