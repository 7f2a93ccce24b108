//! Results that nobody measured, and what a drawing says of its numbers.
use super::*;

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

#[test]
fn what_is_not_recorded_yet_is_said_and_what_is_wrong_is_not() {
    let fixture = fixture();
    let tree = tree(&fixture);
    let with = |rest: &str| said(&tree, format!("It takes {{{{#number r {rest}}}}}.").as_bytes());
    let soon = "else=\"(not recorded yet)\"";
    let page = page::from_bytes(
        &tree,
        format!("{{{{#number r rows[rung=9_new].flops {soon}}}}}").as_bytes(),
    );
    assert!(page.unwrap().text.contains("(not recorded yet)"));
    assert!(
        with(&format!("rows[0].flops over=rows[rung=9_new].flops {soon}")).starts_with("right")
    );
    assert!(with("rows[rung=9_new].flops").contains("r.json has no"));
    assert!(with(&format!("rows[0].flops unit=miles {soon}")).contains("miles"));
}
