//! Reads and judges the descriptions.

use super::{Exercise, Kind, Task, lines_of};
use crate::{Error, Result};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    title: String,
    chapter: u32,
    page: String,
    #[serde(rename = "task")]
    tasks: Vec<Task>,
}

pub(super) fn read(files: &'static [(&'static str, &'static str)]) -> Result<Vec<Exercise>> {
    let descriptions =
        files.iter().filter_map(|&(path, text)| Some((path.strip_suffix("/exercise.toml")?, text)));
    let mut exercises = Vec::new();
    for (name, text) in descriptions {
        let error =
            |reason: String| Error::Catalog { file: format!("{name}/exercise.toml"), reason };
        let read =
            toml::from_str::<Description>(&lines_of(text)).map_err(|e| error(e.to_string()))?;
        let Description { title, chapter, page, mut tasks } = read;
        for task in &mut tasks {
            task.exercise = name.into();
            task.page.clone_from(&page);
            task.goal = task.goal.trim().into();
        }
        let exercise = Exercise { name, title, chapter, page, tasks };
        let has = |file: &str| files.iter().any(|(path, _)| *path == format!("{name}/{file}"));
        match fault(&exercise, has) {
            Some(reason) => return Err(error(reason)),
            None => exercises.push(exercise),
        }
    }
    exercises.sort_by_key(|e| (e.chapter, e.name));
    Ok(exercises)
}

/// What is wrong with a description that can be read.
fn fault(exercise: &Exercise, has: impl Fn(&str) -> bool) -> Option<String> {
    let number = format!("ex{:02}-", exercise.chapter);
    if !exercise.name.starts_with(&number) {
        return Some(format!("chapter {} belongs in a folder {number}...", exercise.chapter));
    }
    for (i, task) in exercise.tasks.iter().enumerate() {
        let fault = if exercise.tasks.iter().take(i).any(|other| other.name == task.name) {
            Some("the name is used twice".into())
        } else {
            fault_of(task, &has)
        };
        if let Some(fault) = fault {
            return Some(format!("task {:?}: {fault}", task.name));
        }
    }
    None
}

fn fault_of(task: &Task, has: &impl Fn(&str) -> bool) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    if task.name.is_empty() || !task.name.chars().all(plain) {
        return Some("a name is made of a-z and _".into());
    }
    if task.hints.iter().any(|hint| hint.trim().is_empty()) {
        return Some("a hint is empty".into());
    }
    if let Some(missing) = task.files.iter().find(|file| !has(file)) {
        return Some(format!("there is no file {missing}"));
    }
    match (task.kind, &task.kernel, &task.entry, &task.contract) {
        (Kind::Kernel, Some(kernel), Some(_), _) => {
            let want = [format!("kernels/{kernel}.cu"), format!("shaders/{kernel}.wgsl")];
            (task.files != want).then(|| format!("files must be {:?} and {:?}", want[0], want[1]))
        }
        (Kind::Kernel, ..) => Some("a kernel needs `entry` and `kernel`".into()),
        (Kind::Rust, None, None, None) => {
            let rust = |f: &String| f.starts_with("src/") && f.ends_with(".rs");
            let fits = !task.files.is_empty() && task.files.iter().all(rust);
            (!fits).then(|| "files must be src/*.rs".into())
        }
        (Kind::Rust, ..) => Some("`entry`, `kernel` and `contract` are for kernels".into()),
    }
}
