//! Grading from the command: kernels directly, Rust through cargo. What is found is remembered.

use super::cargo::{CompileError, Tests};
use super::words::shown;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Bar};
use std::cell::OnceCell;
use std::path::Path;
use strata_grader::catalog::{Exercise, Kind, Task};
use strata_grader::graded::Graded;
use strata_grader::harness;
use strata_grader::home::Home;
use strata_grader::progress::{self, Progress};
use strata_grader::tiers::{self, Tier};
use strata_grader::{Language, Verdict, files};

/// Grades, and knows what this machine can judge once it has been asked.
pub struct Judge<'a> {
    home: &'a Home,
    tiers: OnceCell<Vec<Tier>>,
}

impl<'a> Judge<'a> {
    /// A judge of the reader's files.
    pub fn new(home: &'a Home) -> Self {
        Judge { home, tiers: OnceCell::new() }
    }

    /// Judges tasks of one exercise; `tell` hears what is going on.
    ///
    /// # Errors
    /// Cargo is missing or fails, or `STRATA_REQUIRE` names a machine that is not here.
    pub fn tasks(
        &self,
        exercise: &'static Exercise,
        tasks: &[&'static Task],
        tell: &mut dyn FnMut(&str),
    ) -> Outcome<Vec<Graded>> {
        let of = |kind: Kind| tasks.iter().copied().filter(move |t| t.kind == kind);
        let mut all = Vec::new();
        for task in of(Kind::Kernel) {
            tell(&format!("judging {}", task.name));
            let folder = self.home.root.join(exercise.name);
            let mut graded = harness::judge(exercise, task, &folder, self.tiers()?);
            for one in &mut graded {
                one.file = shown(&one.file);
            }
            self.remember(&graded);
            all.extend(graded);
        }
        let rust: Vec<&'static Task> = of(Kind::Rust).collect();
        if !rust.is_empty() {
            all.extend(self.rust(exercise, &rust, tell)?);
        }
        // In the order they were asked for.
        let place = |g: &Graded| tasks.iter().position(|t| t.name == g.task);
        all.sort_by_key(place);
        Ok(all)
    }

    fn tiers(&self) -> Outcome<&[Tier]> {
        let tiers = self.tiers.get_or_init(tiers::tiers);
        tiers::announce(tiers).map_err(Failure::new)?;
        Ok(tiers)
    }

    fn rust(
        &self,
        exercise: &'static Exercise,
        tasks: &[&'static Task],
        tell: &mut dyn FnMut(&str),
    ) -> Outcome<Vec<Graded>> {
        let begun = |task: &&&'static Task| !self.is_stub(task);
        let begun: Vec<&'static Task> = tasks.iter().filter(begun).copied().collect();
        let mut all: Vec<Graded> = Vec::new();
        if !begun.is_empty() {
            tell(&format!("building {}", exercise.name));
            let folder = &self.home.root;
            plain_files(&folder.join(exercise.name))?;
            // As they are now: the reader may save again while cargo builds.
            let texts: Vec<Option<String>> = begun
                .iter()
                .map(|task| progress::current(self.home, task, Language::Rust).ok().flatten())
                .collect();
            let tests = Tests { folder, package: exercise.name, tasks: &begun, speed: false };
            let tested = tests.run(tell)?;
            all = tested.graded;
            if all.is_empty() {
                all = begun.iter().map(|task| uncompiled(task, &tested.errors)).collect();
                all.iter_mut().zip(texts).for_each(|(g, text)| g.fingerprint = text);
                let mine = |g: &&Graded| {
                    let task = tasks.iter().find(|t| t.name == g.task);
                    task.is_some_and(|task| tested.errors.iter().any(|e| points_at(e, task)))
                };
                self.remember(all.iter().filter(mine));
            }
        }
        for task in tasks {
            match all.iter_mut().find(|g| g.task == task.name) {
                Some(graded) => graded.file = self.file(task),
                None => all.push(Graded { file: self.file(task), ..blank(task) }),
            }
        }
        Ok(all)
    }

    fn file(&self, task: &Task) -> std::path::PathBuf {
        let file = task.files_in(Language::Rust).next().unwrap_or_default();
        shown(&self.home.root.join(&task.exercise).join(file))
    }

    fn is_stub(&self, task: &Task) -> bool {
        let path = |file: &str| self.home.root.join(&task.exercise).join(file);
        let is = |file: &str| {
            let text = files::read_text(&path(file)).ok().flatten();
            text.is_some_and(|text| progress::is_stub(task, Language::Rust, &text))
        };
        task.files_in(Language::Rust).all(is)
    }

    /// A folder that cannot be written is a pity, not a failure.
    fn remember<'b>(&self, graded: impl IntoIterator<Item = &'b Graded>) {
        match Progress::record(self.home, graded) {
            Ok(progress) => progress.warning.iter().for_each(|text| ui::warn(text)),
            Err(error) => ui::warn(&format!("progress is not kept: {error}")),
        }
    }
}

/// The compiler reads a crate's files as they come, and waits for a pipe for ever.
fn plain_files(folder: &Path) -> Outcome<()> {
    let all = files::walk(folder)?;
    for file in all.iter().filter(|file| !file.starts_with("target/") && file.ends_with(".rs")) {
        files::read(&folder.join(file))?;
    }
    Ok(())
}

/// An answer of which nothing is known.
fn blank(task: &Task) -> Graded {
    Graded {
        exercise: task.exercise.clone(),
        task: task.name.clone(),
        language: Language::Rust,
        file: Default::default(),
        device: None,
        verdict: None,
        seconds: None,
        fingerprint: None,
        limits: None,
    }
}

fn points_at(error: &CompileError, task: &Task) -> bool {
    let ours = |file: &std::path::PathBuf| task.files.iter().any(|own| file.ends_with(own));
    error.files.iter().any(ours)
}

/// An answer that does not compile: its own errors first. All answers of an exercise are one crate.
fn uncompiled(task: &Task, errors: &[CompileError]) -> Graded {
    let (mine, others): (Vec<_>, Vec<_>) = errors.iter().partition(|e| points_at(e, task));
    let text = |list: &[&CompileError]| {
        list.iter().map(|e| e.text.as_str()).collect::<Vec<_>>().join("\n\n")
    };
    let said = match mine.is_empty() {
        true => format!(
            "another file does not compile, and all answers in {} are one crate:\n\n{}",
            task.exercise,
            text(&others)
        ),
        false => text(&mine),
    };
    Graded { verdict: Some(Verdict::rejected("does-not-compile", said)), ..blank(task) }
}

/// Judges one task; somebody who watches sees what takes so long.
///
/// # Errors
/// Cargo is missing or fails, or `STRATA_REQUIRE` names a machine that is not here.
pub fn grade(
    home: &Home,
    exercise: &'static Exercise,
    task: &'static Task,
) -> Outcome<Vec<Graded>> {
    let bar = Bar::waiting();
    Judge::new(home).tasks(exercise, &[task], &mut |text| bar.set(0.0, || text.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_grader::catalog;

    #[test]
    fn a_neighbour_that_does_not_compile_is_named() {
        let task = catalog::task("ex04", "derivative").unwrap();
        let error = |file: &str| CompileError {
            text: format!("error: in {file}"),
            files: vec![format!("exercises/ex04-gelu/{file}").into()],
        };
        let text = |errors: &[CompileError]| match uncompiled(task, errors).verdict {
            Some(Verdict::Rejected(rejection)) => rejection.text,
            other => panic!("{other:?}"),
        };
        let both = [error("src/other.rs"), error("src/derivative.rs")];
        assert_eq!(text(&both), "error: in src/derivative.rs");
        assert!(text(&both[..1]).starts_with("another file does not compile"));
    }
}
