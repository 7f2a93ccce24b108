//! `{{#ladder op=matmul results=h200-cuda,cpu}}`: the rungs of an op, as bars.

use super::{Args, Context, Output};
use crate::fault::{Fault, list};
use crate::figures::svg::{Anchor, Svg};
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
    bars: Vec<(String, f64)>,
}

/// The directive.
pub(super) fn ladder(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.known(&["op", "results", "shape", "size", "measure"])?;
    let op = args.need("op")?;
    let measure = measure(args.get("measure"))?;
    let shape = args.get("shape").or(args.get("size"));
    let mut groups = Vec::new();
    for file in args.need("results")?.split(',') {
        groups.push(group(context, file.trim(), op, shape, measure.1)?);
    }
    let svg = draw(op, &groups, measure);
    let mut rows = String::new();
    for group in &groups {
        for (rung, value) in &group.bars {
            let (device, value) = (escape(&group.device), auto(*value, measure.2));
            rows.push_str(&format!(
                "<tr><td>{device}</td><th scope=\"row\"><code>{rung}</code></th>\
                 <td class=\"number\">{value}</td></tr>"
            ));
        }
    }
    let captions: Vec<String> = groups.iter().map(|g| escape(&g.caption)).collect();
    let heads =
        "<th scope=\"col\">device</th><th scope=\"col\">rung</th><th scope=\"col\">speed</th>";
    Ok(Output::Block(format!(
        "<figure class=\"measured ladder\">{}<details><summary>The numbers</summary><table><thead><tr>\
         {heads}</tr></thead><tbody>{rows}</tbody></table></details><figcaption>Measured: {}\
         </figcaption></figure>",
        svg.inline(context.id()),
        captions.join("; ")
    )))
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
    if shape.is_none() && rows.iter().any(|row| row["shape"] != rows[0]["shape"]) {
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
    for row in rows {
        let rung = row["rung"].as_str().unwrap_or_default();
        let value = results::of(row, measure).ok_or_else(|| Fault::NoMeasurement {
            file: results.file().into(),
            what: format!("`{measure}` of {rung}"),
        })?;
        bars.push((rung.to_string(), value));
    }
    let at = results.rows(op, shape)?.last().and_then(|row| row["shape"].as_str());
    let caption = match at {
        Some(shape) => format!("{} · {shape}", results.caption()),
        None => results.caption(),
    };
    Ok(Group { device: results.device(), caption, bars })
}

fn draw(op: &str, groups: &[Group], measure: &Measure) -> Svg {
    let all = || groups.iter().flat_map(|g| &g.bars);
    let largest = all().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let numbers = groups.iter().map(|group| {
        let bars = group.bars.iter().map(|(rung, v)| format!("{rung} {}", auto(*v, measure.2)));
        format!("{}: {}.", group.device, bars.collect::<Vec<_>>().join(", "))
    });
    let text = numbers.collect::<Vec<_>>().join(" ");
    let height = groups.iter().map(|g| 40.0 + 26.0 * g.bars.len() as f64).sum::<f64>();
    let title = format!("The rungs of {op}: {}", measure.3);
    let mut svg = Svg::new("ladder", 520.0, height + 4.0, &title, &text);
    let (left, wide) = (136.0, 290.0);
    let mut y = 0.0;
    for (i, group) in groups.iter().enumerate() {
        svg.text(0.0, y + 20.0, Anchor::Start, "label strong", &group.device);
        y += 32.0;
        for (rung, value) in &group.bars {
            let length = (wide * value / largest).max(1.5);
            svg.text(left - 10.0, y + 15.0, Anchor::End, "mono small", rung);
            svg.rect(left, y + 2.0, length, 18.0, 2.0, &format!("fill-{}", 1 + i % 4));
            let value = auto(*value, measure.2);
            svg.text(left + length + 7.0, y + 16.0, Anchor::Start, "small", &value);
            y += 26.0;
        }
        y += 8.0;
    }
    svg
}
