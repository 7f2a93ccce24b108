//! The benchmarks run; what they say is not judged here, since a busy machine is a slow one.
use strata_parity::bench::ladder::{Climb, climb};
use strata_parity::bench::{COMMIT, Options, run};

#[test]
fn a_quick_look_at_three_ops() {
    let ops = ["fill", "reduce", "column_sum"].map(String::from).to_vec();
    let options = Options { ops, quick: true, ..Options::default() };
    let report = run("cpu".parse().unwrap(), &options, |_| {}).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert!(report.rows.iter().any(|r| r.op == "column_sum"));
    for row in &report.rows {
        assert!(row.seconds > 0.0 && row.bytes > 0.0 && row.runs > 0, "{row:?}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["device"]["machine"], "cpu");
    assert_eq!(json["commit"], COMMIT);
    assert!(json.get("note").is_none());
    assert!(report.to_string().contains("ceilings: copy"));
}

#[test]
fn the_binary_knows_its_commit() {
    // Twelve digits, perhaps of a changed tree; outside a clone, none.
    let digits = COMMIT.strip_suffix("-dirty").unwrap_or(COMMIT);
    let hash = digits.len() >= 12 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(hash || COMMIT == "unknown", "{COMMIT}");
}

#[test]
fn a_ladder_is_checked_and_climbed_until_it_takes_too_long() {
    let options = Climb {
        ops: vec!["matmul".into()],
        sizes: vec![16, 32, 64],
        quick: true,
        // Every size but the first is estimated to take longer.
        longest: 0.0,
        note: Some("a test".into()),
        ..Climb::default()
    };
    let report = climb("cpu".parse().unwrap(), &options, |_| {}).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let rungs: Vec<_> = report.checked.iter().map(|c| c.rung).collect();
    assert_eq!(rungs, ["1_naive", "2_threaded"]);
    assert!(report.checked.iter().all(|c| c.checks > 0 && c.tolerance_used <= 1.0));
    let measured: Vec<_> = report.rows.iter().map(|p| (p.row.rung, p.size)).collect();
    assert_eq!(measured, [("1_naive", 16), ("2_threaded", 16)]);
    assert!(report.rows.iter().all(|p| p.row.flops == 8192.0 && p.flops_per_second > 0.0));
    let skipped: Vec<_> = report.skipped.iter().map(|s| (s.rung, s.size)).collect();
    let [naive, threaded] = ["1_naive", "2_threaded"];
    let sizes = [Some(32), Some(64)];
    assert_eq!(
        skipped,
        [(naive, sizes[0]), (naive, sizes[1]), (threaded, sizes[0]), (threaded, sizes[1])]
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["note"], &json["rows"][0]["op"]), (&"a test".into(), &"matmul".into()));
    assert!(json["skipped"][0]["seconds"].as_f64().unwrap() > 0.0);
    assert!(report.to_string().contains("SKIPPED: matmul 1_naive at 32"));
    let unknown = climb(
        "cpu".parse().unwrap(),
        &Climb { ops: vec!["stew".into()], ..Climb::default() },
        |_| {},
    );
    assert!(unknown.unwrap_err().to_string().contains("matmul, copy, map"));
}
