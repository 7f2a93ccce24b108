//! Reports as text, for tests that compare them word for word.

use strata_check::Report;

/// The report, and the names of its diagnoses.
#[track_caller]
pub fn report(result: Result<(), Report>) -> (String, Vec<&'static str>) {
    let report = result.expect_err("this check must fail");
    let names = report.diagnoses.iter().map(|d| d.name()).collect();
    (report.to_string(), names)
}

#[track_caller]
pub fn says(result: Result<(), Report>, expected: &str) {
    let (text, _) = report(result);
    assert!(text == expected, "--- the report says\n{text}\n--- expected\n{expected}");
}
