//! The report of an exercise's tests.

use crate::catalog::{Exercise, Task};
use crate::graded::{Graded, limits, parts, solved, to_do, undecided};
use crate::{Rejection, Verdict};
use std::process::ExitCode;

/// `ok   (WGSL right in 31 questions on llvmpipe; CUDA not begun)`
pub(super) fn line(list: &[Graded]) -> String {
    let word = match () {
        () if solved(list) => "ok",
        () if undecided(list) => "ignored",
        () => "FAILED",
    };
    format!("{word}   ({})", parts(list))
}

/// Prints what is wrong and what to do, and the count.
pub(super) fn report(exercise: &Exercise, results: &[(&'static Task, Vec<Graded>)]) -> ExitCode {
    let number = exercise.name.split('-').next().unwrap_or(exercise.name);
    let failed: Vec<_> =
        results.iter().filter(|(_, list)| !solved(list) && !undecided(list)).collect();
    if !failed.is_empty() {
        println!("\nfailures:");
    }
    for (task, list) in &failed {
        println!("\n---- {} ----", task.name);
        let begun: Vec<&Graded> = list.iter().filter(|g| g.verdict.is_some()).collect();
        for graded in &begun {
            if let Some(Verdict::Rejected(Rejection { text, .. })) = &graded.verdict {
                println!("{}", text.trim_end());
                println!("  your file  {}", graded.file.display());
            }
        }
        if begun.is_empty() {
            not_begun(task, list);
        }
        println!("  hint       cargo strata hint {number} {}", task.name);
        println!("  again      cargo test -p {} {}", exercise.name, task.name);
    }
    let dim = anstyle::Style::new().dimmed();
    let all: Vec<Graded> = results.iter().flat_map(|(_, list)| list.iter().cloned()).collect();
    for (first, limits) in limits(&all).into_iter().enumerate() {
        for (i, text) in wrapped(&limits).into_iter().enumerate() {
            let label = if i == 0 { "limits" } else { "" };
            let space = if first + i == 0 { "\n" } else { "" };
            anstream::println!("{space}{dim}  {label:<11}{text}{dim:#}");
        }
    }
    let passed = results.iter().filter(|(_, list)| solved(list)).count();
    let ignored = results.iter().filter(|(_, list)| undecided(list)).count();
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {} failed; {ignored} ignored\n",
        failed.len()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A text in lines of at most 92 characters.
fn wrapped(text: &str) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + word.chars().count() >= 92 {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// What to do with a task that nobody has begun.
fn not_begun(task: &Task, list: &[Graded]) {
    println!("{}", task.title);
    wrapped(&task.goal).iter().for_each(|line| println!("  {line}"));
    println!("  to do      {}", to_do(task));
    list.iter().for_each(|g| println!("             {}", g.file.display()));
}
