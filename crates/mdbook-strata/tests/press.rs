//! What stops the press, with file and line; and what it prints.

mod common;

use common::Fixture;

/// What the press says of a page with this text; its first line is line 8.
fn refused(text: &str) -> String {
    Fixture::new(text).build().unwrap_err().to_string()
}

/// A tree with a kernel whose CUDA file has a region.
fn with_kernel(text: &str, wgsl: &str) -> Fixture {
    let fixture = Fixture::new(text);
    let cuda = "// Idea: tiles.\n// Gain: much.\nvoid f() {\n  // region: load\n  a = b;\n  // end: load\n}\n";
    fixture.write("kernels/matmul/3_tiled.cu", cuda);
    fixture.write("shaders/matmul/3_tiled.wgsl", wgsl);
    fixture
}

#[test]
fn an_unknown_region_is_named_with_its_page_and_line() {
    let twin = "// region: load\na = b;\n// end: load\n";
    let error = with_kernel("{{#kernel matmul/3_tiled region=lode}}", twin)
        .build()
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("book/src/01-one.md:8: {{#kernel}}: there is no region `lode`"),
        "{error}"
    );
    assert!(error.contains("there are load"), "{error}");
}

#[test]
fn a_missing_twin_is_no_book() {
    let error =
        with_kernel("{{#kernel matmul/3_tiled region=load}}", "fn f() {}\n").build().unwrap_err();
    let error = error.to_string();
    let said =
        "kernels/matmul/3_tiled.cu has the region `load`, but shaders/matmul/3_tiled.wgsl has not";
    assert!(error.contains("book/src/01-one.md:8:") && error.contains(said), "{error}");
}

#[test]
fn tabs_hold_what_the_files_hold() {
    let html = with_kernel(
        "{{#header matmul/3_tiled}}\n\n{{#kernel matmul/3_tiled region=load}}",
        "// region: load\nlet a = b;\n// end: load\n",
    )
    .build()
    .unwrap();
    assert!(html.contains("<span class=\"k\">let</span> a = b;"), "{html}");
    assert!(html.contains("value=\"cuda\" checked") && html.contains("value=\"wgsl\""));
    assert!(
        html.contains("<strong>Idea:</strong> tiles.")
            && html.contains("<strong>Gain:</strong> much.")
    );
    assert!(html.contains("https://example.org/strata/blob/main/kernels/matmul/3_tiled.cu"));
    assert!(!html.contains("region:"));
}

#[test]
fn four_typed_lines_are_one_too_many() {
    let error = refused("```rust\nlet a = 1;\nlet b = 1;\nlet c = 1;\nlet d = 1;\n```");
    assert!(error.starts_with("book/src/01-one.md:8: 4 lines are typed here"), "{error}");
    let html = Fixture::new("```rust\nlet a = 1;\n```\nText after it.").build().unwrap();
    assert!(html.contains("<span class=\"k\">let</span> a"), "{html}");
    assert!(html.contains("<p>Text after it.</p>"), "{html}");
}

#[test]
fn dead_links_are_found() {
    for (link, said) in [
        ("[x](02-two.md)", "the book has no page `02-two.md`"),
        ("[x](preface.md#how)", "`preface.md` has no heading `#how`"),
        ("[x](repo:kernels/none.cu)", "kernels/none.cu"),
        ("[x](api:strata_none/index.html)", "there is no crate `strata-none`"),
    ] {
        let error = refused(link);
        assert!(
            error.starts_with("book/src/01-one.md:8: ") && error.contains(said),
            "{link}: {error}"
        );
    }
    Fixture::new("[x](preface.md#why)").build().unwrap();
}

#[test]
fn typed_speeds_unknown_names_and_bare_images_are_found() {
    for (text, said) in [
        ("It moves 12 GB/s.", "`12 GB/s` is typed"),
        ("It took 3 \u{3bc}s.", "`3 \u{3bc}s` is typed"),
        ("{{#figure none caption=\"x\"}}", "there is no figure `none`"),
        ("{{#magic}}", "there is no directive `magic`"),
        ("![](x.png)", "the image has no text alternative"),
        ("{{#number none a.b}}", "there is no result `none`"),
        ("{{#version none}}", "Cargo.lock"),
        ("$\\frac{a}{$", "does not parse"),
        ("{{#kernel matmul/9_magic}}", "there is no kernel `matmul/9_magic`"),
    ] {
        let error = refused(text);
        assert!(
            error.starts_with("book/src/01-one.md:8: ") && error.contains(said),
            "{text}: {error}"
        );
    }
}

#[test]
fn output_that_changed_is_stale() {
    let fixture = Fixture::new("{{#capture cargo --version}}");
    let error = fixture.build().unwrap_err().to_string();
    assert!(error.contains("01-one.md:8: ") && error.contains("has no recorded output"), "{error}");
    fixture.capture();
    assert!(fixture.build().unwrap().contains("$ </span><span class=\"k\">cargo --version</span>"));
    fixture.check().unwrap();
    fixture.write("book/captures/gone.txt", "$ gone\nexact\n\n");
    let error = fixture.check().unwrap_err().to_string();
    assert!(
        error.contains("book/captures/gone.txt:1: no page shows this output any more"),
        "{error}"
    );
    fixture.remove("book/captures/gone.txt");
    fixture.write("book/captures/cargo-version.txt", "$ cargo --version\nexact\ncargo 0.1\n");
    let error = fixture.check().unwrap_err().to_string();
    assert!(
        error.starts_with("book/src/01-one.md:8: `cargo --version` prints something else now"),
        "{error}"
    );
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let fixture = Fixture::new("Text.");
    fixture.write("site/precious.txt", "x");
    let error = fixture.build().unwrap_err().to_string();
    assert!(error.contains("not empty"), "{error}");
}
