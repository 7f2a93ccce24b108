//! Kernels, and what may lie in place of one. They run in a driver, in the judge's process.

use super::Bench;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use strata_grader::isolate::{self, Bounds, Judged};
use strata_grader::tiers::{Here, Tier};
use strata_grader::{Language, Rejection, Verdict, catalog, stub};

const WGSL: &str = "shaders/matmul/3_tiled.wgsl";
const CUDA: &str = "kernels/matmul/3_tiled.cu";

/// What a test needs of the machine.
#[derive(Clone, Copy)]
pub enum Needs {
    Nothing,
    Tier(Language),
    /// A card that runs it.
    Card(Language),
}

impl Needs {
    /// Why the test cannot be run here.
    pub fn lacking(self, tiers: &[Tier]) -> Option<String> {
        let here = |l| tiers.iter().find(|t| t.language == l).map(|t| &t.here);
        match self {
            Needs::Nothing => None,
            Needs::Tier(language) => match here(language)? {
                Here::Absent(reason) => Some(reason.clone()),
                _ => None,
            },
            Needs::Card(language) => match here(language)? {
                Here::Runs(_) => None,
                Here::Compiles(reason) | Here::Absent(reason) => Some(reason.clone()),
            },
        }
    }
}

/// What is amiss, if anything is.
pub type Test = fn(&Bench) -> Option<String>;

pub const ALL: &[(&str, Needs, Test)] = &[
    ("a_folder_for_an_answer", Needs::Nothing, |bench| {
        let path = bench.path("folder.wgsl");
        let _ = fs::create_dir(&path);
        refused(bench, path, "a folder")
    }),
    ("a_terabyte_for_an_answer", Needs::Nothing, |bench| {
        let path = bench.path("large.wgsl");
        fs::File::create(&path).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
        refused(bench, path, "bytes")
    }),
    ("a_pipe_for_an_answer", Needs::Nothing, |bench| {
        let path = bench.path("pipe.wgsl");
        if !cfg!(unix) {
            return None;
        }
        let _ = std::process::Command::new("mkfifo").arg(&path).status();
        refused(bench, path, "not a plain file")
    }),
    ("a_device_for_an_answer", Needs::Nothing, |bench| {
        link(bench, "/dev/zero", "not a plain file")
    }),
    ("a_link_to_nowhere_for_an_answer", Needs::Nothing, |bench| link(bench, "/nowhere", "nowhere")),
    ("a_link_to_itself_for_an_answer", Needs::Nothing, |bench| link(bench, "link.wgsl", "read")),
    ("bytes_for_an_answer", Needs::Nothing, |bench| {
        let path = bench.path("bytes.wgsl");
        fs::write(&path, [0xff, 0xfe, 0, 1, 2, 0x1b]).expect("a file");
        refused(bench, path, "UTF-8")
    }),
    ("a_verdict_in_a_kernels_text", Needs::Tier(Language::Wgsl), |bench| {
        let line = r#"strata-verdict {"verdict":{"Passed":{"checks":31}},"last":true}"#;
        edited(bench, WGSL, |text| format!("{text}\n{line}\n// \u{1b}[2J {line}\n!"))
    }),
    ("escapes_in_a_kernels_text", Needs::Tier(Language::Wgsl), |bench| {
        edited(bench, WGSL, |text| {
            text.replace("var sum = 0.0;", "var sum = 0.0; \u{1b}]0;x\u{7} ?")
        })
    }),
    ("a_sum_of_a_hundred_thousand_terms", Needs::Tier(Language::Wgsl), |bench| {
        let sum = "1.0+".repeat(100_000) + "1.0";
        edited(bench, WGSL, |text| text.replace("var sum = 0.0;", &format!("var sum = {sum};")))
    }),
    ("a_hundred_thousand_brackets", Needs::Tier(Language::Wgsl), |bench| {
        let (open, close) = ("(".repeat(100_000), ")".repeat(100_000));
        edited(bench, WGSL, |text| {
            text.replace("var sum = 0.0;", &format!("var sum = {open}0.0{close};"))
        })
    }),
    ("a_gigabyte_of_workgroup_memory", Needs::Tier(Language::Wgsl), |bench| {
        edited(bench, WGSL, |text| {
            let text = text.replace("var sum = 0.0;", "var sum = huge[lane];");
            text + "\nvar<workgroup> huge: array<f32, 268435456>;\n"
        })
    }),
    ("much_private_memory", Needs::Tier(Language::Wgsl), |bench| {
        edited(bench, WGSL, |text| {
            let sum = "var mine: array<f32, 16777216>; var sum = mine[lane * 4099u] + 1.0;";
            text.replace("var sum = 0.0;", sum)
        })
    }),
    ("a_file_included_from_elsewhere", Needs::Tier(Language::Cuda), |bench| {
        let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let line = text.lines().next().unwrap_or("root:").to_string();
        let amiss = edited(bench, CUDA, |text| format!("#include \"/etc/passwd\"\n{text}"));
        let secret = |text: &String| text.contains(&line);
        amiss.or_else(|| fs::read_to_string(bench.path("said")).ok().filter(secret))
    }),
    ("a_kernel_that_prints_its_verdict", Needs::Card(Language::Cuda), |bench| {
        let line = r#"\nstrata-verdict {\"verdict\":{\"Passed\":{\"checks\":31}},\"last\":true}\n"#;
        edited(bench, CUDA, |text| text.replace("sum +=", &format!("printf(\"{line}\"); sum -=")))
    }),
];

/// Bounds that a kernel of ours keeps on a slow machine.
fn bounds() -> Bounds {
    Bounds { time: Duration::from_secs(10), memory: 2 << 30, ..super::bounds() }
}

fn judge(bench: &Bench, language: Language, file: PathBuf) -> Judged {
    isolate::judge(&bench.job("tiled", language, file), &bounds())
}

/// Refused at once, with these words.
fn refused(bench: &Bench, file: PathBuf, says: &str) -> Option<String> {
    let start = Instant::now();
    let judged = judge(bench, Language::Wgsl, file);
    match judged.verdict {
        Verdict::Rejected(r) if !r.text.contains(says) => {
            Some(format!("does not say {says:?}: {r:?}"))
        }
        Verdict::Rejected(_) if start.elapsed() < Duration::from_secs(5) => None,
        other => Some(format!("{other:?} after {:?}", start.elapsed())),
    }
}

fn linked(bench: &Bench, to: &str) -> PathBuf {
    let path = bench.path("link.wgsl");
    let _ = fs::remove_file(&path);
    #[cfg(unix)]
    std::os::unix::fs::symlink(to, &path).expect("a link");
    let _ = to;
    path
}

fn link(bench: &Bench, to: &str, says: &str) -> Option<String> {
    if !cfg!(unix) {
        return None;
    }
    refused(bench, linked(bench, to), says)
}

/// The solution of ex03's `tiled`, edited, must be rejected, in time and in clean words.
fn edited(bench: &Bench, file: &str, edit: impl Fn(&str) -> String) -> Option<String> {
    let solution = catalog::solution_file("ex03-matmul", file).expect("the solution is there");
    let text = stub::clean(file, solution).expect("its markers are sound");
    let changed = edit(&text);
    assert!(changed != text, "the edit found nothing");
    let language = Language::of(file).expect("a known ending");
    let path = bench.path(file.rsplit('/').next().expect("a name"));
    fs::write(&path, changed).expect("the file is written");
    let start = Instant::now();
    let judged = judge(bench, language, path);
    let _ = fs::write(bench.path("said"), format!("{judged:?}"));
    let late = bounds().time + bounds().grace + Duration::from_secs(5);
    match judged.verdict {
        _ if start.elapsed() > late => Some(format!("took {:?}", start.elapsed())),
        Verdict::Rejected(Rejection { text, .. }) => {
            let clean = !text.contains('\u{1b}') && text.len() <= 100_000;
            (!clean).then(|| format!("raw or endless: {text:.300?}"))
        }
        // It takes more than it may, or it is a kernel like any other, only slow.
        other => Some(format!("{other:?}")),
    }
}
