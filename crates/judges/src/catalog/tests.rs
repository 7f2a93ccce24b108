use super::read::read;
use super::*;
use crate::{given, stub, wrong};

const TOML: &str = "title = 'T'\nchapter = 3\npage = 'p.md'\n[[task]]\nname = 'tiled'\ntitle = 'T'\nkind = 'kernel'\nminutes = 5\ngoal = 'g'\nfiles = ['kernels/m/3_t.cu', 'shaders/m/3_t.wgsl']\nentry = 'e'\ncontract = 'm=3_t'\nkernel = 'm/3_t'\nhints = ['a', 'b', 'c']\n";

fn parse(toml: &str) -> Result<Vec<Exercise>> {
    let toml: &'static str = String::leak(toml.into());
    let mut files = vec![("ex03-matmul/exercise.toml", toml)];
    files.extend(["kernels/m/3_t.cu", "shaders/m/3_t.wgsl", "src/t.rs"].map(|file| {
        let path: &'static str = String::leak(format!("ex03-matmul/{file}"));
        (path, "")
    }));
    read(Vec::leak(files))
}

#[test]
fn a_description_is_read() {
    let exercises = parse(TOML).unwrap();
    let task = &exercises[0].tasks[0];
    assert_eq!((exercises[0].name, task.exercise.as_str()), ("ex03-matmul", "ex03-matmul"));
    assert_eq!((task.page.as_str(), task.kind, task.bug), ("p.md", Kind::Kernel, false));
    assert_eq!(task.contract, Some(("m".into(), "3_t".into())));
    assert_eq!(task.languages(), [Language::Cuda, Language::Wgsl]);
    assert_eq!(task.files_in(Language::Wgsl).collect::<Vec<_>>(), ["shaders/m/3_t.wgsl"]);
}

#[test]
fn a_bad_description_names_its_file_and_what_to_write() {
    let rust = "kind = 'rust'\nfiles = ['src/t.rs']\n";
    let cases = [
        (TOML.replace("chapter = 3", "chapter = 4"), "folder ex04-"),
        (TOML.replace("'tiled'", "'Tiled'"), "a-z and _"),
        (TOML.replace("['a', 'b', 'c']", "['a', 'b']"), "array of length 3"),
        (TOML.replace("'c']", "' ']"), "a hint is empty"),
        (TOML.replace("m=3_t", "m"), "op=rung"),
        (TOML.replace("m/3_t.cu", "m/4_t.cu"), "no file kernels/m/4_t.cu"),
        (TOML.replace("kernel = 'm/3_t'", "kernel = 'm/3_s'"), "files must be"),
        (TOML.replace("entry = 'e'\n", ""), "needs `entry` and `kernel`"),
        (TOML.replace("kind = 'kernel'", "kind = 'rust'"), "are for kernels"),
        (TOML.replace("title = 'T'\nkind", "colour = 'T'\nkind"), "colour"),
        (TOML.into(), ""),
    ];
    for (toml, reason) in cases {
        match parse(&toml) {
            Ok(_) => assert_eq!(reason, ""),
            Err(error) => {
                let said = error.to_string();
                assert!(said.starts_with("solutions/ex03-matmul/exercise.toml: "), "{said}");
                assert!(said.contains(reason) && !reason.is_empty(), "{reason}: {said}");
            }
        }
    }
    let (head, task) = TOML.split_once("[[task]]").unwrap();
    assert!(parse(&format!("{TOML}[[task]]{task}")).unwrap_err().to_string().contains("twice"));
    let plain = format!(
        "{head}[[task]]\nname = 't'\ntitle = 't'\nminutes = 1\ngoal = 'g'\nhints = ['a', 'b', 'c']\n{rust}"
    );
    assert_eq!(parse(&plain).unwrap()[0].tasks[0].kind, Kind::Rust);
    assert!(parse(&plain.replace("src/t", "tests/t")).is_err());
}

#[test]
fn what_a_reader_types_is_understood() {
    let mut exercises = parse(TOML).unwrap();
    let backward = Task { name: "tiled_backward".into(), ..exercises[0].tasks[0].clone() };
    exercises[0].tasks.push(backward);
    let other = |name, chapter| Exercise { name, chapter, ..exercises[0].clone() };
    let list = [other("ex01-tensor", 1), exercises[0].clone(), other("ex10-transformer", 10)];
    let named = |what: &str| find_in(&list, what).map(|e| e.name);
    for what in ["ex03-matmul", "ex03", "ex3", "3", "03", "matmul", "mat", "exercises/ex03-matmul/"]
    {
        assert_eq!(named(what), Ok("ex03-matmul"), "{what}");
    }
    assert_eq!(named("1"), Ok("ex01-tensor"));
    assert_eq!(named("10"), Ok("ex10-transformer"));
    assert_eq!(
        named("t").unwrap_err().to_string(),
        "\"t\" could be ex01-tensor, ex10-transformer: type more of it"
    );
    for what in ["", "4", "ex04", "gelu", "/"] {
        let said = named(what).unwrap_err().to_string();
        assert!(said.ends_with("there is ex01-tensor, ex03-matmul, ex10-transformer"), "{said}");
    }
    let task = |what: &str| exercises[0].task(what).map(|t| t.name.as_str());
    assert_eq!(task("tiled"), Ok("tiled"));
    assert_eq!(task("Tiled-B"), Ok("tiled_backward"));
    assert!(task("t").unwrap_err().to_string().contains("could be tiled, tiled_backward"));
    let said = task("naive").unwrap_err().to_string();
    assert_eq!(said, "ex03-matmul has no task \"naive\"; it has tiled, tiled_backward");
}

#[test]
fn a_crate_without_solutions_builds() {
    assert_eq!(look_up(&[], "ex01/x"), "");
    assert_eq!(look_up(&[("a", "1"), ("b", "2")], "b"), "2");
}

/// What holds of everything that is embedded.
#[test]
fn every_exercise_is_well_formed() {
    let mut faults = Vec::new();
    for exercise in catalog().unwrap() {
        if exercise.tasks.len() < 3 {
            faults.push(format!("{}: {} tasks, want 3", exercise.name, exercise.tasks.len()));
        }
        if let Err(error) = given::of(exercise) {
            faults.push(error.to_string());
            continue;
        }
        if stub::has_regions(solution_file(exercise.name, "src/lib.rs").unwrap_or_default()) {
            faults.push(format!("{}: src/lib.rs has regions", exercise.name));
        }
        exercise.tasks.iter().for_each(|task| well_formed(task, &mut faults));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn well_formed(task: &Task, faults: &mut Vec<String>) {
    let name = format!("{} {}", task.exercise, task.name);
    if task.title.trim().is_empty() || task.goal.is_empty() || task.minutes == 0 {
        faults.push(format!("{name}: title, goal and minutes are needed"));
    }
    for file in &task.files {
        let text = solution_file(&task.exercise, file).unwrap();
        let given = stub::stub(file, text).unwrap();
        let clean = stub::clean(file, text).unwrap();
        if given == clean || !stub::has_regions(text) {
            faults.push(format!("{name}: the stub of {file} is the solution"));
        }
        if stub::has_regions(&given) || stub::has_regions(&clean) {
            faults.push(format!("{name}: markers are left in {file}"));
        }
        if task.bug != given.lines().all(|line| !line.trim().starts_with("// TODO, about")) {
            faults.push(format!("{name}: {file}: a bug hunt has no TODO, all others have one"));
        }
        let lines: Vec<&str> = given.lines().map(str::trim).collect();
        for line in stub::secrets(file, text) {
            if lines.contains(&line.as_str()) {
                faults.push(format!("{name}: the stub of {file} gives away {line:?}"));
            }
        }
    }
    let wrongs = match wrong::wrongs(task) {
        Ok(wrongs) => wrongs,
        Err(error) => return faults.push(error.to_string()),
    };
    if wrongs.len() < 3 {
        faults.push(format!("{name}: {} wrong answers, want 3", wrongs.len()));
    }
    for wrong in wrongs {
        for file in &task.files {
            let text = solution_file(&task.exercise, file).unwrap();
            match wrong.apply(file, text) {
                Ok(Some(_)) => {}
                Ok(None) if task.kind == Kind::Rust => {}
                Ok(None) => {
                    faults.push(format!("{name}: wrong {} leaves {file} right", wrong.name))
                }
                Err(error) => faults.push(error.to_string()),
            }
        }
    }
}

#[test]
fn every_exercise_has_judges_of_its_own() {
    for exercise in exercises() {
        let number = |name: &str| JUDGES.iter().find(|(n, _)| name.starts_with(n)).map(|j| j.1);
        assert!(number(exercise.name).is_some(), "{}", exercise.name);
    }
    let mut numbers: Vec<u64> = JUDGES.iter().map(|judge| judge.1).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), JUDGES.len());
}
