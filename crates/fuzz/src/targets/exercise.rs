//! What the grader reads of a reader: answers, progress, the folder's description; and what it reads
//! of whoever writes exercises: markers, catalogs, wrong answers.

use super::{INSIDE, laid};
use crate::{Pack, Random, Target, mutate};
use serde_json::json;
use strata_grader::catalog::{self, Task};
use strata_grader::home::{self, Home};
use strata_grader::progress::{self, Progress};
use strata_grader::wrong::Wrong;
use strata_grader::{Language, stub};

pub fn targets() -> Vec<Target> {
    vec![Target {
        name: "exercise",
        about: "an exercise's files: answer, markers, progress, catalog, wrong answers",
        run,
        seeds: good,
        mutate: damage,
        share: 3,
        ..INSIDE
    }]
}

const WORDS: [&str; 18] = [
    "// exercise: begin, about 6 lines: do it\n",
    "// exercise: bug\n",
    "// exercise: end\n",
    "// stub: todo!()\n",
    "// stub:\n",
    "//   more\n",
    "//! doc\n",
    "[[task]]\n",
    "[[wrong]]\n",
    "[[wrong.edit]]\n",
    "name = ",
    "'''",
    "find = \"\"\n",
    "files = []\n",
    "kind = \"kernel\"\n",
    "contract = \"matmul=\"\n",
    "{",
    "}",
];

fn damage(data: &mut Vec<u8>, random: &mut Random) {
    mutate::pack(data, random, &WORDS);
}

const HOME: &str = "version = \"0.1.0\"\nclone = \"nowhere\"\nlock = \"\"\n\n[generated]\n\"ex01-tensor/src/views.rs\" = \"00\"\n";

fn good() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (name, file) in
        [("ex03-matmul", "shaders/matmul/3_tiled.wgsl"), ("ex01-tensor", "src/views.rs")]
    {
        let files: Vec<_> = catalog::files(name).collect();
        let text =
            |path: &str| files.iter().find(|(p, _)| *p == path).map_or("", |(_, text)| *text);
        let wrong =
            files.iter().find(|(path, _)| path.starts_with("wrong/")).map_or("", |(_, text)| *text);
        let answer = if text(file).is_empty() { files[0].1 } else { text(file) };
        let entry = json!({"file": "00", "grader": "00", "when": 1, "device": null, "passed": true, "once": true});
        let results = json!({"format": 1, "results": {format!("{name}/tiled/wgsl"): entry}});
        let pack = Pack::default()
            .with("answer", answer)
            .with("exercise.toml", text("exercise.toml"))
            .with("wrong.toml", wrong)
            .with(".strata/progress.json", results.to_string())
            .with(home::FILE, HOME)
            .with(&format!("{name}/{file}"), answer);
        all.push(pack.bytes());
    }
    all
}

fn run(bytes: &[u8]) {
    let pack = Pack::parse(bytes);
    let answer = pack.text("answer");
    for path in ["src/x.rs", "shaders/x.wgsl"] {
        let _ = stub::stub(path, &answer);
        if let Ok(clean) = stub::clean(path, &answer) {
            assert!(!stub::has_regions(&clean), "a marker is left in what is clean");
        }
    }
    #[derive(serde::Deserialize)]
    struct Wrongs {
        #[serde(default)]
        wrong: Vec<Wrong>,
    }
    #[derive(serde::Deserialize)]
    struct Tasks {
        #[serde(default)]
        task: Vec<Task>,
    }
    if let Ok(list) = toml::from_str::<Wrongs>(&pack.text("wrong.toml")) {
        for wrong in list.wrong.iter().take(20) {
            for edit in wrong.edits.iter().take(20) {
                let _ = wrong.apply(&edit.file, &answer);
            }
        }
    }
    if let Ok(list) = toml::from_str::<Tasks>(&pack.text("exercise.toml")) {
        for task in &list.task {
            let _ = (task.languages(), progress::is_stub(task, Language::Wgsl, &answer));
        }
    }
    let folder = laid(&pack);
    let Ok(home) = Home::find(&folder.join("ex03-matmul")) else { return };
    // Without a description of its own it is found far above, in a clone that is no part of this.
    if home.root != folder {
        return;
    }
    let progress = Progress::load(&home);
    for exercise in catalog::exercises().iter().filter(|e| [1, 3].contains(&e.chapter)) {
        for task in &exercise.tasks {
            for language in task.languages() {
                let _ = progress.look(&home, task, language);
                let _ = (progress.ever_passed(task, language), progress.entry(task, language));
            }
        }
    }
}
