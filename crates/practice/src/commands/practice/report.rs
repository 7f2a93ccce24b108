//! What is said of answers: the report that `cargo test` prints, in colour.

use super::text::{Line, Tone, label, line, prose};
use super::words::number;
use strata_grader::Verdict;
use strata_grader::catalog::{Exercise, Task};
use strata_grader::graded::{self, Graded, limits, parts, solved, undecided};

/// How many tasks passed, failed, and could not be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Right.
    pub passed: usize,
    /// Wrong, or not begun.
    pub failed: usize,
    /// Not judged here.
    pub ignored: usize,
}

/// Counts tasks.
pub fn count(results: &[Graded]) -> Count {
    let mut count = Count::default();
    for list in by_task(results) {
        match () {
            () if solved(list) => count.passed += 1,
            () if undecided(list) => count.ignored += 1,
            () => count.failed += 1,
        }
    }
    count
}

/// As `cargo test` has it: not begun is not passed.
pub fn exit_code(results: &[Graded]) -> u8 {
    u8::from(count(results).failed > 0)
}

fn by_task(results: &[Graded]) -> impl Iterator<Item = &[Graded]> {
    results.chunk_by(|a, b| a.task == b.task)
}

/// The whole report on tasks of one exercise.
pub fn report(exercise: &Exercise, results: &[Graded]) -> Vec<Line> {
    let title = line(Tone::Head, exercise.name).and(Tone::Plain, format!(": {}", exercise.title));
    let mut lines = vec![Line::default(), title, Line::default()];
    let mut failures = Vec::new();
    for list in by_task(results) {
        let name = list.first().map_or("", |g| g.task.as_str());
        lines.push(headline(name, list));
        lines.extend(skipped(list));
        if let Ok(task) = exercise.task(name)
            && !solved(list)
            && !undecided(list)
        {
            failures.push(Line::default());
            failures.push(line(Tone::Head, format!("---- {name} ----")));
            failures.extend(details(task, list));
            let hint = format!("cargo strata hint {} {name}", number(exercise));
            failures.push(line(Tone::Dim, "  hint       ").and(Tone::Code, hint));
            let again = format!("cargo strata check {} {name}", number(exercise));
            failures.push(line(Tone::Dim, "  again      ").and(Tone::Code, again));
        }
    }
    if !failures.is_empty() {
        lines.push(Line::default());
        lines.push(line(Tone::Plain, "failures:"));
        lines.extend(failures);
    }
    lines.push(Line::default());
    for limits in limits(results) {
        lines.push(line(Tone::Dim, "limits  ").and(Tone::Dim, limits));
    }
    lines.push(total(count(results)));
    lines
}

fn total(count: Count) -> Line {
    let Count { passed, failed, ignored } = count;
    let (tone, word) = if failed == 0 { (Tone::Good, "ok") } else { (Tone::Bad, "FAILED") };
    let counts = format!(". {passed} passed; {failed} failed; {ignored} ignored");
    line(Tone::Plain, "test result: ").and(tone, word).and(Tone::Plain, counts)
}

/// `test tiled ... ok   (WGSL right in 31 questions on wgpu:0 llvmpipe; CUDA not begun)`
fn headline(name: &str, list: &[Graded]) -> Line {
    let (tone, word) = match () {
        () if solved(list) => (Tone::Good, "ok"),
        () if undecided(list) => (Tone::Warn, "ignored"),
        () => (Tone::Bad, "FAILED"),
    };
    line(Tone::Plain, format!("test {name} ... "))
        .and(tone, word)
        .and(Tone::Dim, format!("   ({})", parts(list)))
}

/// `SKIPPED: WGSL: no adapter was found`, for answers that could not be run.
pub fn skipped(list: &[Graded]) -> Vec<Line> {
    let reason = |graded: &Graded| match &graded.verdict {
        Some(Verdict::Skipped { reason } | Verdict::Compiled { reason }) => {
            let text = format!(" {}: {}", graded.language, reason.trim_end());
            Some(line(Tone::Warn, "SKIPPED:").and(Tone::Plain, text))
        }
        _ => None,
    };
    list.iter().filter_map(reason).collect()
}

/// Why a task is not solved: what is wrong with each answer, or what there is to do.
pub fn details(task: &Task, list: &[Graded]) -> Vec<Line> {
    let mut lines = Vec::new();
    for graded in list {
        if let Some(Verdict::Rejected(rejection)) = &graded.verdict {
            lines.extend(styled(&rejection.text));
            if is_compilers(&rejection.text) {
                lines.push(Line::default());
            }
            let file = graded.file.display().to_string();
            lines.push(line(Tone::Dim, "  your file  ").and(Tone::Code, file));
        }
    }
    if list.iter().all(|g| g.verdict.is_none()) {
        lines.push(line(Tone::Plain, task.title.clone()));
        lines.extend(prose(&task.goal, 2));
        lines.extend(to_do(task, list.iter().map(|g| g.file.display().to_string())));
    }
    lines
}

/// A text without its line breaks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `  to do      fill the TODO in one of  a.cu  b.wgsl`
pub fn to_do(task: &Task, files: impl Iterator<Item = String>) -> Vec<Line> {
    let first = line(Tone::Dim, "  to do      ").and(Tone::Plain, graded::to_do(task));
    let file = |file| line(Tone::Plain, " ".repeat(13)).and(Tone::Code, file);
    std::iter::once(first).chain(files.map(file)).collect()
}

/// A judge's or a compiler's text, in tones.
pub fn styled(text: &str) -> Vec<Line> {
    let lines = text.trim_end().lines().enumerate();
    let of_judge = |(i, text): (usize, &str)| match label(text) {
        Some((name, rest)) => {
            let tone = match name.trim() {
                "diagnosis" => Tone::Head,
                "differ" | "got" => Tone::Bad,
                "read" | "to do" => Tone::Code,
                _ => Tone::Plain,
            };
            line(Tone::Dim, name).and(tone, rest)
        }
        None if i == 0 => line(Tone::Bad, text),
        None if text.trim_start().starts_with("index ") => line(Tone::Dim, text),
        None => line(Tone::Plain, text),
    };
    let of_compiler = |(_, text): (usize, &str)| {
        let word = text.trim_start();
        let tone = match () {
            () if word.starts_with("error") || word.contains("does not compile") => Tone::Bad,
            () if place(word) => Tone::Code,
            () if word.starts_with("= ") || word.starts_with("help:") => Tone::Good,
            () if underlines(word) => Tone::Bad,
            () => Tone::Plain,
        };
        line(tone, text)
    };
    if is_compilers(text) {
        lines.map(of_compiler).collect()
    } else {
        lines.map(of_judge).collect()
    }
}

/// The line that says where: rustc's is `--> a.rs:1`, naga's is `┌─ a.wgsl:1`.
fn place(word: &str) -> bool {
    word.starts_with("--> ") || word.starts_with("┌─ ")
}

fn is_compilers(text: &str) -> bool {
    text.lines().any(|line| place(line.trim_start()))
}

/// `   |     ^^^^^ expected f32`
fn underlines(word: &str) -> bool {
    word.strip_prefix(['|', '│']).is_some_and(|rest| rest.trim_start().starts_with('^'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_grader::Language;
    use strata_grader::catalog;

    fn graded(language: Language, verdict: Option<Verdict>) -> Graded {
        Graded {
            exercise: "ex03-matmul".into(),
            task: "tiled".into(),
            language,
            file: "ex03-matmul/a".into(),
            device: Some("wgpu:0".into()),
            verdict,
            seconds: None,
            fingerprint: None,
            limits: None,
        }
    }

    fn said(results: &[Graded]) -> String {
        let exercise = catalog::find("ex03").unwrap();
        let lines = report(exercise, results);
        lines.iter().map(|line| line.text() + "\n").collect()
    }

    #[test]
    fn right_wrong_and_not_begun_read_like_cargo_test() {
        let right = [
            graded(Language::Cuda, None),
            graded(Language::Wgsl, Some(Verdict::Passed { checks: 31 })),
        ];
        let text = said(&right);
        let line = "test tiled ... ok   (CUDA not begun; WGSL right in 31 questions on wgpu:0)\n";
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("test result: ok. 1 passed; 0 failed; 0 ignored\n"), "{text}");
        assert_eq!(exit_code(&right), 0);

        let text = "tiled is wrong on wgpu:0\n  diagnosis  a barrier is missing\n";
        let wrong = [graded(Language::Wgsl, Some(Verdict::rejected("missing-barrier", text)))];
        let text = said(&wrong);
        assert!(text.contains("FAILED   (WGSL wrong: missing-barrier)"), "{text}");
        assert!(text.contains("  diagnosis  a barrier is missing\n  your file  ex03-matmul/a\n"));
        assert!(text.contains("  hint       cargo strata hint ex03 tiled\n"));
        assert_eq!(exit_code(&wrong), 1);

        let begin = [graded(Language::Cuda, None), graded(Language::Wgsl, None)];
        assert!(said(&begin).contains("fill the TODO in one of these"), "{}", said(&begin));
        assert_eq!(count(&begin), Count { passed: 0, failed: 1, ignored: 0 });
    }

    #[test]
    fn what_cannot_be_run_is_no_failure() {
        let reason = "no adapter was found".to_string();
        let list = [graded(Language::Wgsl, Some(Verdict::Skipped { reason }))];
        let text = said(&list);
        assert!(text.contains("SKIPPED: WGSL: no adapter was found\n"), "{text}");
        assert!(text.contains("test result: ok. 0 passed; 0 failed; 1 ignored"));
        assert_eq!(exit_code(&list), 0);
    }

    #[test]
    fn compilers_are_coloured_where_it_helps() {
        let text = "error: no\n --> a.rs:1:2\n  |\n1 | x\n  | ^ what\n  = help: y";
        let tones: Vec<Tone> = styled(text).iter().map(|l| l.0[0].tone).collect();
        use Tone::{Bad, Code, Good, Plain};
        assert_eq!(tones, [Bad, Code, Plain, Plain, Bad, Good]);
        let text = "a.wgsl does not compile:\n  ┌─ a.wgsl:6\n  │\n6 │ x\n  │ ^ what";
        let tones: Vec<Tone> = styled(text).iter().map(|l| l.0[0].tone).collect();
        assert_eq!(tones, [Bad, Code, Plain, Plain, Bad]);
    }
}
