//! `{{#figure strides caption="…"}}`: a drawing made by code.

use super::{Args, Context, Output};
use crate::fault::{Fault, list};
use crate::figures;
use crate::source::highlight::prose;

/// The directive.
pub(super) fn figure(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["caption"])?;
    let name = args.only("figure")?;
    let svg = figures::draw(name).ok_or_else(|| Fault::Unknown {
        kind: "figure",
        name: name.into(),
        have: list(figures::FIGURES.iter().map(|f| f.name)),
    })?;
    let file = context.book.join("figures/out").join(format!("{name}.svg"));
    let drawn =
        strata_files::read_text(&file, figures::MOST).map(|text| text.replace("\r\n", "\n"));
    if drawn.ok() != Some(svg.stand_alone()) {
        let path = context.tree.relative(&file);
        let what = "it is not what the code draws now".into();
        return Err(Fault::Elsewhere { path, line: 1, what });
    }
    let caption =
        args.get("caption").map(|text| format!("<figcaption>{}</figcaption>", prose(text)));
    Ok(Output::Block(format!(
        "<figure class=\"drawing\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-label=\"Figure\">{}</div>{}</figure>",
        svg.inline(context.id()),
        caption.unwrap_or_default()
    )))
}
