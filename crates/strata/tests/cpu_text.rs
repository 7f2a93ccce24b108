//! Every kernel with a body in Rust knows that body's text.
use std::path::Path;
use strata_ml::device::{CpuText, Kernel};

fn kernels() -> Vec<&'static Kernel> {
    let rungs = strata_ml::ladders().into_iter().flat_map(|ladder| ladder.rungs);
    rungs.flat_map(|rung| rung.kernels).copied().filter(|kernel| kernel.cpu.is_some()).collect()
}

#[test]
fn every_cpu_kernel_has_its_function() {
    let kernels = kernels();
    assert!(kernels.len() > 40, "{} kernels", kernels.len());
    for kernel in kernels {
        let text = kernel.rust.unwrap_or_else(|| panic!("{} has no text", kernel.path));
        let function = text.function().unwrap_or_else(|| panic!("{}: {text:?}", kernel.path));
        let head = format!("fn {}(", text.name);
        assert!(function.contains(&head), "{}: {function}", kernel.path);
        assert!(function.ends_with("\n}"), "{}: {function}", kernel.path);
        // Nothing of the next function: every other line of the body is indented.
        let body = &function[function.find(&head).unwrap()..];
        let mut inside = body.lines().skip(1).filter(|line| !line.is_empty());
        let flush = inside.find(|line| !line.starts_with(' ') && !line.starts_with([')', '}']));
        assert_eq!(flush, None, "{}: {function}", kernel.path);
    }
}

#[test]
fn the_files_are_those_of_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for text in kernels().iter().filter_map(|kernel| kernel.rust) {
        let file = text.path();
        let found = std::fs::read_to_string(root.join(&file));
        let found = found.unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(found, text.text, "{file}");
    }
}

#[test]
fn doc_comments_and_attributes_come_along_and_braces_in_text_do_not_count() {
    const TEXT: &str = r###"//! The file.

/// Not this one: fn cut(
fn cutter() {}

/// The doc.
// Why.
#[inline]
pub fn cut<'a, const N: usize>(x: &'a [u8; { 1 + 1 }]) -> char
where
    [(); N]:,
{
    // A brace: }
    /* and /* nested */ } */
    let _ = ("}\"}", r#"}"}"#, b'}', br"}\", '\'', '}');
    if x.is_empty() { '{' } else { '\u{7d}' }
}

fn after() {}
"###;
    let text = CpuText { name: "cut", file: "here", beside: "there", text: TEXT };
    let got = text.function().unwrap();
    assert!(got.starts_with("/// The doc.\n// Why.\n#[inline]\npub fn cut<"), "{got}");
    assert!(got.ends_with("else { '\\u{7d}' }\n}"), "{got}");
    assert!(CpuText { name: "absent", ..text }.function().is_none());
    assert!(CpuText { text: "fn cut() { {", ..text }.function().is_none());
}
