//! `{{#ladder op=matmul results=ladder-cuda,ladder-cpu}}`: the rungs of an op, as bars.

use super::{Args, Context, Output};
use crate::fault::{Fault, list};
use crate::results::{self, Results, auto};
use crate::source::highlight::escape;

/// What can be drawn of a row: its name, what the file calls it, its unit, its title.
pub(super) type Measure = (&'static str, &'static str, &'static str, &'static str);

const MEASURES: [Measure; 3] = [
    ("flops", "flops_per_second", "FLOP/s", "arithmetic, more is better"),
    ("bytes", "bytes_per_second", "B/s", "memory traffic, more is better"),
    ("time", "seconds", "s", "time, less is better"),
];

/// The measure of that name; without one, arithmetic.
pub(super) fn measure(name: Option<&str>) -> Result<&'static Measure, Fault> {
    let name = name.unwrap_or("flops");
    MEASURES.iter().find(|m| m.0 == name).ok_or_else(|| Fault::Unknown {
        kind: "measure",
        name: name.into(),
        have: list(MEASURES.iter().map(|m| m.0)),
    })
}

/// One device's bars: its name and (rung, value).
struct Group {
    device: String,
    caption: String,
    shape: Option<String>,
    bars: Vec<(String, f64)>,
}

/// Files of one drawing, a device each: every line is compared with every other.
const FILES: usize = 16;

/// The files of `results=a,b`.
pub(super) fn files(args: &Args) -> Result<Vec<&str>, Fault> {
    let files: Vec<&str> = args.need("results")?.split(',').map(str::trim).collect();
    match files.len() {
        0..=FILES => Ok(files),
        has => {
            let what = "`results`".into();
            Err(Fault::TooMuch { what, has, unit: "files", most: FILES })
        }
    }
}

/// The directive.
pub(super) fn ladder(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["op", "results", "shape", "size", "measure"])?;
    let op = args.need("op")?;
    let measure = measure(args.get("measure"))?;
    let shape = args.get("shape").or(args.get("size"));
    let mut groups = Vec::new();
    for file in files(&args)? {
        groups.push(group(context, file, op, shape, measure.1)?);
    }
    let mut rows = String::new();
    for (i, group) in groups.iter().enumerate() {
        let device = escape(&group.device);
        rows.push_str(&format!(
            "<tbody><tr><th colspan=\"2\" scope=\"rowgroup\">{device}</th></tr>"
        ));
        // Bars of one machine are compared; those of another would vanish beside them.
        let near = groups.iter().filter(|other| machine(other) == machine(group));
        let values = near.flat_map(|other| &other.bars).map(|(_, value)| *value);
        let largest = values.fold(f64::MIN_POSITIVE, f64::max);
        for (rung, value) in &group.bars {
            let (share, value) = ((value / largest).max(0.004), auto(*value, measure.2));
            let rung = escape(rung);
            rows.push_str(&format!(
                "<tr><th scope=\"row\"><code>{rung}</code></th><td><span class=\"rod fill-{}\" \
                 style=\"--share:{share:.3}\"></span>{value}</td></tr>",
                1 + i % 4
            ));
        }
        rows.push_str("</tbody>");
    }
    let first = groups.first();
    let machines = groups.iter().any(|group| Some(machine(group)) != first.map(machine));
    let scale = if machines { ". Each machine has its own scale" } else { "" };
    let shapes = groups.iter().all(|group| Some(&group.shape) == first.map(|first| &first.shape));
    let at = first.and_then(|first| first.shape.as_ref()).filter(|_| shapes);
    let at = at.map(|shape| format!(" at {}", escape(shape))).unwrap_or_default();
    let captions = groups.iter().map(|g| match &g.shape {
        Some(shape) if !shapes => format!("{} · {shape}", g.caption),
        _ => g.caption.clone(),
    });
    let captions: Vec<String> = captions.collect();
    let op = escape(op);
    Ok(Output::Block(format!(
        "<figure class=\"measured ladder\"><table><caption><code>{op}</code>{at}: {}{scale}</caption>{rows}\
         </table><figcaption>{}</figcaption></figure>",
        measure.3,
        measured(captions.iter().map(String::as_str))
    )))
}

/// The machine of a group: its device without the way it was reached.
fn machine(group: &Group) -> &str {
    group.device.rsplit_once(", ").map_or(&group.device, |(machine, _)| machine)
}

/// What was measured where, a line for each file.
pub(super) fn measured<'a>(captions: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<String> = captions.map(escape).collect();
    format!("Measured: {}", lines.join("<br>"))
}

fn group(
    context: &Context<'_>,
    file: &str,
    op: &str,
    shape: Option<&str>,
    measure: &str,
) -> Result<Group, Fault> {
    let results = Results::open(context.tree, file)?;
    let mut rows = results.rows(op, shape)?;
    if shape.is_none() && results::several_shapes(&rows) {
        // A ladder over many sizes: the largest is where rungs differ most.
        let largest = rows.iter().filter_map(|row| row["size"].as_u64()).max();
        rows.retain(|row| row["size"].as_u64() == largest);
        if largest.is_none() {
            return Err(Fault::Argument(format!(
                "{file} has several shapes of `{op}`: say `shape=`"
            )));
        }
    }
    let mut bars = Vec::new();
    for row in &rows {
        let rung = row["rung"].as_str().unwrap_or_default();
        let value = results::of(row, measure).filter(|v| *v >= 0.0).ok_or_else(|| {
            Fault::NoMeasurement {
                file: results.file().into(),
                what: format!("`{measure}` of {rung}"),
            }
        })?;
        bars.push((rung.to_string(), value));
    }
    let at = rows.last().and_then(|row| row["shape"].as_str());
    let (device, caption) = (results.device(), results.caption());
    Ok(Group { device, caption, shape: at.map(str::to_string), bars })
}
