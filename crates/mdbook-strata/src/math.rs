//! Equations: TeX in, MathML out, by KaTeX, when the book is built.

use crate::fault::Fault;
use katex::{KatexContext, OutputFormat, Settings, render_to_string};

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
        let output = OutputFormat::Mathml;
        let settings = Settings::builder().display_mode(display).output(output).build();
        let html = render_to_string(&self.context, tex.trim(), &settings);
        let html = html.map_err(|error| Fault::Equation {
            tex: tex.split_whitespace().collect::<Vec<_>>().join(" "),
            why: error.to_string().replace('\n', " "),
        })?;
        // Only the <math> of KaTeX's wrapper is needed: its style sheet is not there.
        let (start, end) = (html.find("<math"), html.rfind("</math>"));
        let math = match (start, end) {
            (Some(start), Some(end)) if start < end => &html[start..end + "</math>".len()],
            _ => html.as_str(),
        };
        if display {
            // Wide equations scroll by themselves; the keyboard can do that too.
            let label = "aria-label=\"Equation\"";
            let scroll = "class=\"equation\" tabindex=\"0\" role=\"group\"";
            Ok(format!("<div {scroll} {label}>{math}</div>"))
        } else {
            Ok(math.to_string())
        }
    }
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
    fn what_katex_refuses_is_an_error() {
        let error = Math::default().render(r"\frac{a}{", false).unwrap_err().to_string();
        assert!(error.starts_with(r"the equation `\frac{a}{` does not parse:"), "{error}");
    }
}
