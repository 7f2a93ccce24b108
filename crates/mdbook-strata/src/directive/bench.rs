//! `{{#bench op=matmul device=ladder-cuda}}`: a table of what was measured.

use super::{Args, Context, Output};
use crate::fault::{Fault, list};
use crate::results::{self, Results, auto};
use crate::source::highlight::escape;
use serde_json::Value;

type Cell = fn(&Value) -> Option<String>;

/// The columns there are: their name in the directive, their heading, what stands in them.
const COLUMNS: [(&str, &str, Cell); 6] = [
    ("rung", "rung", |row| row["rung"].as_str().map(str::to_string)),
    ("shape", "shape", |row| row["shape"].as_str().map(str::to_string)),
    ("time", "time", |row| results::of(row, "seconds").map(|s| auto(s, "s"))),
    ("flops", "arithmetic", |row| results::of(row, "flops_per_second").map(|f| auto(f, "FLOP/s"))),
    ("bytes", "memory", |row| results::of(row, "bytes_per_second").map(|b| auto(b, "B/s"))),
    ("share", "of the ceiling", share),
];

fn share(row: &Value) -> Option<String> {
    let percent = results::of(row, "share")? * 100.0;
    let ceiling = row["ceiling"].as_str().unwrap_or("ceiling");
    Some(format!("{percent:.0}\u{a0}% ({ceiling})"))
}

/// The directive.
pub(super) fn bench(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["op", "device", "columns", "shape", "size"])?;
    let results = Results::open(context.tree, args.need("device")?)?;
    let shape = args.get("shape").or(args.get("size"));
    let rows = results.rows(args.need("op")?, shape)?;
    let several = results::several_shapes(&rows);
    let plain = if several { "rung,shape,time,flops,share" } else { "rung,time,flops,share" };
    let mut columns = Vec::new();
    for name in args.get("columns").unwrap_or(plain).split(',') {
        let found = COLUMNS.iter().find(|(n, ..)| *n == name.trim());
        columns.push(found.ok_or_else(|| Fault::Unknown {
            kind: "column",
            name: name.into(),
            have: list(COLUMNS.iter().map(|(n, ..)| n)),
        })?);
    }
    let heads: String =
        columns.iter().map(|(_, head, _)| format!("<th scope=\"col\">{head}</th>")).collect();
    let mut body = String::new();
    for row in rows {
        body.push_str("<tr>");
        for (name, _, cell) in &columns {
            let text = cell(row).ok_or_else(|| Fault::NoMeasurement {
                file: results.file().into(),
                what: format!("`{name}` of {}", row["rung"]),
            })?;
            let text = escape(&text);
            body.push_str(&match *name {
                "rung" => format!("<th scope=\"row\"><code>{text}</code></th>"),
                "shape" => format!("<td>{text}</td>"),
                _ => format!("<td class=\"number\">{text}</td>"),
            });
        }
        body.push_str("</tr>");
    }
    let caption = escape(&results.caption());
    let table = format!("<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>");
    let link = context.tree.address(results.file());
    Ok(Output::Block(format!(
        "<figure class=\"measured\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-label=\"Measurements\">{table}</div><figcaption><a href=\"{link}\">Measured</a>: \
         {caption}</figcaption></figure>"
    )))
}
