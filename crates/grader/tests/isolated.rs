//! What a reader may do to a file, and what the judge says then. Every answer is judged in a process
//! of its own, which is this program started again: hence a `main` of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use strata_grader::grade::Job;
use strata_grader::tiers::{Here, Tier, tiers};
use strata_grader::{Language, Verdict, catalog, isolate, stub};

const WGSL: &str = "shaders/matmul/3_tiled.wgsl";
const CUDA: &str = "kernels/matmul/3_tiled.cu";

/// A test: its name, what it needs, what it does.
type Test = (&'static str, Needs, fn(&Bench));

/// What a test needs of the machine.
#[derive(Clone, Copy)]
enum Needs {
    Nothing,
    /// A tier that can at least compile.
    Tier(Language),
    /// A tier that runs kernels and does not cut their loops short, as llvmpipe does after 65,535
    /// rounds of an invocation.
    Card(Language),
}

impl Needs {
    /// Why the test cannot be run here.
    fn lacking(self, tiers: &[Tier]) -> Option<String> {
        let here = |l| tiers.iter().find(|t| t.language == l).map(|t| &t.here);
        match self {
            Needs::Nothing => None,
            Needs::Tier(language) => match here(language)? {
                Here::Absent(reason) => Some(reason.clone()),
                _ => None,
            },
            Needs::Card(language) => match here(language)? {
                Here::Runs(label) if label.contains("llvmpipe") => {
                    Some("llvmpipe cuts loops short".into())
                }
                Here::Runs(_) => None,
                Here::Compiles(reason) | Here::Absent(reason) => Some(reason.clone()),
            },
        }
    }
}

const TESTS: &[Test] = &[
    ("the_solution_passes", Needs::Tier(Language::Wgsl), solution),
    ("an_empty_file", Needs::Tier(Language::Wgsl), empty),
    ("a_file_that_is_gone", Needs::Tier(Language::Wgsl), missing),
    ("a_syntax_error_names_the_readers_line", Needs::Tier(Language::Wgsl), syntax),
    ("a_renamed_entry_point", Needs::Tier(Language::Wgsl), entry),
    ("a_binding_too_many", Needs::Tier(Language::Wgsl), binding),
    ("a_workgroup_too_large", Needs::Tier(Language::Wgsl), workgroup),
    ("a_loop_that_nothing_ends", Needs::Tier(Language::Wgsl), endless),
    ("a_loop_that_takes_for_ever", Needs::Card(Language::Wgsl), for_ever),
    ("cuda_errors_name_the_readers_line", Needs::Tier(Language::Cuda), cuda_syntax),
    ("cuda_with_another_entry_or_other_arguments", Needs::Tier(Language::Cuda), cuda_contract),
    ("cuda_that_takes_for_ever", Needs::Card(Language::Cuda), cuda_for_ever),
    ("a_function_that_never_returns", Needs::Nothing, rust_endless),
    ("a_function_that_calls_itself", Needs::Nothing, rust_overflow),
];

fn main() -> ExitCode {
    if let Some(code) = isolate::serve(rust) {
        return code;
    }
    let filters: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    if std::env::args().any(|arg| arg == "--list") {
        TESTS.iter().for_each(|(name, _, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let tiers = tiers();
    let bench = Bench { folder: tempfile::tempdir().expect("a temporary folder") };
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for (name, needs, test) in TESTS {
        if !filters.is_empty() && !filters.iter().any(|f| name.contains(f.as_str())) {
            continue;
        }
        if let Some(reason) = needs.lacking(&tiers) {
            println!("SKIPPED: {name}: {reason}");
            ignored += 1;
            continue;
        }
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&bench)));
        println!("test {name} ... {}", if outcome.is_ok() { "ok" } else { "FAILED" });
        if outcome.is_ok() { passed += 1 } else { failed += 1 }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; {ignored} ignored\n");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The Rust answers of the last two tests, run in the child.
fn rust(job: &Job) -> Verdict {
    fn deeper(n: u64) -> u64 {
        if n == u64::MAX { 0 } else { std::hint::black_box(deeper(n + 1)) + 1 }
    }
    match job.task.as_str() {
        "overflow" => Verdict::Passed { checks: deeper(0) as usize },
        _ => loop {
            std::thread::sleep(Duration::from_millis(50));
        },
    }
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn job(&self, task: &str, language: Language, file: PathBuf) -> Job {
        let scratch = self.folder.path().join("scratch");
        fs::create_dir_all(&scratch).expect("a folder");
        Job {
            exercise: "ex03-matmul".into(),
            task: task.into(),
            language,
            file,
            scratch,
            timed: false,
        }
    }

    /// Judges the solution of ex03's `tiled`, edited.
    fn judge(&self, file: &str, edit: impl Fn(&str) -> String) -> Verdict {
        let solution = catalog::solution_file("ex03-matmul", file).expect("the solution is there");
        let text = stub::clean(file, solution).expect("its markers are sound");
        let edited = edit(&text);
        assert!(edited != text || !edited.contains("EDIT"), "the edit found nothing");
        let path = self.folder.path().join(Path::new(file).file_name().expect("a name"));
        fs::write(&path, edited).expect("the file is written");
        let language = Language::of(file).expect("a known ending");
        isolate::grade(&self.job("tiled", language, path))
    }
}

#[track_caller]
fn rejected(verdict: Verdict, diagnosis: &str, says: &[&str]) {
    let Verdict::Rejected(rejection) = verdict else { panic!("not rejected: {verdict:?}") };
    let text = &rejection.text;
    assert!(
        rejection.diagnoses.iter().any(|d| d == diagnosis),
        "{:?}\n{text}",
        rejection.diagnoses
    );
    for part in says {
        assert!(text.contains(part), "it does not say {part:?}:\n{text}");
    }
}

/// The line (from 1) that contains `part`.
fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).expect("the line is there") + 1
}

fn solution(bench: &Bench) {
    let verdict = bench.judge(WGSL, str::to_string);
    assert!(matches!(verdict, Verdict::Passed { checks } if checks > 10), "{verdict:?}");
}

fn empty(bench: &Bench) {
    let says = ["3_tiled.wgsl is empty", "cargo strata reset ex03 tiled"];
    rejected(bench.judge(WGSL, |_| "\n".into()), "does-not-compile", &says);
}

fn missing(bench: &Bench) {
    let job = bench.job("tiled", Language::Wgsl, bench.folder.path().join("nowhere.wgsl"));
    let says = ["nowhere.wgsl is gone", "cargo strata reset ex03 tiled"];
    rejected(isolate::grade(&job), "does-not-compile", &says);
}

fn syntax(bench: &Bench) {
    let solution = catalog::solution_file("ex03-matmul", WGSL).expect("the solution is there");
    let clean = stub::clean(WGSL, solution).expect("its markers are sound");
    let place = format!("3_tiled.wgsl:{}:", line_of(&clean, "sum += a_tile"));
    let verdict = bench.judge(WGSL, |t| t.replace("sum += a_tile", "sum += * a_tile"));
    rejected(verdict, "does-not-compile", &[&place, "sum += * a_tile"]);
    // What does not compile has not run: a loop without an end beside it is not the news.
    let verdict = bench.judge(WGSL, |t| {
        t.replace("sum += a_tile", "sum += * a_tile").replace("l < TILE; l++", "l < TILE; ")
    });
    let Verdict::Rejected(rejection) = verdict else { panic!("not rejected") };
    assert_eq!(rejection.diagnoses, ["does-not-compile"]);
}

fn entry(bench: &Bench) {
    let verdict = bench.judge(WGSL, |t| t.replace("fn matmul(", "fn multiply("));
    rejected(verdict, "contract-broken", &["matmul", "cargo strata reset"]);
}

fn binding(bench: &Bench) {
    let verdict = bench.judge(WGSL, |t| {
        let t = t.replace("var sum = 0.0;", "var sum = extra[0];");
        t + "@group(0) @binding(9) var<storage, read> extra: array<f32>;\n"
    });
    rejected(verdict, "contract-broken", &["binding: 9", "cargo strata reset"]);
}

fn workgroup(bench: &Bench) {
    let verdict =
        bench.judge(WGSL, |t| t.replace("@workgroup_size(256)", "@workgroup_size(65536)"));
    rejected(verdict, "does-not-compile", &["orkgroup size", "256 invocations"]);
}

fn endless(bench: &Bench) {
    let verdict =
        bench.judge(WGSL, |t| t.replace("l0 < p.k; l0 += TILE", "l0 < p.k; l0 += 0u * TILE"));
    // `l0 += 0` does assign: only the time or the result betrays that.
    assert!(matches!(verdict, Verdict::Rejected(_)), "{verdict:?}");
    let verdict = bench.judge(WGSL, |t| t.replace("l < TILE; l++", "l < TILE; "));
    // A software adapter cuts the loop short, a card does not.
    let Verdict::Rejected(rejection) = &verdict else { panic!("not rejected: {verdict:?}") };
    let names = ["endless-loop", "time-limit"];
    assert!(rejection.diagnoses.iter().any(|d| names.contains(&d.as_str())), "{rejection:?}");
    assert!(rejection.text.contains("nothing ends the loop that begins on line"), "{rejection:?}");
}

fn for_ever(bench: &Bench) {
    let start = Instant::now();
    let slow = "for (var i = 0u; i < 60000u; i++) { for (var j = 0u; j < 60000u; j++) { \
                sum += f32((i ^ j) & lane); } }\n            workgroupBarrier();\n            for (var l";
    let verdict = bench.judge(WGSL, |t| t.replacen("for (var l", slow, 1));
    rejected(verdict, "time-limit", &["was stopped", "STRATA_TIME_LIMIT"]);
    assert!(start.elapsed() < isolate::limit() + Duration::from_secs(15));
    // The machine is usable at once.
    solution(bench);
}

fn cuda_syntax(bench: &Bench) {
    let solution = catalog::solution_file("ex03-matmul", CUDA).expect("the solution is there");
    let clean = stub::clean(CUDA, solution).expect("its markers are sound");
    let place = format!("3_tiled.cu:{}: error", line_of(&clean, "sum += a_tile"));
    let verdict = bench.judge(CUDA, |t| t.replace("sum += a_tile", "summ += a_tile"));
    rejected(verdict, "does-not-compile", &[&place, "summ"]);
}

fn cuda_contract(bench: &Bench) {
    let verdict = bench.judge(CUDA, |t| t.replace("\nmatmul(const", "\nmultiply(const"));
    rejected(verdict, "contract-broken", &["matmul", "cargo strata reset"]);
    let verdict = bench.judge(CUDA, |t| t.replace("const float* bias, ", ""));
    let Verdict::Rejected(_) = verdict else { panic!("taken with an argument less") };
}

fn cuda_for_ever(bench: &Bench) {
    let edit = |t: &str| t.replace("l0 < p.k; l0 += TILE", "l0 < p.k; l0 += p.inner - p.inner");
    rejected(bench.judge(CUDA, edit), "time-limit", &["was stopped", "STRATA_TIME_LIMIT"]);
    // The card is usable at once.
    let verdict = bench.judge(CUDA, str::to_string);
    assert!(verdict.passed(), "{verdict:?}");
}

fn rust_endless(bench: &Bench) {
    let verdict = isolate::grade(&bench.job("for_ever", Language::Rust, "none.rs".into()));
    rejected(verdict, "time-limit", &["the function", "was stopped"]);
}

fn rust_overflow(bench: &Bench) {
    let verdict = isolate::grade(&bench.job("overflow", Language::Rust, "none.rs".into()));
    rejected(verdict, "panicked", &["called itself", "returns without calling again"]);
}
