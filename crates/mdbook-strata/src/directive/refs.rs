//! `{{#refs matmul}}`: everything there is of an op, by place.

use super::{Context, Output};
use crate::fault::{Fault, list};
use crate::source::highlight::escape;
use std::collections::BTreeSet;

/// The directive.
pub(super) fn refs(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let op = words.trim();
    let ladder = context.ladders.iter().find(|l| l.op == op).ok_or_else(|| Fault::Unknown {
        kind: "op",
        name: op.into(),
        have: list(context.ladders.iter().map(|l| l.op)),
    })?;
    let kernels = || ladder.rungs.iter().flat_map(|rung| rung.kernels);
    let link = |path: &str, text: &str| {
        format!("<a href=\"{}\"><code>{}</code></a>", context.tree.address(path), escape(text))
    };
    let texts = |folder: &str, ending: &str| -> Vec<String> {
        let paths: BTreeSet<&str> = kernels().map(|k| k.path).collect();
        let files = paths.iter().map(|path| format!("{folder}/{path}.{ending}"));
        files.filter(|file| context.tree.has(file)).map(|file| link(&file, &file)).collect()
    };
    let rust: BTreeSet<String> = kernels().filter_map(|k| k.rust.map(|text| text.path())).collect();
    // The chapter is the one whose crate holds the Rust; all ops have some.
    let folder = rust.iter().find_map(|file| file.strip_prefix("chapters/"));
    let chapter = folder.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let number = chapter.split('-').next().unwrap_or_default();
    let mut rows = Vec::new();
    let mut row = |name: &str, list: Vec<String>| {
        if !list.is_empty() {
            rows.push(format!("<div><dt>{name}</dt><dd>{}</dd></div>", list.join(", ")));
        }
    };
    row("CUDA", texts("kernels", "cu"));
    row("WGSL", texts("shaders", "wgsl"));
    row("Rust", rust.iter().map(|file| link(file, file)).collect());
    row("Exercises", exercises(op));
    let demo = format!("ts/demos/{chapter}.ts");
    if !chapter.is_empty() && context.tree.has(&demo) {
        row("TypeScript", vec![link(&demo, &demo)]);
    }
    if strata_ml::demos().iter().any(|demo| format!("{:02}", demo.number) == number) {
        row("Run it", vec![format!("<code>cargo strata demo {number}</code>")]);
    }
    Ok(Output::Block(format!("<dl class=\"refs\">{}</dl>", rows.concat())))
}

/// The commands that judge the exercises of an op.
fn exercises(op: &str) -> Vec<String> {
    let all = strata_judges::catalog::exercises().iter();
    let tasks = all.flat_map(|exercise| exercise.tasks.iter().map(move |task| (exercise, task)));
    let of_op = |task: &strata_judges::catalog::Task| {
        let contract = task.contract.as_ref().is_some_and(|(o, _)| o == op);
        let kernel = task.kernel.as_ref().is_some_and(|k| k.split('/').next() == Some(op));
        contract || kernel || task.name == op
    };
    let found = tasks.filter(|(_, task)| of_op(task));
    found.map(|(e, t)| format!("<code>cargo test -p {} {}</code>", e.name, t.name)).collect()
}
