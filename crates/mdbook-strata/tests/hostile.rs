//! Pages that mean harm, and pages that were damaged: the press says what is wrong and where, and
//! neither panics nor hangs.

mod common;

use common::Fixture;
use mdbook_strata::{Error, Tree, page};
use proptest::prelude::*;
use std::fs;
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

#[test]
fn what_lies_outside_of_the_tree_is_not_shown() {
    let fixture = fixture();
    let secret = fixture.path().join("../secret-of-strata.rs");
    let name = format!("{}-secret.rs", fixture.path().file_name().unwrap().to_string_lossy());
    let secret = secret.with_file_name(&name);
    fs::write(&secret, "a secret\n").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&secret, fixture.path().join("crates/link.rs")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", fixture.path().join("crates/zero.rs")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(fixture.path().join("crates/pipe.rs"))
            .status();
        assert!(made.unwrap().success());
    }
    fs::File::create(fixture.path().join("crates/large.rs"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap_or_default();
    fixture.write("crates/latin.rs", "");
    fs::write(fixture.path().join("crates/latin.rs"), b"\xff\xfe").unwrap();
    let tree = tree(&fixture);
    let mut paths = vec![
        format!("../{name}"),
        format!("crates/../../{name}"),
        secret.display().to_string(),
        "/etc/hostname".into(),
        "crates/large.rs".into(),
        "crates/latin.rs".into(),
        "crates".into(),
        ".".into(),
        "nul\0.rs".into(),
        "x".repeat(5000),
    ];
    if cfg!(unix) {
        paths.extend(
            [
                "crates/link.rs",
                "crates/zero.rs",
                "crates/pipe.rs",
                "/dev/zero",
                "/proc/self/environ",
            ]
            .map(String::from),
        );
    }
    for path in &paths {
        for directive in [
            format!("{{{{#rust \"{path}\"}}}}"),
            format!("{{{{#ts \"{path}\"}}}}"),
            format!("{{{{#rust \"{path}\" region=a}}}}"),
        ] {
            let said = said(&tree, directive.as_bytes());
            assert!(said.starts_with("book/src/01-page.md:1: "), "{directive:.200}: {said:.200}");
        }
    }
    for (directive, what) in [
        (format!("{{{{#number ../../../{name} a}}}}"), "there is no result"),
        (format!("{{{{#kernel ../../{name}}}}}"), "there is no kernel"),
        (format!("{{{{#header ../../{name}}}}}"), "there is no kernel"),
        ("{{#bench op=x device=../../../../etc/hostname}}".into(), "there is no result"),
        ("{{#include 01-page.md}}".into(), "there is no directive `include`"),
        ("{{#page 01-page.md}}".into(), "there is no directive `page`"),
    ] {
        let said = said(&tree, directive.as_bytes());
        assert!(said.contains(what) && !said.contains("a secret"), "{directive}: {said}");
    }
    fs::remove_file(secret).unwrap();
}

#[test]
fn pages_listed_outside_of_the_book_are_not_printed() {
    for (line, what) in [
        ("[x](../../Cargo.toml)", "lies outside of the book"),
        ("[x](/etc/hostname)", "lies outside of the book"),
        ("[x](none.md)", "there is no page `none.md`"),
        ("[x](.)", "`.` is no page: it is a folder"),
        ("[x](large.md)", "is no page: it has"),
    ] {
        let fixture = Fixture::new("Text.");
        fs::File::create(fixture.path().join("book/src/large.md"))
            .unwrap()
            .set_len(8 << 20)
            .unwrap();
        if line.contains("/etc") && !std::path::Path::new("/etc/hostname").exists() {
            println!("SKIPPED: no /etc/hostname");
            continue;
        }
        fixture.write(
            "book/src/SUMMARY.md",
            &format!("# S\n\n[Preface](preface.md)\n\n- [One](01-one.md)\n- {line}\n"),
        );
        let error = fixture.build().unwrap_err().to_string();
        assert!(
            error.starts_with("book/src/SUMMARY.md:6: ") && error.contains(what),
            "{line}: {error}"
        );
    }
    let fixture = Fixture::new("Text.");
    let deep: String = (0..250).map(|i| format!("{}- [One]()\n", "  ".repeat(i))).collect();
    fixture.write(
        "book/src/SUMMARY.md",
        &format!("# S\n\n[Preface](preface.md)\n\n- [One](01-one.md)\n\n{deep}"),
    );
    let error = fixture.build().unwrap_err().to_string();
    assert!(error.contains("has no page") || error.contains("at most"), "{error:.300}");
}

#[test]
fn pages_that_have_too_much_are_answered_in_time() {
    let fixture = fixture();
    let tree = tree(&fixture);
    let many = |text: &str| text.repeat((255 << 10) / text.len());
    for text in [
        "> ",
        "- ",
        "*a ",
        "<div>",
        "x <b>",
        "[",
        "[a](",
        "![](x)",
        "`",
        "`a` ",
        "`` ` ",
        "~~~\n",
        "```",
        "$",
        "$x$ ",
        "$x$\n\n",
        "$$",
        "\\$",
        "{{#",
        "{{#}}",
        "{{#x}} ",
        "{{#version wgpu}}",
        "{{#cite \"a\" from=\"b\"}}",
        "{{#rust crates/a.rs}}\n\n",
        "{{#curve op=matmul results=r}}\n\n",
        "1,",
        "1/",
        "1 ",
        "1 ms ",
        "#",
        "# a\n",
        "|a",
        "a|b\n-|-\n",
        "\r",
        "\r\n",
        "\r\r\n",
        "é",
        "\u{200d}",
        "\0",
        "---\n",
        "a: b\n",
        "[^1]: a\n",
        "&amp;",
        "<!--",
        "]]>",
        "\"",
        "{{#figure strides}}\n\n",
    ] {
        said(&tree, many(text).as_bytes());
        said(&tree, format!("---\n{}", many(text)).as_bytes());
    }
    for n in [100, 10_000, 20_000] {
        for (open, close) in [
            ("{", "}"),
            ("\\left(", "\\right)"),
            ("\\frac{1}{", "}"),
            ("^{x", "}"),
            ("\\it ", ""),
            ("\\begin{matrix}", "\\end{matrix}"),
            ("\\sqrt[", "]"),
            ("-", ""),
        ] {
            let said = said(&tree, format!("${}x{}$", open.repeat(n), close.repeat(n)).as_bytes());
            assert!(
                said.starts_with("book/src/01-page.md:1: the") || said.starts_with("right"),
                "{said:.300}"
            );
        }
    }
    assert!(said(&tree, &vec![b'a'; 2 << 20]).contains("at most 262144 are set"));
    assert!(said(&tree, b"a\n\xf0\x9f").contains("01-page.md:2: what stands here is not UTF-8"));
}

/// The whole way, through mdBook: what a page alone does not show.
#[test]
fn whole_books_with_deep_pages_are_printed_or_refused() {
    for text in [
        "> ".repeat(100_000),
        "<div>".repeat(50_000),
        "- ".repeat(50_000),
        "*a ".repeat(50_000),
        "$x$ ".repeat(2000),
        "[x](repo:book) ".repeat(3000),
        "[x](api:strata_none/a) ".repeat(3000),
    ] {
        let begun = Instant::now();
        let _ = Fixture::new(&text).build().map_err(|error| error.to_string());
        assert!(begun.elapsed() < Duration::from_secs(20), "{:.20}: {:?}", text, begun.elapsed());
    }
}

#[test]
fn measurements_that_nobody_took_are_not_drawn() {
    let fixture = fixture();
    let tree = tree(&fixture);
    let draws = [
        "{{#bench op=matmul device=r}}",
        "{{#ladder op=matmul results=r}}",
        "{{#curve op=matmul results=r}}",
        "{{#roofline op=matmul results=r}}",
        "{{#number r rows[0].flops_per_second}}",
        "{{#number r rows[0].seconds over=rows[1].seconds}}",
        "{{#number r ceilings.flops_per_second unit=TFLOP/s digits=15}}",
    ];
    let odd = [
        "0",
        "-1",
        "-0.0",
        "1e308",
        "-1e308",
        "1e-308",
        "5e-324",
        "1e309",
        "18446744073709551615",
        "99999999999999999999999999",
        "null",
        "true",
        "\"1\"",
        "[]",
        "{}",
        "\"\"",
        "NaN",
    ];
    for key in [
        "4e12",
        "5e13",
        "0.5",
        "6e12",
        "1e9",
        "0.1,",
        "4,",
        "8,",
        "\"4 by 4\"",
        "\"1_naive\"",
        "\"matmul\"",
    ] {
        for value in odd {
            let value = if key.ends_with(',') { format!("{value},") } else { value.to_string() };
            for results in [RESULTS.replace(key, &value), RESULTS.replacen(key, &value, 1)] {
                fixture.write("bench/results/r.json", &results);
                for draw in draws {
                    let text = match page::from_bytes(&tree, draw.as_bytes()) {
                        Ok(expanded) => expanded
                            .pieces
                            .iter()
                            .map(|(_, html)| html.as_str())
                            .chain([expanded.text.as_str()])
                            .collect::<String>(),
                        Err(error) => error.to_string(),
                    };
                    let shown = text.contains("<svg") || text.contains("<table");
                    assert!(
                        !(shown && (text.contains("NaN") || text.contains("inf"))),
                        "{key} {value} {draw}: {text}"
                    );
                    assert!(text.len() < 1 << 20, "{key} {value} {draw}");
                }
            }
        }
    }
    for broken in [
        "",
        "[]",
        "[[]]",
        "[1]",
        "null",
        "{\"rows\": 1}",
        "{\"rows\": [1, null, []]}",
        "{\"rows\": [{\"op\": \"matmul\"}]}",
        &"[".repeat(100_000),
        "\u{feff}{}",
    ] {
        fixture.write("bench/results/r.json", broken);
        for draw in draws {
            assert!(
                said(&tree, draw.as_bytes()).starts_with("book/src/01-page.md:1: "),
                "{broken:.40} {draw}"
            );
        }
    }
    let row = RESULTS.lines().nth(4).unwrap();
    let rows: String = (0..1001).map(|i| row.replace("1_naive", &format!("{i}_a"))).collect();
    fixture.write(
        "bench/results/r.json",
        &format!(
            "{}{rows}{}",
            &RESULTS[..RESULTS.find(row).unwrap()],
            &RESULTS[RESULTS.find(row).unwrap()..]
        ),
    );
    assert!(said(&tree, draws[1].as_bytes()).contains("at most 1000 are set"));
    // A name that is HTML is a name.
    fixture.write("bench/results/r.json", &RESULTS.replace("1_naive", "<script>alert(1)</script>"));
    for draw in &draws[..4] {
        let expanded = page::from_bytes(&tree, draw.as_bytes()).unwrap_or_default();
        assert!(expanded.pieces.iter().all(|(_, html)| !html.contains("<script")), "{draw}");
    }
}

#[test]
fn a_drawing_says_of_its_numbers_what_the_file_says() {
    let fixture = fixture();
    let tree = tree(&fixture);
    let with = |from: &str, to: &str| {
        fixture.write("bench/results/r.json", &RESULTS.replace(from, to));
        said(&tree, b"{{#curve op=matmul results=r}}")
    };
    // Names stand beside the lines: one of 36 letters turned a narrow drawing inside out.
    assert_eq!(with("1_naive", &"é".repeat(24)), "right: 1 pieces");
    assert!(with("1_naive", &"é".repeat(36)).contains("has 36 letters, and at most 24 are set"));
    // Sizes lost what stands behind their point, or beyond what a float holds.
    for size in ["4.5", "9007199254740993", "-4"] {
        let said = with("\"size\": 4,", &format!("\"size\": {size},"));
        assert!(said.contains("r.json has no `size` and"), "{size}: {said}");
    }
    // Every line is compared with every other.
    let many = vec!["r"; 900].join(",");
    for directive in ["curve", "ladder"] {
        let said = said(&tree, format!("{{{{#{directive} op=matmul results={many}}}}}").as_bytes());
        assert!(said.contains("`results` has 900 files"), "{said}");
    }
    // The caption's shape is that of the bars, wherever the rows of the largest size stand.
    fixture.write("bench/results/r.json", &RESULTS.replace("\"size\": 8,", "\"size\": 2,"));
    let expanded = page::from_bytes(&tree, b"{{#ladder op=matmul results=r}}").unwrap();
    assert!(expanded.pieces[0].1.contains("</code> at 4 by 4:"), "{}", expanded.pieces[0].1);
}

/// One place of a text is damaged.
#[derive(Clone, Debug)]
enum Damage {
    Cut(usize, usize),
    Put(usize, String),
    Flip(usize, u8),
    Copy(usize, usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let odd = prop::sample::select(vec![
        "{{#",
        "}}",
        "{{#rust",
        "$",
        "$$",
        "`",
        "```",
        "~~~",
        "\"",
        "=",
        "\n",
        "\r",
        "\r\n",
        "\0",
        "é",
        "\u{1f600}",
        "\u{a0}",
        "\u{202e}",
        "-->",
        "<script>",
        "'",
        "..",
        "/",
        "..\\",
        "99999999999999999999",
        "-1",
        "[",
        "]",
        "\\",
        "\\frac{",
        "{",
        "}",
        "^",
        "_",
        "&",
        "\\\\",
        "region=",
        "fn=",
        "|",
        "\\text{é}",
        "\\begin{matrix}",
        "head=18446744073709551615 ",
        "digits=15 ",
        "rows[0]",
        ",",
        "---\n",
        "#",
        "// region: x\n",
        "\u{feff}",
        "\\u{",
        "%",
        "\\color{#",
        "\\kern-1e9em",
        "\\rule{1em}{",
        "\\unicode{x",
    ])
    .prop_map(String::from);
    let place = 0usize..100_000;
    prop_oneof![
        (place.clone(), 1usize..40).prop_map(|(at, length)| Damage::Cut(at, length)),
        (place.clone(), prop_oneof![3 => odd, 1 => any::<String>().boxed()])
            .prop_map(|(at, text)| Damage::Put(at, text)),
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (place.clone(), 1usize..200, place)
            .prop_map(|(from, length, to)| Damage::Copy(from, length, to)),
    ]
}

fn damaged(text: &str, damages: &[Damage]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for damage in damages {
        let at = |place: &usize| place % (bytes.len() + 1);
        match damage {
            Damage::Cut(place, length) => {
                let from = at(place);
                let to = (from + length).min(bytes.len());
                bytes.drain(from..to);
            }
            Damage::Put(place, text) => {
                let at = at(place);
                bytes.splice(at..at, text.bytes());
            }
            Damage::Flip(place, byte) => {
                let at = at(place);
                if let Some(own) = bytes.get_mut(at) {
                    *own ^= byte;
                }
            }
            Damage::Copy(from, length, to) => {
                let (from, to) = (at(from), at(to));
                let piece = bytes[from..(from + length).min(bytes.len())].to_vec();
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Each case damages the page in many ways: a tree costs more than a page.
    #[test]
    fn damaged_pages_are_told_of(all in prop::collection::vec(prop::collection::vec(damage(), 1..8), 25)) {
        let fixture = fixture();
        let tree = tree(&fixture);
        for damages in all {
            let bytes = damaged(PAGE, &damages);
            said(&tree, &bytes);
            // As text, where it would end at the first byte that is none.
            said(&tree, String::from_utf8_lossy(&bytes).as_bytes());
        }
    }

    #[test]
    fn damaged_sources_are_told_of(all in prop::collection::vec((0usize..6, prop::collection::vec(damage(), 1..8)), 25)) {
        let fixture = fixture();
        let tree = tree(&fixture);
        let files = [("kernels/matmul/9_mine.cu", CUDA), ("crates/a.rs", RUST), ("ts/a.ts", TS), ("bench/results/r.json", RESULTS),
            ("Cargo.lock", "[[package]]\nname = \"wgpu\"\nversion = \"30.0.1\"\n"), ("book/captures/cargo-version.txt", "$ cargo --version\nexact\ncargo 1\n")];
        for (file, damages) in all {
            let (path, text) = files[file];
            fs::write(fixture.path().join(path), damaged(text, &damages)).unwrap();
            said(&tree, PAGE.as_bytes());
            fs::write(fixture.path().join(path), text).unwrap();
        }
    }

    /// Any equation, from pieces of equations.
    #[test]
    fn equations_are_set_or_refused(pieces in prop::collection::vec(prop_oneof![
        prop::sample::select(vec!["x", "é", "2", "+", "-", "=", "^", "_", "{", "}", "[", "]", "(", "\\left(", "\\right)", "\\frac", "\\sqrt", "\\sum", "\\text{", "\\begin{matrix}", "\\end{matrix}",
            "&", "\\\\", "'", "\\mathbf", "\\color{red}", "\\href{a}{", "\\rule{1em}{2em}", "\\kern1em", "\\char\"", "\\unicode", "\\tag{1}", "\\verb|", "|", "\\middle", "~", "%", "#1", "\u{1f600}", "\\\u{1f600}", "\0", "\\hspace{é}", "\\not", "\\overset", "\\operatorname*", "\\xrightarrow"]).prop_map(String::from),
        any::<char>().prop_map(String::from),
    ], 0..30), display in any::<bool>()) {
        let math = mdbook_strata::math::Math::default();
        if let Err(error) = math.render(&pieces.concat(), display) {
            prop_assert!(error.to_string().len() < 1000);
        }
    }
}
