//! `{{#curve op=matmul results=ladder-cuda}}`: speed over size, a line for each rung.

mod draw;

pub(super) use draw::{NARROW, mark, short, size};

use super::ladder::{self, Measure};
use super::{Args, Context, Output};
use crate::fault::{Fault, beginning};
use crate::results::{self, Results, auto};
use crate::source::highlight::escape;
use crate::tree::Tree;
use serde_json::Value;

/// Sizes that a logarithmic axis can show, and a float can hold to the last digit.
const SIZES: std::ops::RangeInclusive<u64> = 1..=1 << 53;
/// The letters of a rung's name; the longest has 16. Names stand beside the plot and take its room.
const LETTERS: usize = 24;

/// A rung on a device: sizes and what was measured there.
struct Line {
    device: usize,
    rung: String,
    points: Vec<(f64, f64)>,
}

/// All that is drawn.
struct Curves<'a> {
    op: &'a str,
    measure: &'a Measure,
    devices: Vec<String>,
    captions: Vec<String>,
    /// What a size counts, where the file says so.
    counted: Option<String>,
    lines: Vec<Line>,
}

/// The directive.
pub(super) fn curve(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["op", "results", "measure"])?;
    let op = args.need("op")?;
    let mut measure = ladder::measure(args.get("measure"))?;
    let (mut devices, mut captions, mut lines, mut counted) = (vec![], vec![], Vec::new(), None);
    for (device, file) in ladder::files(&args)?.into_iter().enumerate() {
        let results = Results::open(context.tree, file)?;
        let rows = results.rows(op, None)?;
        if args.get("measure").is_none() && rows.iter().all(|row| row["flops"] == 0.0) {
            measure = ladder::measure(Some("bytes"))?;
        }
        for row in rows {
            let rung = row["rung"].as_str().unwrap_or_default();
            let none = || Fault::NoMeasurement {
                file: results.file().into(),
                what: format!("`size` and `{}` of `{op}`, {rung}", measure.1),
            };
            let value = results::of(row, measure.1).filter(|v| *v > 0.0).ok_or_else(none)?;
            let size = row["size"].as_u64().filter(|size| SIZES.contains(size)).ok_or_else(none)?;
            let letters = rung.chars().count();
            if letters > LETTERS {
                let what = format!("the rung `{}`", beginning(rung));
                return Err(Fault::TooMuch { what, has: letters, unit: "letters", most: LETTERS });
            }
            let point = (size as f64, value);
            match lines.iter_mut().find(|l: &&mut Line| l.device == device && l.rung == rung) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { device, rung: rung.into(), points: vec![point] }),
            }
        }
        counted = counted.or(unit(context.tree, results.file(), op)?);
        devices.push(results.device());
        captions.push(results.caption());
    }
    for line in &mut lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let curves = Curves { op, measure, devices, captions, counted, lines };
    let (sizes, least) = (curves.sizes(), curves.range());
    if sizes.len() < 2 || least.1 <= least.0 {
        return Err(Fault::Argument(format!("`{op}` has one size only: use `ladder`")));
    }
    Ok(Output::Block(format!(
        "<figure class=\"measured ladder drawing\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-label=\"Figure\">{}</div><details><summary>The numbers</summary>{}</details>\
         <figcaption>{}</figcaption></figure>",
        curves.draw().inline(context.id()),
        curves.table(),
        ladder::measured(curves.captions.iter().map(String::as_str))
    )))
}

/// What a size of an op counts.
fn unit(tree: &Tree, file: &str, op: &str) -> Result<Option<String>, Fault> {
    let text = tree.read_if_there(file)?.unwrap_or_default();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let reports = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
    let scales = reports.iter().filter_map(|report| report["scales"].as_array()).flatten();
    let unit = scales.filter(|scale| scale["op"] == op).find_map(|scale| scale["unit"].as_str());
    Ok(unit.map(str::to_string))
}

impl Curves<'_> {
    #[expect(
        clippy::indexing_slicing,
        reason = "every file has its device, and its lines its number"
    )]
    fn device(&self, line: &Line) -> &str {
        &self.devices[line.device]
    }

    fn sizes(&self) -> Vec<f64> {
        let mut sizes: Vec<f64> =
            self.lines.iter().flat_map(|l| l.points.iter().map(|p| p.0)).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        sizes
    }

    /// The least and the largest value.
    fn range(&self) -> (f64, f64) {
        let values = || self.lines.iter().flat_map(|l| l.points.iter().map(|p| p.1));
        (values().fold(f64::MAX, f64::min), values().fold(f64::MIN_POSITIVE, f64::max))
    }

    fn table(&self) -> String {
        let sizes = self.sizes();
        let heads: String =
            sizes.iter().map(|s| format!("<th scope=\"col\">{}</th>", size(*s))).collect();
        let mut rows = String::new();
        for line in &self.lines {
            let cell = |s: &f64| {
                let found = line.points.iter().find(|p| p.0 == *s);
                let text = found.map_or(String::new(), |p| auto(p.1, self.measure.2));
                format!("<td class=\"number\">{text}</td>")
            };
            let cells: String = sizes.iter().map(cell).collect();
            let (device, rung) = (escape(self.device(line)), escape(&line.rung));
            rows.push_str(&format!(
                "<tr><th scope=\"row\"><code>{rung}</code></th>{cells}<td>{device}</td></tr>"
            ));
        }
        format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Measurements\"><table><thead>\
             <tr><th scope=\"col\">rung</th>{heads}<th scope=\"col\">device</th></tr></thead>\
             <tbody>{rows}</tbody></table></div>"
        )
    }
}
