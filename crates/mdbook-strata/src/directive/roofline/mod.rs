//! `{{#roofline op=matmul,gelu results=ladder-cuda}}`: how fast rungs are, beside how fast they
//! could be.

mod draw;

use super::{Args, Context, Output};
use crate::fault::Fault;
use crate::results::{self, Results, auto};
use crate::source::highlight::escape;
use serde_json::Value;

/// A rung's place: FLOPs for each byte, and FLOPs a second.
struct Point {
    rung: String,
    intensity: f64,
    speed: f64,
}

/// An op at one shape.
struct Group {
    op: String,
    shape: String,
    points: Vec<Point>,
}

/// What was measured as the most.
struct Roof {
    bandwidth: f64,
    compute: f64,
}

impl Roof {
    fn at(&self, intensity: f64) -> f64 {
        self.compute.min(self.bandwidth * intensity)
    }
}

/// The directive.
pub(super) fn roofline(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["op", "results", "size", "shape"])?;
    let results = Results::open(context.tree, args.need("results")?)?;
    let ceiling = |path: &str| {
        let none = || Fault::NoMeasurement {
            file: results.file().into(),
            what: format!("`{path}` above zero"),
        };
        results.number(path).ok().filter(|most| *most > 0.0).ok_or_else(none)
    };
    let roof = Roof {
        bandwidth: ceiling("ceilings.bytes_per_second.copy")?,
        compute: ceiling("ceilings.flops_per_second")?,
    };
    let shape = args.get("shape").or(args.get("size"));
    let mut groups = Vec::new();
    for op in args.need("op")?.split(',') {
        groups.push(group(&results, op.trim(), shape)?);
    }
    let mut rows = String::new();
    for group in &groups {
        for Point { rung, intensity, speed } in &group.points {
            let share = 100.0 * speed / roof.at(*intensity);
            rows.push_str(&format!(
                "<tr><td>{}</td><th scope=\"row\"><code>{rung}</code></th><td>{shape}</td>\
                 <td class=\"number\">{intensity:.2}</td><td class=\"number\">{}</td>\
                 <td class=\"number\">{share:.0}\u{a0}%</td></tr>",
                escape(&group.op),
                auto(*speed, "FLOP/s"),
                rung = escape(rung),
                shape = escape(&group.shape)
            ));
        }
    }
    let heads = ["op", "rung", "shape", "FLOPs per byte", "speed", "of the roof"];
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    Ok(Output::Block(format!(
        "<figure class=\"measured ladder drawing\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-label=\"Figure\">{}</div><details><summary>The numbers</summary><div class=\"scroll\" \
         tabindex=\"0\" role=\"group\" aria-label=\"Measurements\"><table><thead><tr>{heads}</tr></thead>\
         <tbody>{rows}</tbody></table></div></details><figcaption>Measured: {}</figcaption></figure>",
        draw::draw(&groups, &roof).inline(context.id()),
        escape(&results.caption())
    )))
}

/// The rungs of an op at a shape; without one, at the largest size.
fn group(results: &Results, op: &str, shape: Option<&str>) -> Result<Group, Fault> {
    let mut rows = results.rows(op, shape)?;
    let largest = rows.iter().filter_map(|row| row["size"].as_u64()).max();
    rows.retain(|row| row["size"].as_u64() == largest);
    let point = |row: &&Value| {
        let rung = row["rung"].as_str().unwrap_or_default();
        let of = |name| results::of(row, name).filter(|n| *n > 0.0);
        let none = || Fault::NoMeasurement {
            file: results.file().into(),
            what: format!("arithmetic of `{op}`, {rung}, that a roofline could show"),
        };
        let (flops, bytes) = (of("flops").ok_or_else(none)?, of("bytes").ok_or_else(none)?);
        let speed = of("flops_per_second").ok_or_else(none)?;
        Ok(Point { rung: rung.into(), intensity: flops / bytes, speed })
    };
    let points = rows.iter().map(point).collect::<Result<_, Fault>>()?;
    let shape = rows.first().and_then(|row| row["shape"].as_str()).unwrap_or_default().into();
    Ok(Group { op: op.into(), shape, points })
}
