//! `{{#capture cargo strata demo 02}}`: a command and what it printed.

use super::{Context, Output};
use crate::captures::{Capture, Kind, Request};
use crate::fault::Fault;
use crate::source::highlight::escape;

/// The directive.
pub(super) fn capture(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let request = Request::parse(words)?;
    let capture = Capture::read(context.book, &request)?;
    let lines: Vec<&str> = capture.output.lines().collect();
    let count = lines.len();
    let (from, to) = match (request.head, request.tail) {
        (Some(head), _) => (0, head.min(count)),
        (_, Some(tail)) => (count.saturating_sub(tail), count),
        _ => (0, count),
    };
    let omitted = |left: usize| format!("… {left} more line{}\n", if left == 1 { "" } else { "s" });
    let before = if from > 0 { omitted(from) } else { String::new() };
    let after = if to < count { omitted(count - to) } else { String::new() };
    let output = format!("{before}{}\n{after}", lines.get(from..to).unwrap_or_default().join("\n"));
    let shown = output.trim_end();
    let prompt = request.folder.as_ref().map(|f| format!("{} ", escape(f))).unwrap_or_default();
    let command = format!(
        "<span class=\"c\">{prompt}$ </span><span class=\"k\">{}</span>",
        escape(&request.command)
    );
    let label = "tabindex=\"0\" role=\"group\" aria-label=\"Terminal\"";
    let output = terminal(shown);
    let inner = if request.hide {
        format!(
            "<pre {label}><code>{command}</code></pre><details><summary>Output</summary><pre {label}>\
             <code>{output}</code></pre></details>"
        )
    } else {
        format!("<pre {label}><code>{command}\n{output}</code></pre>")
    };
    let note = match &capture.kind {
        Kind::Exact => String::new(),
        Kind::Measured { date, machine } => {
            format!("<p class=\"recorded\">Recorded {} on {}</p>", escape(date), escape(machine))
        }
    };
    Ok(Output::Block(format!("<div class=\"code terminal\">{inner}{note}</div>")))
}

/// Wider than the page's widest box: such a line is prose, and wraps as it would in a terminal.
const WIDE: usize = 112;

fn terminal(text: &str) -> String {
    let line = |line: &str| {
        let shown = escape(line);
        let long = line.trim_end_matches('\n').chars().count() > WIDE;
        if long { format!("<span class=\"long\">{shown}</span>") } else { shown }
    };
    text.split_inclusive('\n').map(line).collect()
}
