//! The benchmarks run; what they say is not judged here, since a busy machine is a slow one.
use strata_parity::bench::{Options, run};

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
    assert!(report.to_string().contains("ceilings: copy"));
}
