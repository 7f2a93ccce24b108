//! Pages, sources and equations that were damaged at random.
use super::*;
use proptest::prelude::*;
use std::fs;

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
