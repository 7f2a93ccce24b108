//! `{{#exercise ex03 tiled}}`: what to do, three hints, the solution, all but the first folded away.

use super::{Args, Context, Output, Tab, tabs};
use crate::fault::Fault;
use crate::source::highlight::{self, Language, escape};
use crate::source::region;

/// The directive.
pub(super) fn exercise(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.known(&[])?;
    let [name, task] = args.words.as_slice() else {
        return Err(Fault::Argument("an exercise and a task are expected: `ex03 tiled`".into()));
    };
    let missing = |error: strata_judges::Error| Fault::Argument(error.to_string());
    let exercise = strata_judges::catalog::find(name).map_err(missing)?;
    let task = exercise.task(task).map_err(missing)?;
    let mut solution = Vec::new();
    for file in &task.files {
        let path = format!("solutions/{}/{file}", exercise.name);
        let text = region::strip(&context.tree.read(&path)?);
        // The markers that the exercise is cut by are not part of the answer.
        let lines = text.lines().scan(false, |note, line| {
            let comment = line.trim_start();
            let marker = ["// exercise:", "// stub:"].iter().any(|m| comment.starts_with(m));
            // A note behind a marker may go on, two spaces deeper.
            *note = marker || *note && comment.starts_with("//   ");
            Some((!*note).then_some(line))
        });
        let text: Vec<&str> = lines.flatten().collect();
        let language = Language::of(file);
        solution.push(Tab { language, path, text: text.join("\n") });
    }
    let hints: String = task
        .hints
        .iter()
        .enumerate()
        .map(|(i, hint)| {
            let hint = prose(hint);
            format!("<details><summary>Hint {}</summary>{hint}</details>", i + 1)
        })
        .collect();
    let kind = if task.bug { "Bug hunt" } else { "Exercise" };
    let command = format!("cargo test -p {} {}", exercise.name, task.name);
    let folder = format!("exercises/{}", exercise.name);
    let files: Vec<String> = task
        .files
        .iter()
        .map(|file| {
            let address = context.tree.address(&format!("{folder}/{file}"));
            format!("<a href=\"{address}\"><code>{}</code></a>", escape(file))
        })
        .collect();
    Ok(Output::Block(format!(
        "<section class=\"exercise\" id=\"{id}\" aria-labelledby=\"{id}-title\"><h3 id=\"{id}-title\">\
         <span>{kind}</span> <a class=\"header\" href=\"#{id}\">{title}</a></h3><p class=\"about\">about \
         {minutes} minutes · in <code>{folder}</code>: {files}</p>{goal}<pre tabindex=\"0\" role=\"group\" \
         aria-label=\"Command\"><code><span class=\"c\">$ </span><span class=\"k\">{command}</span></code>\
         </pre>{hints}<details class=\"solution\"><summary>Solution</summary>{solution}</details></section>",
        id = format_args!("exercise-{}", task.name.replace('_', "-")),
        title = highlight::prose(&task.title),
        minutes = task.minutes,
        files = files.join(", "),
        goal = prose(&task.goal),
        solution = tabs(context, &solution),
    )))
}

/// A paragraph of plain text with `code` in it.
fn prose(text: &str) -> String {
    format!("<p>{}</p>", highlight::marked(text.trim()))
}
