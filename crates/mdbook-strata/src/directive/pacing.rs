//! `{{#pace}}` and `{{#outline}}`: what a chapter promises and takes.

use super::{Context, Output};
use crate::fault::Fault;
use crate::page::{Page, no_arguments};
use crate::source::highlight::{escape, prose};

/// The box at the head of a chapter.
pub(super) fn pace(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    no_arguments(words)?;
    let front = &context.page.front;
    let missing = |key| Fault::Argument(format!("the front matter has no `{key}`"));
    let promise = front.promise.as_ref().ok_or_else(|| missing("promise"))?;
    let minutes = front.minutes.ok_or_else(|| missing("minutes"))?;
    let needs = if front.needs.is_empty() {
        "nothing but patience".to_string()
    } else {
        let links = front.needs.iter().map(|need| chapter(context, need));
        links.collect::<Result<Vec<_>, _>>()?.join(", ")
    };
    Ok(Output::Block(format!(
        "<dl class=\"pace\"><div><dt>You will have</dt><dd>{}</dd></div><div><dt>Takes about</dt>\
         <dd>{}</dd></div><div><dt>Needs</dt><dd>{needs}</dd></div></dl>",
        prose(promise),
        duration(minutes)
    )))
}

/// A link to a chapter, by its two digits.
fn chapter(context: &Context<'_>, number: &str) -> Result<String, Fault> {
    let number = format!("{number:0>2}");
    let page = context.pages.iter().find(|page| page.chapter() == Some(&number));
    let page = page.ok_or_else(|| Fault::Unknown {
        kind: "chapter",
        name: number.clone(),
        have: crate::fault::list(context.pages.iter().filter_map(Page::chapter)),
    })?;
    Ok(format!("<a href=\"{}\">{}</a>", escape(&page.link()), escape(&page.title)))
}

/// Minutes as people say them.
fn duration(minutes: u32) -> String {
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        (0, rest) => format!("{rest} minutes"),
        (1, 0) => "an hour".into(),
        (hours, 0) => format!("{hours} hours"),
        (hours, rest) => format!("{hours} h {rest} min"),
    }
}

/// The table of all chapters.
pub(super) fn outline(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    no_arguments(words)?;
    let mut rows = String::new();
    for page in context.pages.iter().filter(|page| page.chapter().is_some()) {
        let promise = page.front.promise.as_deref().unwrap_or_default();
        let minutes = page.front.minutes.map(duration).unwrap_or_default();
        let needs = page.front.needs.join(", ");
        rows.push_str(&format!(
            "<tr><td class=\"number\">{}</td><th scope=\"row\"><a href=\"{}\">{}</a></th><td>{}</td>\
             <td class=\"number\">{minutes}</td><td>{}</td></tr>",
            page.chapter().unwrap_or_default(),
            escape(&page.link()),
            escape(&page.title),
            prose(promise),
            escape(&needs)
        ));
    }
    let heads = "<th scope=\"col\"><span class=\"hidden-text\">Number</span></th><th scope=\"col\">chapter\
                 </th><th scope=\"col\">you will have</th><th scope=\"col\">takes</th><th scope=\"col\">\
                 needs</th>";
    Ok(Output::Block(format!(
        "<div class=\"scroll outline\" tabindex=\"0\" role=\"group\" aria-label=\"The chapters\"><table>\
         <thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )))
}

#[cfg(test)]
mod tests {
    #[test]
    fn minutes_become_hours() {
        let said = [45, 60, 90, 120].map(super::duration);
        assert_eq!(said, ["45 minutes", "an hour", "1 h 30 min", "2 hours"]);
    }
}
