//! Pages that mean harm, and pages that were damaged: the press says what is wrong and where, and
//! neither panics nor hangs.

#[path = "../common/mod.rs"]
mod common;
mod damaged;
mod measurements;
mod pages;

use common::Fixture;
use mdbook_strata::{Error, Tree, page};
use std::time::{Duration, Instant};

const CUDA: &str =
    "// Idea: tiles.\n// Gain: much.\nvoid f() {\n  // region: load\n  a = b;\n  // end: load\n}\n";
const RUST: &str = "/// Walks.\npub fn walk<'a>(x: &'a str) -> usize { x.len() }\n\nimpl Grads {\n    fn add(&self) {}\n}\n// region: one\nconst A: [u8; 2] = *b\"é{\"; // é\n// end: one\n";
const TS: &str = "// region: use\nconst x = `a ${1}`;\n// end: use\n";
const RESULTS: &str = r#"{"device": {"name": "H", "machine": "cuda"}, "date": "2026", "commit": "abc",
"ceilings": {"bytes_per_second": {"copy": 4e12}, "flops_per_second": 5e13}, "scales": [{"op": "matmul", "unit": "rows"}],
"rows": [
{"op": "matmul", "rung": "1_naive", "shape": "4 by 4", "size": 4, "seconds": 0.5, "flops": 6e12, "bytes": 1e9, "share": 0.1},
{"op": "matmul", "rung": "1_naive", "shape": "8 by 8", "size": 8, "seconds": 0.6, "flops": 9e12, "bytes": 2e9, "share": 0.2},
{"op": "matmul", "rung": "2_tiled", "shape": "4 by 4", "size": 4, "seconds": 0.1, "flops": 6e12, "bytes": 1e9, "share": 0.5},
{"op": "matmul", "rung": "2_tiled", "shape": "8 by 8", "size": 8, "seconds": 0.2, "flops": 9e12, "bytes": 2e9, "share": 0.6}]}"#;
const PAGE: &str = "---\npromise: a page\nminutes: 5\nneeds: []\n---\n# One\n\n{{#pace}}\n\nText with `code`, ``co`de`` and $x^2 + \\frac{a}{b} = é$.\n\n\
{{#kernel matmul/9_mine region=load}}\n\n{{#header matmul/9_mine}}\n\n{{#rust crates/a.rs fn=walk}}\n\n{{#rust crates/a.rs item=\"impl Grads\"}}\n\n\
{{#rust crates/a.rs region=one}}\n\n{{#ts ts/a.ts region=use}}\n\n{{#bench op=matmul device=r shape=\"4 by 4\"}}\n\n\
{{#ladder op=matmul results=r,r size=4}}\n\n{{#curve op=matmul results=r}}\n\n{{#roofline op=matmul results=r}}\n\n\
It runs at {{#number r rows[op=matmul].flops_per_second unit=GFLOP/s}}, {{#number r rows[0].seconds over=rows[2].seconds unit=x}}, as \
{{#cite \"4 GB\" from=\"somebody\"}} says, with wgpu {{#version wgpu}}.\n\n$$\n\\sum_{i=1}^n x_i\n$$\n\n{{#capture cargo --version}}\n\n{{#figure strides caption=\"It's one\"}}\n\n\
{{#outline}}\n\n```rust\nlet a = 'é';\n```\n\n- [link](01-page.md) é\n- two\n\n\\{{#escaped}} \\$5\n";

/// A tree in which everything is that [`PAGE`] shows.
fn fixture() -> Fixture {
    let fixture = Fixture::new("Text.");
    fixture.write("kernels/matmul/9_mine.cu", CUDA);
    fixture.write("shaders/matmul/9_mine.wgsl", CUDA);
    fixture.write("crates/a.rs", RUST);
    fixture.write("ts/a.ts", TS);
    fixture.write("bench/results/r.json", RESULTS);
    fixture.write("Cargo.lock", "[[package]]\nname = \"wgpu\"\nversion = \"30.0.1\"\n");
    fixture.write("book/captures/cargo-version.txt", "$ cargo --version\nexact\ncargo 1\n");
    fixture
}

fn tree(fixture: &Fixture) -> Tree {
    // Figures are drawn into their files by a build.
    let _ = fixture.build();
    Tree::at(fixture.path()).unwrap()
}

/// What is said of a page, in a moment; it has a line, or is right.
fn said(tree: &Tree, bytes: &[u8]) -> String {
    let begun = Instant::now();
    let said = match page::from_bytes(tree, bytes) {
        Ok(expanded) => format!("right: {} pieces", expanded.pieces.len()),
        Err(Error::Problems(problems)) => {
            assert!(problems.iter().all(|p| p.line > 0 && p.file == "book/src/01-page.md"));
            assert!(problems.iter().map(|p| p.what.len()).sum::<usize>() < 4 << 20);
            problems.iter().map(|p| format!("{p}\n")).collect()
        }
        Err(error) => panic!("no place is named: {error}"),
    };
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "{took:?}: {}",
        String::from_utf8_lossy(&bytes[..bytes.len().min(200)])
    );
    said
}

#[test]
fn the_page_that_is_damaged_below_is_right() {
    let fixture = fixture();
    let tree = tree(&fixture);
    assert_eq!(said(&tree, PAGE.as_bytes()), "right: 17 pieces");
    // A letter of several bytes behind what is told not to be a directive.
    assert_eq!(said(&tree, "\\{{#é}} \\$é".as_bytes()), "right: 0 pieces");
}
