//! The book's press: pages with directives and equations, and the recorded measurements they pull.

use super::{INSIDE, laid};
use crate::{Pack, Random, Target, mutate, seeds};
use mdbook_strata::directive::Context;
use mdbook_strata::math::Math;
use mdbook_strata::page::{Page, expand};
use mdbook_strata::{Tree, lint};
use std::cell::Cell;
use std::path::Path;
use std::sync::OnceLock;
use strata_ml::device::LadderInfo;

pub fn targets() -> Vec<Target> {
    vec![
        Target {
            name: "page",
            about: "a page of the book: its directives, fences and prose",
            run: page,
            seeds: pages,
            mutate: words,
            share: 3,
            ..INSIDE
        },
        Target {
            name: "equation",
            about: "an equation",
            run: equation,
            seeds: equations,
            mutate: |data, random| mutate::text(data, random, &TEX),
            ..INSIDE
        },
        Target {
            name: "results",
            about: "recorded measurements, and a page that shows them",
            run: results,
            seeds: measured,
            mutate: |data, random| mutate::pack(data, random, &WORDS),
            ..INSIDE
        },
    ]
}

const WORDS: [&str; 40] = [
    "{{#",
    "}}",
    "{{#bench ",
    "{{#capture ",
    "{{#cite ",
    "{{#curve ",
    "{{#exercise ex03 tiled}}",
    "{{#figure strides}}",
    "{{#header matmul/3_tiled}}",
    "{{#kernel matmul/3_tiled}}",
    "{{#ladder ",
    "{{#number ",
    "{{#outline}}",
    "{{#pace}}",
    "{{#refs}}",
    "{{#roofline ",
    "{{#rust ",
    "{{#ts ",
    "{{#version}}",
    "fn=",
    "item=",
    "region=",
    "op=matmul",
    "device=r",
    "results=r",
    "size=",
    "shape=",
    "measure=",
    "unit=",
    "digits=15",
    "over=",
    "rows[op=matmul].seconds",
    "```",
    "~~~",
    "$$",
    "\\{{#",
    "| a | b |\n|---|---|\n",
    "[x](y.md#z)",
    "crates/files/src/lib.rs",
    "![](x)",
];

const TEX: [&str; 28] = [
    "\\frac{",
    "}{",
    "\\sqrt{",
    "\\left(",
    "\\right)",
    "\\begin{matrix}",
    "\\end{matrix}",
    "\\\\",
    "&",
    "^",
    "_",
    "\\def\\a{\\a\\a}\\a",
    "\\text{",
    "\\sum_{i}",
    "\\operatorname{",
    "\\color{red}",
    "\\href{x}{y}",
    "\\newcommand{\\b}[1]{#1#1}",
    "\\b{\\b{\\b{x}}}",
    "\\left.",
    "\\middle|",
    "\\limits",
    "\\rule{1em}{2em}",
    "\\hspace{99999999999em}",
    "\\char\"FFFFFF",
    "\\substack{",
    "\\underbrace{",
    "\\mathbb{R}",
];

fn words(data: &mut Vec<u8>, random: &mut Random) {
    mutate::text(data, random, &WORDS);
}

/// Paragraphs of the book: whole pages are long, and most of them is prose.
fn pages() -> Vec<Vec<u8>> {
    let mut all = vec![ALL.into()];
    for (_, bytes) in seeds::below("book/src", ".md") {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let parts: Vec<&str> =
            text.split("\n\n").filter(|p| p.contains("{{#") || p.contains('$')).collect();
        all.extend(parts.chunks(6).take(4).map(|part| (part.join("\n\n") + "\n").into_bytes()));
    }
    all
}

const ALL: &str = "# A page\n\n{{#kernel matmul/3_tiled}}\n\n{{#rust chapters/01-tensor/src/layout.rs item=Layout}}\n\n\
    It costs $x^2$ and $$\\frac{a}{b}$$ at {{#cite \"4.8 TB/s\" from=\"a sheet\"}}.\n\n{{#exercise ex03 tiled}}\n\n\
    ```rust\nlet a = 1; // it is\n```\n\n{{#ladder op=matmul}}\n\n{{#refs}}\n";

fn equations() -> Vec<Vec<u8>> {
    let mut all = vec![r"c_{ij} = \sum_l a_{il} b_{lj}".into(), r"\frac{1}{\sqrt{2\pi}}".into()];
    for (_, bytes) in seeds::below("book/src", ".md") {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let found = text.split('$').skip(1).step_by(2).filter(|tex| !tex.is_empty());
        all.extend(found.take(12).map(|tex| tex.as_bytes().to_vec()));
    }
    all
}

fn ladders() -> &'static [LadderInfo] {
    static LADDERS: OnceLock<Vec<LadderInfo>> = OnceLock::new();
    LADDERS.get_or_init(strata_ml::ladders)
}

fn printed(tree: &Tree, book: &Path, text: &str) {
    let text = text.replace("\r\n", "\n");
    let page = Page {
        file: "03-page.md".into(),
        path: "book/src/03-page.md".into(),
        text,
        ..Page::default()
    };
    let (pages, ids) = ([page], Cell::new(0));
    let context =
        Context { tree, book, pages: &pages, page: &pages[0], ladders: ladders(), ids: &ids };
    let expanded = expand(&context, &Math::default());
    for problem in &expanded.problems {
        assert!(problem.line > 0 && problem.line <= pages[0].text.lines().count() + 1, "{problem}");
    }
    let _ = lint::page(&pages[0], &expanded.text);
}

fn page(bytes: &[u8]) {
    let root = seeds::root();
    let Ok(tree) = Tree::at(&root) else { return };
    printed(&tree, &root.join("book"), &String::from_utf8_lossy(bytes));
}

fn equation(bytes: &[u8]) {
    let tex = String::from_utf8_lossy(bytes);
    for display in [false, true] {
        let _ = Math::default().render(&tex, display);
    }
}

const SHOWN: &str = "# A\n\n{{#bench op=matmul device=r}}\n\n{{#curve op=matmul results=r}}\n\n{{#ladder op=matmul results=r}}\n\n\
    {{#roofline op=matmul results=r}}\n\n{{#number r rows[op=matmul].seconds unit=s}} {{#number r rows[0].flops digits=15}} \
    {{#number r rows[op=matmul,rung=1_naive].flops_per_second unit=TFLOP/s over=rows[1].seconds}}\n\n{{#bench op=gelu device=r columns=rung,shape,time,flops,bytes,share}}\n";

fn measured() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for name in ["ladder-cpu", "h100-cuda", "torch-step", "three-machines"] {
        let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(&seeds::file(&format!(
            "bench/results/{name}.json"
        ))) else {
            continue;
        };
        // A few rows say what all of them say.
        let lists = match &mut value {
            serde_json::Value::Array(list) => list.iter_mut().collect(),
            one => vec![one],
        };
        for one in lists {
            if let Some(rows) = one.get_mut("rows").and_then(|rows| rows.as_array_mut()) {
                rows.retain(|row| row["op"] == "matmul" || row["op"] == "gelu");
                rows.truncate(14);
            }
        }
        all.push(
            Pack::default().with("results.json", value.to_string()).with("page.md", SHOWN).bytes(),
        );
    }
    all
}

fn results(bytes: &[u8]) {
    let pack = Pack::parse(bytes);
    let manifest = "[workspace.package]\nrepository = \"https://example.org/x\"\n";
    let tree = Pack::default()
        .with("Cargo.toml", manifest)
        .with("bench/results/r.json", pack.get("results.json").unwrap_or_default())
        .with("bench/results/other.json", pack.get("other.json").unwrap_or(b"{}"));
    let folder = laid(&tree);
    let Ok(tree) = Tree::at(&folder) else { return };
    printed(&tree, &folder.join("book"), &pack.text("page.md"));
}
