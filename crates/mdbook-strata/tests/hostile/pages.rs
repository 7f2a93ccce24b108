//! Pages that reach outside of the tree, and pages that have too much.
use super::*;
use std::fs;

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
