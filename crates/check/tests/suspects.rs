//! What a failing check says, word for word, where more is known than the wrong elements: mistakes
//! that the judge expects, and experiments that he made.

mod say;

use say::{report, says};
use strata_check::diagnose::Diagnosis;
use strata_check::{Check, Tolerance, guard};

/// A mistake that the judge knows: its sentence stands alone, where "a sum where a mean is wanted"
/// would have been guessed.
#[test]
fn suspect() {
    let want = [2.0, -1.0, 0.5, 3.0];
    let got = [8.0f32, -4.0, 2.0, 12.0];
    let plain = || Check::new("mean", "1_naive").output("y", &[4]);
    let sum = || want.iter().map(|x| x * 4.0).collect::<Vec<f64>>();
    let check = plain()
        .suspect("divides-by-n-minus-1", "is it n - 1?", vec![2.5, -1.25, 0.625, 3.75])
        .suspect("never-divides", "the sum is not divided. Is 1/n applied once per row?", sum())
        .suspect("too-late", "a second suspect that fits is not named", sum())
        .page("book/src/05-layernorm.md");
    says(
        check.compare(&got, &want, &Tolerance::Exact),
        "\
mean/1_naive is wrong on cpu
  shapes     y [4]
  differ     4 of 4 elements, at most by 9 at [3]
             index        got       want  difference  tolerance
             [0]     8.000000   2.000000    6.000000          0
             [1]    -4.000000  -1.000000    3.000000          0
             [2]     2.000000   0.500000    1.500000          0
             [3]    12.000000   3.000000    9.000000          0
  diagnosis  the sum is not divided. Is 1/n applied once per row?
  read       book/src/05-layernorm.md
",
    );
    let (_, names) = report(check.compare(&got, &want, &Tolerance::Exact));
    assert_eq!(names, ["never-divides"]);
    let (_, names) = report(plain().compare(&got, &want, &Tolerance::Exact));
    assert_eq!(names, ["forgotten-scale"]);
}

/// Facts are told beside a suspect, after it.
#[test]
fn suspect_beside_facts() {
    let want = [1.0, 2.0, 3.0, 4.0];
    let zeros = [0.0f32; 4];
    let breach = guard::Breach::Written { count: 4, first: 16, last: 19, len: 16 };
    let check = || {
        let suspect = "the loop is never entered";
        Check::new("sum", "2_tree").suspect("never-sums", suspect, vec![0.0; 4])
    };
    let facts = || check().guard("y", Err(breach.clone())).unstable(vec![1]).barrier(None);
    let (_, names) = report(facts().compare(&zeros, &want, &Tolerance::Exact));
    let facts_in_order = ["out-of-bounds-write", "missing-barrier", "differs-between-runs"];
    assert_eq!(names[0], "never-sums");
    assert_eq!(names[1..], facts_in_order);
    // A right result has no suspect, whatever else is wrong.
    let right = want.map(|x| x as f32);
    let (_, names) = report(facts().compare(&right, &want, &Tolerance::Exact));
    assert_eq!(names, facts_in_order);

    // What was never written is not the suspect's zero.
    let half = [0.0, 0.0, 0.0, guard::poison_f32()];
    let (_, names) = report(check().compare(&half, &want, &Tolerance::Exact));
    assert_eq!(names, ["unwritten"]);
    // Not even where the suspect has NaN.
    let nan = Check::new("sum", "2_tree").suspect("nan", "", vec![0.0, 0.0, 0.0, f64::NAN]);
    let (_, names) = report(nan.compare(&half, &want, &Tolerance::Exact));
    assert_eq!(names, ["unwritten"]);
    let (_, names) = report(nan.compare(&[0.0, 0.0, 0.0, f32::NAN], &want, &Tolerance::Exact));
    assert_eq!(names, ["nan"]);
}

/// A suspect that gives the wanted result explains nothing, and the guesses stay.
#[test]
fn suspect_that_is_innocent() {
    let want = [1.0, 2.0, 3.0, 4.0];
    let got = [1.0001, 2.0, 3.0, 4.0];
    let check = |values: &[f64]| Check::new("sum", "1_naive").suspect("it", "", values.to_vec());
    let (_, names) = report(check(&want).compare(&got, &want, &Tolerance::Exact));
    assert_eq!(names, [""; 0]);
    let (_, names) = report(check(&[1.0; 4]).compare(&[0.0; 4], &want, &Tolerance::Exact));
    assert_eq!(names, ["zero"]);
    assert_eq!(check(&want).compare(&want, &want, &Tolerance::Exact), Ok(()));
}

#[test]
fn barrier() {
    let want = [1.0, 2.0, 3.0, 4.0];
    let got = [1.0f32, 2.0, 3.0, 0.0];
    let check = || Check::new("sum", "2_tree").device("wgpu (llvmpipe)").output("y", &[4]);
    let (_, names) = report(check().compare(&got, &want, &Tolerance::Exact));
    assert_eq!(names, ["tail-missing"]);
    says(check().barrier(Some(41)).unstable(vec![3]).compare(&got, &want, &Tolerance::Exact), "\
sum/2_tree is wrong on wgpu (llvmpipe)
  shapes     y [4]
  differ     1 of 4 elements, at most by 4 at [3]
             index  got      want  difference  tolerance
             [3]      0  4.000000    4.000000          0
  diagnosis  a barrier is missing: with one after line 41 the result is right. Who reads shared memory there, and who has written it by then?
  diagnosis  1 element, first [3], came out differently in a second run: a race. Is there a barrier after shared memory is written, and another before it is written again?
");
    says(check().barrier(None).compare(&got, &want, &Tolerance::Exact), "\
sum/2_tree is wrong on wgpu (llvmpipe)
  shapes     y [4]
  differ     1 of 4 elements, at most by 4 at [3]
             index  got      want  difference  tolerance
             [3]      0  4.000000    4.000000          0
  diagnosis  a barrier is missing: with another one in the right place the result is right. Where does a lane read shared memory that others write, or write what others read?
");
    // It explains a failure and does not make one.
    assert_eq!(check().barrier(Some(41)).compare(&want, &want, &Tolerance::Exact), Ok(()));
}

/// What is found out later comes first; guesses go, facts and suspects stay.
#[test]
fn with_a_later_diagnosis() {
    let want = [1.0, 2.0, 3.0, 4.0];
    let later = Diagnosis::MissingBarrier { line: Some(7) };
    let wrong = |check: Check<'_>, got: &[f32]| {
        check.compare(got, &want, &Tolerance::Exact).expect_err("this check must fail")
    };
    let check = || Check::new("sum", "2_tree").output("y", &[4]);

    let guessed = wrong(check(), &[1.0, 0.0, 0.0, 0.0]);
    assert_eq!(report(Err(guessed.clone())).1, ["zero", "tail-missing"]);
    says(Err(guessed.with(later.clone())), "\
sum/2_tree is wrong on cpu
  shapes     y [4]
  differ     3 of 4 elements, at most by 4 at [3]
             index  got      want  difference  tolerance
             [1]      0  2.000000    2.000000          0
             [2]      0  3.000000    3.000000          0
             [3]      0  4.000000    4.000000          0
  diagnosis  a barrier is missing: with one after line 7 the result is right. Who reads shared memory there, and who has written it by then?
");

    let breach = guard::Breach::Written { count: 4, first: 16, last: 19, len: 16 };
    let facts = check().guard("y", Err(breach)).unstable(vec![0]);
    let facts = wrong(facts, &[1.0, 2.0, guard::poison_f32(), guard::poison_f32()]);
    let known = ["out-of-bounds-write", "differs-between-runs", "unwritten"];
    assert_eq!(report(Err(facts.clone())).1, [&known[..], &["tail-missing"]].concat());
    let names = report(Err(facts.with(later.clone()))).1;
    assert_eq!(names, [&["missing-barrier"], &known[..]].concat());

    let suspect = check().suspect("never-sums", "the loop is never entered", vec![0.0; 4]);
    let names = report(Err(wrong(suspect, &[0.0; 4]).with(later))).1;
    assert_eq!(names, ["missing-barrier", "never-sums"]);
}
