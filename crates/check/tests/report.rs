//! What a failing check says, word for word.

mod say;

use say::{report, says};
use strata_check::guard;
use strata_check::oracle::copy::transpose;
use strata_check::oracle::softmax::softmax;
use strata_check::sample::{narrow, normal, widen};
use strata_check::{Check, Owner, Tolerance};

#[test]
fn transposed() {
    let want = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let got = narrow(&transpose(&want, 3, 3));
    let check = Check::new("matmul", "3_tiled")
        .device("wgpu (llvmpipe)")
        .input("a", &[3, 4])
        .input("b", &[4, 3])
        .output("c", &[3, 3])
        .owner(|i| Owner::tile(i, [3, 3], [2, 2], [1, 1]))
        .page("book/src/03-matmul.md");
    says(
        check.compare(&got, &want, &Tolerance::close(1e-6, 1e-6)), "\
matmul/3_tiled is wrong on wgpu (llvmpipe)
  shapes     a [3, 4], b [4, 3] -> c [3, 3]
  differ     6 of 9 elements, at most by 4 at [2, 0]
             index        got      want  difference  tolerance  written by
             [0, 1]  4.000000  2.000000    2.000000   3.000e-6  workgroup (0, 0, 0), lane 1
             [0, 2]  7.000000  3.000000    4.000000   4.000e-6  workgroup (1, 0, 0), lane 0
             [1, 0]  2.000000  4.000000    2.000000   5.000e-6  workgroup (0, 0, 0), lane 2
             [1, 2]  8.000000  6.000000    2.000000   7.000e-6  workgroup (1, 0, 0), lane 2
             [2, 0]  3.000000  7.000000    4.000000   8.000e-6  workgroup (0, 1, 0), lane 0
  diagnosis  transposed: the result is right with rows and columns exchanged. Is the index row * columns + column?
  read       book/src/03-matmul.md
",
    );
}

#[test]
fn unwritten_tail() {
    let want = widen(&normal(1, 300));
    let mut got = narrow(&want);
    got[256..].fill(guard::poison_f32());
    let check = Check::new("vector_add", "1_naive")
        .device("cuda:0 (H100)")
        .output("y", &[300])
        .owner(|i| Owner::linear(i, 256));
    says(check.compare(&got, &want, &Tolerance::Exact), "\
vector_add/1_naive is wrong on cuda:0 (H100)
  shapes     y [300]
  differ     44 of 300 elements
             index        got       want  difference  tolerance  written by
             [256]  unwritten  -2.093806           -          0  block (1, 0, 0), lane 0
             [257]  unwritten   1.853022           -          0  block (1, 0, 0), lane 1
             [258]  unwritten   2.809929           -          0  block (1, 0, 0), lane 2
             [259]  unwritten   0.644882           -          0  block (1, 0, 0), lane 3
             [260]  unwritten   1.298861           -          0  block (1, 0, 0), lane 4
  diagnosis  44 of 300 elements were never written, first [256]: they still hold the poison from before the launch. Are there enough workgroups, and does each lane reach its store?
  diagnosis  everything before 256 on axis 0 (length 300) is right and what follows is wrong: the last tile. Is the count of tiles rounded up, and the partial one handled?
");
}

#[test]
fn overflow_in_softmax() {
    let x = [1.0, 2.0, 1000.0, 999.0];
    let got: Vec<f32> = x.map(|x: f64| (x as f32).exp()).to_vec();
    let got: Vec<f32> =
        got.chunks(2).flat_map(|r| [r[0] / (r[0] + r[1]), r[1] / (r[0] + r[1])]).collect();
    let check = Check::new("softmax", "1_naive").output("y", &[2, 2]);
    says(
        check.compare(&got, &softmax(&x, 2), &Tolerance::close(1e-6, 1e-5)), "\
softmax/1_naive is wrong on cpu
  shapes     y [2, 2]
  differ     2 of 4 elements
             index   got      want  difference  tolerance
             [1, 0]  NaN  0.731059         NaN   8.311e-6
             [1, 1]  NaN  0.268941         NaN   3.689e-6
  diagnosis  NaN or infinity in 1 row, first row 1: an exponential overflowed. Is the row's maximum subtracted before exp?
",
    );
}

#[test]
fn race() {
    let want = [1.0, 2.0, 3.0, 4.0];
    let check = Check::new("sum", "2_tree").again(&[1.0f32, 2.0, 3.5, 4.0]).output("y", &[2, 2]);
    says(
        check.compare(&[1.0f32, 2.0, 3.0, 4.0], &want, &Tolerance::Exact), "\
sum/2_tree is wrong on cpu
  shapes     y [2, 2]
  differ     none of 4 elements, but see below
  diagnosis  1 element, first [1, 0], came out differently in a second run: a race. Is there a barrier after shared memory is written, and another before it is written again?
",
    );
}

#[test]
fn out_of_bounds() {
    let layout = guard::wrap(8);
    let mut bytes = layout.fill();
    bytes[layout.offset + 8..][..4].fill(0);
    let check = Check::new("gelu", "1_naive").guard("y", layout.check(&bytes));
    says(
        check.compare(&[1.0f32, 2.0], &[1.0, 2.0], &Tolerance::Exact), "\
gelu/1_naive is wrong on cpu
  differ     none of 2 elements, but see below
  diagnosis  out-of-bounds write around y: 4 bytes outside the buffer were written, from byte 8 to byte 11 of a buffer of 8. Does every lane check that its index is inside the shape?
",
    );
}

#[test]
fn wrong_length() {
    let check = Check::new("gelu", "1_naive").output("y", &[3]).page("book/src/04-gelu.md");
    says(
        check.compare(&[1.0f32, 2.0], &[1.0, 2.0, 3.0], &Tolerance::Exact),
        "\
gelu/1_naive is wrong on cpu
  shapes     y [3]
  length     2 elements came back, 3 are wanted
  read       book/src/04-gelu.md
",
    );
}

#[test]
fn sum_for_mean_and_low_precision() {
    let want = widen(&normal(5, 40));
    let scaled: Vec<f64> = want.iter().map(|x| x * 10.0).collect();
    let check = || Check::new("mean", "1_naive").input("x", &[40, 10]).output("y", &[40]);
    let tolerance = Tolerance::close(1e-6, 1e-5);
    says(check().compare(&scaled, &want, &tolerance), "\
mean/1_naive is wrong on cpu
  shapes     x [40, 10] -> y [40]
  differ     40 of 40 elements, at most by 21.769617 at [21]
             index        got       want  difference  tolerance
             [0]    11.110421   1.111042    9.999379   1.211e-5
             [1]     1.814406   0.181441    1.632965   2.814e-6
             [2]    14.860487   1.486049   13.374438   1.586e-5
             [3]     0.952894   0.095289    0.857605   1.953e-6
             [4]    -4.605279  -0.460528    4.144751   5.605e-6
  diagnosis  every element is 10 times what is wanted. That is 10, a length of these shapes: a sum where a mean is wanted?
");
    let rounded = strata_check::round::Precision::Bf16.round_all(&want);
    says(check().compare(&rounded, &want, &tolerance), "\
mean/1_naive is wrong on cpu
  shapes     x [40, 10] -> y [40]
  differ     40 of 40 elements, at most by 0.003268 at [37]
             index        got       want  difference  tolerance
             [0]     1.109375   1.111042    0.001667   1.211e-5
             [1]     0.181641   0.181441    2.000e-4   2.814e-6
             [2]     1.484375   1.486049    0.001674   1.586e-5
             [3]     0.095215   0.095289    7.460e-5   1.953e-6
             [4]    -0.460938  -0.460528    4.096e-4   5.605e-6
  diagnosis  many elements are off by a little, 1.4e-3 of the whole: every result is a bf16 number. Is it rounded too early?
");
}

/// What a watched device saw and what a second run shows are one list, each element once.
#[test]
fn unstable() {
    let want = [1.0, 2.0, 3.0, 4.0];
    let check = || Check::new("sum", "2_tree").output("y", &[2, 2]).unstable(vec![3, 1]);
    says(check().unstable(vec![3]).compare(&want, &want, &Tolerance::Exact), "\
sum/2_tree is wrong on cpu
  shapes     y [2, 2]
  differ     none of 4 elements, but see below
  diagnosis  2 elements, first [0, 1], came out differently in a second run: a race. Is there a barrier after shared memory is written, and another before it is written again?
");
    let check = check().again(&[1.5f32, 2.0, 3.0, 4.5]);
    says(check.compare(&want, &want, &Tolerance::Exact), "\
sum/2_tree is wrong on cpu
  shapes     y [2, 2]
  differ     none of 4 elements, but see below
  diagnosis  3 elements, first [0, 0], came out differently in a second run: a race. Is there a barrier after shared memory is written, and another before it is written again?
");
    let none = Check::new("sum", "2_tree").unstable(Vec::new());
    assert_eq!(none.compare(&want, &want, &Tolerance::Exact), Ok(()));
}

/// An error of the last partial tile, and of all but the first workgroup, without poison.
#[test]
fn places() {
    let want = widen(&normal(6, 35 * 33));
    let check = || Check::new("matmul", "3_tiled").output("c", &[35, 33]);
    let mut got = want.clone();
    (0..35).for_each(|row| got[row * 33 + 32] = 0.5);
    let (_, names) = report(check().compare(&got, &want, &Tolerance::Exact));
    assert_eq!(names, ["tail-missing"]);

    let owner = |i| Owner::tile(i, [35, 33], [16, 16], [1, 1]);
    let got: Vec<f64> =
        (0..want.len()).map(|i| if owner(i).workgroup == [0; 3] { want[i] } else { 0.5 }).collect();
    let (_, names) = report(check().owner(owner).compare(&got, &want, &Tolerance::Exact));
    assert_eq!(names, ["first-workgroup-only"]);
}

/// Noise and a single wrong element betray nothing, and nothing is made up about them.
#[test]
fn no_diagnosis_without_a_pattern() {
    let want = widen(&normal(1, 60));
    let noise = widen(&normal(2, 60));
    let check = || Check::new("matmul", "1_naive").output("c", &[6, 10]);
    let (_, names) = report(check().compare(&noise, &want, &Tolerance::Exact));
    assert_eq!(names, [""; 0]);
    let mut got = want.clone();
    got[23] += 1.0;
    let (_, names) = report(check().compare(&got, &want, &Tolerance::Exact));
    assert_eq!(names, [""; 0]);
}

#[test]
fn programs_can_read_it() {
    let report = Check::new("add", "1_naive")
        .output("y", &[2, 2])
        .compare(&[1.0f32, 2.0, 3.0, 9.0], &[1.0, 2.0, 3.0, 4.0], &Tolerance::Exact)
        .unwrap_err();
    assert_eq!((report.differ, report.total), (1, 4));
    assert_eq!(report.largest, Some((5.0, vec![1, 1])));
    assert_eq!(report.first[0].index, [1, 1]);
    assert_eq!(format!("{report:?}"), report.to_string());
    let _: &dyn std::error::Error = &report;
}
