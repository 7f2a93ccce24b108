//! `strata new op NAME`: five files that compile, and the lines that make them known.

use super::places::{Chapter, places};
use crate::commands::test::workspace;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, say};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  cargo strata new op leaky_relu --chapter 04
  cargo strata new op rms_norm --chapter layernorm

Nothing that is there is changed. What you write into files that are there is printed, line by line.";

/// Make the skeleton of an op: kernels in CUDA and WGSL, its Rust, its oracle, its parity case.
///
/// It computes `out = alpha * x` on every device, so that everything is green before you begin.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct OpArgs {
    /// The op's name, in lower case with underscores: leaky_relu
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The chapter that it belongs to: its number or name, 04, 4 or gelu
    #[arg(long, value_name = "CHAPTER")]
    chapter: String,
}

/// Words that a kernel cannot be called by: of Rust, C++ or WGSL, or taken in the skeleton.
const TAKEN: &[&str] = &[
    "alias", "alpha", "args", "array", "as", "asm", "async", "auto", "await", "bool", "box",
    "break", "case", "catch", "char", "class", "const", "continue", "crate", "default", "delete",
    "do", "double", "dyn", "else", "enum", "extern", "false", "float", "fn", "for", "friend",
    "gen", "goto", "if", "impl", "in", "include", "inline", "int", "let", "long", "loop", "main",
    "match", "mod", "move", "mut", "new", "on_cpu", "operator", "out", "override", "private",
    "pub", "ref", "return", "self", "short", "signed", "static", "step", "struct", "super",
    "switch", "takes", "template", "this", "true", "type", "unsafe", "use", "var", "where",
    "while",
];

/// A snake_case word that is nobody's.
fn name(text: &str) -> Result<String, String> {
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    let made_of = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let sound = starts && made_of && !text.ends_with('_') && !text.contains("__");
    if !sound || text.len() < 2 || text.len() > 40 {
        return Err("it must be 2 to 40 small letters, digits and single underscores, a letter first: leaky_relu".into());
    }
    if TAKEN.contains(&text) {
        return Err(format!(
            "{text} means something else in Rust, C++, WGSL or the skeleton; take another word"
        ));
    }
    if strata_ml::ladders().iter().any(|ladder| ladder.op == text) {
        return Err(format!(
            "there is an op {text} already; cargo strata inspect --ladders lists them"
        ));
    }
    Ok(text.into())
}

/// The files of a new op: where, and what.
pub(super) fn files(op: &str, chapter: &Chapter) -> Vec<(PathBuf, String)> {
    let texts = [
        (format!("kernels/{op}/1_naive.cu"), include_str!("skeleton/kernel.cu.txt")),
        (format!("shaders/{op}/1_naive.wgsl"), include_str!("skeleton/kernel.wgsl.txt")),
        (format!("{}/{}", chapter.folder, chapter.file(op)), include_str!("skeleton/op.rs.txt")),
        (format!("crates/check/src/oracle/{op}.rs"), include_str!("skeleton/oracle.rs.txt")),
        (format!("crates/parity/src/cases/{op}.rs"), include_str!("skeleton/case.rs.txt")),
    ];
    let fill = |text: &str| {
        let text = text.replace("{op}", op).replace("{file}", &chapter.file(op));
        let (before, after) = chapter.imports();
        text.replace("{before}", before)
            .replace("{after}", after)
            .replace("{path}", &chapter.path())
    };
    texts.into_iter().map(|(path, text)| (path.into(), fill(text))).collect()
}

pub fn run(args: &OpArgs) -> Outcome {
    let root = workspace()?;
    let chapter = Chapter::find(&root, &args.chapter)?;
    let files = files(&args.name, &chapter);
    // All of them are looked for before the first is written.
    for (path, _) in &files {
        free(&root, path)?;
    }
    for (path, text) in &files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            strata_files::make_folder(folder).map_err(refused)?;
        }
        strata_files::write(&path, text.as_bytes()).map_err(refused)?;
    }
    let (code, head) = (ui::CODE, ui::HEAD);
    say!("{head}Made{head:#}")?;
    for (path, _) in &files {
        say!("  {}", path.display())?;
    }
    say!("\n{head}Write into{head:#}")?;
    for place in places(&args.name, &chapter) {
        say!("  {}: {}", place.path, place.what)?;
        for line in place.lines.lines() {
            say!("      {code}{line}{code:#}")?;
        }
    }
    say!("\nThen cargo strata parity --op {} checks it on every device here.", args.name)?;
    Ok(0)
}

/// Fails if something lies there, or if the op has a folder of kernels already.
fn free(root: &Path, path: &Path) -> Outcome<()> {
    let own = path.starts_with("kernels") || path.starts_with("shaders");
    let taken = path.parent().filter(|_| own).unwrap_or(path);
    // A module may be a folder, too.
    for path in [taken.to_path_buf(), taken.with_extension("")] {
        if fs::symlink_metadata(root.join(&path)).is_ok() {
            return Err(Failure::new(format!(
                "{} is there already, and nothing was written; take another name, or delete it first",
                path.display()
            )));
        }
    }
    Ok(())
}

fn refused(error: strata_files::Error) -> Failure {
    Failure::new(format!("{error}; what was made so far can be deleted"))
}
