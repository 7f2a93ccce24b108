//! The search's index: whatever stands on a page, in prose, listing, table, figure or equation, is in it.

mod common;

use common::Fixture;
use mdbook_strata::search::{Section, sections};
use mdbook_strata::{Error, Extras, Press, Tree};
use std::fs;
use std::path::Path;

/// The index of a site: for each page its link, its title and its parts.
fn index(site: &Path) -> Vec<(String, String, Vec<Section>)> {
    let script = fs::read_to_string(site.join("searchindex.js")).unwrap();
    let json = script.strip_prefix("window.searchPages = ").unwrap().strip_suffix(";\n").unwrap();
    let pages: Vec<(String, String, Vec<(usize, String, String, String, String)>)> =
        serde_json::from_str(json).unwrap();
    let part = |(level, id, heading, text, code)| Section { level, id, heading, text, code };
    pages.into_iter().map(|(l, t, parts)| (l, t, parts.into_iter().map(part).collect())).collect()
}

/// What the page's script sees of a page, in small letters.
fn seen(parts: &[Section]) -> String {
    let texts = parts.iter().map(|part| format!("{} {} {}\n", part.heading, part.text, part.code));
    texts.collect::<String>().to_lowercase()
}

/// The words of a page as another reader finds them: what stands between two tags, one way or the other.
fn words(html: &str) -> Vec<String> {
    let main = html.split_once("<main>").unwrap().1.rsplit_once("</main>").unwrap().0;
    let mut pieces = Vec::new();
    let mut rest = main;
    while let Some((text, from)) = rest.split_once('<') {
        pieces.push(text);
        let (tag, after) = from.split_once('>').unwrap();
        rest = if tag.starts_with("annotation") {
            after.split_once("</annotation>").unwrap().1
        } else {
            after
        };
    }
    let plain = |piece: &str| {
        let text = piece.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&#x27;", "'").replace("&#39;", "'").replace("&amp;", "&")
    };
    let split = |text: String| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    pieces.into_iter().map(plain).flat_map(split).collect()
}

#[test]
fn every_word_of_the_book_is_in_its_index() {
    let tree = Tree::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let book = tree.root().join("book");
    let out = tempfile::tempdir().unwrap();
    match Press::new(tree, &book).build(out.path(), Extras::default()) {
        // What its pages say that they should not is the affair of another test.
        Ok(_) | Err(Error::Problems(_)) => {}
        Err(error) => panic!("{error}"),
    }
    let index = index(out.path());
    assert!(index.len() > 10, "{} pages", index.len());
    let mut all = 0;
    for (link, _, parts) in &index {
        let html = fs::read_to_string(out.path().join(link)).unwrap();
        let seen = seen(parts);
        let words = words(&html);
        all += words.len();
        let lost: Vec<_> = words.iter().filter(|word| !seen.contains(word.as_str())).collect();
        assert!(lost.is_empty(), "{link}: {lost:?}");
        for part in parts {
            assert!(html.contains(&format!(" id=\"{}\"", part.id)), "{link}: {}", part.id);
            for text in [&part.text, &part.code] {
                assert!(!text.contains("  ") && !text.contains('\n'), "{link}: {}", part.id);
            }
        }
    }
    assert!(all > 50_000, "{all}");
    let whole: String = index.iter().map(|(_, _, parts)| seen(parts)).collect();
    let tokens: Vec<&str> =
        whole.split(|c: char| c.is_whitespace() || "()[]{}<>,;:\"'`=+*&|/".contains(c)).collect();
    for word in [
        "for",
        "while",
        "if",
        "fn",
        "β",
        "γ",
        "ε",
        "∑",
        "mean_of_scored",
        "kv_append",
        "3_tiled.wgsl",
        "__shared__",
        "workgroupbarrier",
        "threadidx.x",
    ] {
        assert!(tokens.contains(&word), "{word}");
    }
    let bytes = fs::metadata(out.path().join("searchindex.js")).unwrap().len();
    assert!(bytes < 900_000, "the index has {bytes} bytes");
    for unused in ["elasticlunr.min.js", "searcher.js"] {
        assert!(!out.path().join(unused).exists(), "{unused}");
    }
    for used in ["mark.min.js", "theme/find.js", "theme/search.js"] {
        assert!(out.path().join(used).exists(), "{used}");
    }
}

#[test]
fn listings_tables_equations_and_other_scripts_are_indexed_under_their_heading() {
    let fixture = Fixture::new(
        "{{#kernel matmul/3_tiled}}\n\n## Über *naïve* `a_b.c` β\n\nStraße 学習 ру́сский, \"quoted\" & <b>bold</b>ly.\n\n\
         | α | `x && y` |\n|---|---|\n| while | for |\n\n$\\gamma \\cdot \\hat{x}_j + \\beta_{10}$\n\n\
         ### Deep\n\nlet</script>'s",
    );
    fixture.write(
        "kernels/matmul/3_tiled.cu",
        "// Idea: tiles.\nvoid f(float* a) {\n\tfor (;;) a[i] += b_c.d;\n}\n",
    );
    fixture.write(
        "shaders/matmul/3_tiled.wgsl",
        "// Idea: tiles.\nfn f() { var<workgroup> t: array<f32>; }\n",
    );
    fixture.build().unwrap();
    let index = index(&fixture.path().join("site"));
    let (link, title, parts) = &index[1];
    assert_eq!((link.as_str(), title.as_str()), ("01-one.html", "One"));
    let levels: Vec<_> = parts.iter().map(|part| (part.level, part.heading.as_str())).collect();
    assert_eq!(levels, [(1, "One"), (2, "Über naïve a_b.c β"), (3, "Deep")]);
    for text in ["for (;;) a[i] += b_c.d;", "var<workgroup> t: array<f32>;"] {
        assert!(parts[0].code.contains(text), "{text}: {}", parts[0].code);
    }
    for text in ["kernels/matmul/3_tiled.cu", "CUDA WGSL"] {
        assert!(parts[0].text.contains(text), "{text}: {}", parts[0].text);
    }
    for text in ["Straße 学習 ру́сский, “quoted” & boldly.", "α x && y", "while for", "γ ⋅", "β10"]
    {
        assert!(parts[1].text.contains(text), "{text}: {}", parts[1].text);
    }
    assert!(!parts[1].text.contains("\\gamma"));
    let page = fs::read_to_string(fixture.path().join("site/01-one.html")).unwrap();
    assert_eq!(&sections(&page), parts);
}
