//! Log-sum-exp of a stream in one pass, and of two parts of one.

use crate::Outcome;
use strata_check::oracle::softmax::logsumexp;
use strata_check::{Check, Tolerance, sample};

/// The largest number so far, and the sum of `e^(x - largest)`.
pub type Running = (f32, f32);

/// The reader's functions.
pub struct Online {
    /// Of no numbers.
    pub empty: Running,
    /// With one more number.
    pub add: fn(Running, f32) -> Running,
    /// Two parts as one.
    pub merge: fn(Running, Running) -> Running,
    /// The logarithm of the whole sum.
    pub log_sum_exp: fn(Running) -> f32,
}

const INF: f32 = f32::INFINITY;
const OLD: &str = "sum-not-rescaled";
const OLD_SAYS: &str = "the largest number moved and the sum stayed as it was. All that is in it was \
     taken under the old maximum: which factor brings it under the new one?";
const PLAIN: &str = "maximum-not-subtracted";
const PLAIN_SAYS: &str = "e^x was added where e^(x - largest) belongs: the next large x overflows";
const PARTS: &str = "parts-not-rescaled";
const PARTS_SAYS: &str = "the two sums were added as they are. One of them stands under a smaller \
     maximum than the other";
const TWICE: &str = "inf-minus-inf";
const TWICE_SAYS: &str = "NaN: minus infinity minus itself. It meets itself when a masked number comes \
     first, or when nothing is merged with nothing";

type Suspects<'a> = &'a [(&'static str, &'static str, &'a [f64])];

/// Judges the answer.
///
/// # Errors
/// It is wrong.
pub fn judge(mine: &Online) -> Outcome {
    steps(mine)?;
    streams(mine)?;
    masked(mine)?;
    parts(mine)
}

fn ask(what: &str, got: &[f32], want: &[f64], suspects: Suspects) -> Outcome {
    let mut check = Check::new("ex06-loss", "online").device("the CPU").output(what, &[got.len()]);
    check = check.page("book/src/06-loss.md");
    for &(name, sentence, gives) in suspects {
        check = check.suspect(name, sentence, gives.to_vec());
    }
    Ok(check.compare(got, want, &Tolerance::close(1e-5, 1e-5))?)
}

/// One number more, small enough to follow by eye.
fn steps(mine: &Online) -> Outcome {
    let pair = |(largest, sum): Running| [largest, sum];
    let add = |running, x| pair((mine.add)(running, x));
    ask("add((0, 1), 0)", &add((0., 1.), 0.), &[0., 2.], &[])?;
    let plain = [3., 1. + 3f64.exp()];
    ask("add((3, 1), 3)", &add((3., 1.), 3.), &[3., 2.], &[(PLAIN, PLAIN_SAYS, &plain)])?;
    let got = add((0., 4.), 100.);
    ask("add((0, 4), 100)", &got, &[100., 1.], &[(OLD, OLD_SAYS, &[100., 5.])])?;
    ask("add((100, 1), 0)", &add((100., 1.), 0.), &[100., 1.], &[])?;
    let value = (mine.log_sum_exp)((2., 1.));
    let forgotten = "the maximum was subtracted at every step: it has to come back at the end";
    ask("log_sum_exp((2, 1))", &[value], &[2.], &[("maximum-not-added", forgotten, &[0.])])
}

/// Whole streams, in orders that move the maximum always, never and now and then.
fn streams(mine: &Online) -> Outcome {
    let rising: Vec<f32> = (0..400).map(|i| i as f32 / 4.).collect();
    let falling: Vec<f32> = rising.iter().rev().copied().collect();
    let huge: Vec<f32> = sample::normal(2, 500).iter().map(|x| 1e5 * x).collect();
    let list: [(&str, &[f32]); 7] = [
        ("[0, 0, 0, 0]", &[0.; 4]),
        ("one number", &[-7.5]),
        ("0, 1/4, 2/4, ... 99.75", &rising),
        ("99.75, ... 1/4, 0", &falling),
        ("500 normals", &sample::normal(1, 500)),
        ("500 normals times 100,000", &huge),
        ("[-3e38, 3e38]", &[-3e38, 3e38]),
    ];
    list.iter().try_for_each(|(what, stream)| {
        // What is never rescaled counts every number that was once the largest as a whole 1.
        let add = |(m, s): (f64, f64), &x: &f64| match x > m {
            true => (x, s + 1.),
            false => (m, s + (x - m).exp()),
        };
        let (m, s) = sample::widen(stream).iter().fold((f64::NEG_INFINITY, 0.), add);
        whole(what, mine, stream, &[(OLD, OLD_SAYS, &[m + s.ln()])])
    })
}

/// Minus infinity: at the beginning, among others, alone; and no numbers at all.
fn masked(mine: &Online) -> Outcome {
    let list: [(&str, &[f32]); 5] = [
        ("[-inf, 1]", &[-INF, 1.]),
        ("[1, -inf, 1, -inf]", &[1., -INF, 1., -INF]),
        ("[-inf]", &[-INF]),
        ("[-inf, -inf, -inf]", &[-INF; 3]),
        ("[]: the logarithm of an empty sum is -inf", &[]),
    ];
    list.iter().try_for_each(|(what, stream)| {
        whole(what, mine, stream, &[(TWICE, TWICE_SAYS, &[f64::NAN])])
    })
}

fn whole(what: &str, mine: &Online, stream: &[f32], suspects: Suspects) -> Outcome {
    let running = stream.iter().fold(mine.empty, |running, &x| (mine.add)(running, x));
    ask(what, &[(mine.log_sum_exp)(running)], &[oracle(stream)], suspects)
}

/// The oracle's answer. It leaves out what adds nothing, so that nothing is left of nothing.
fn oracle(stream: &[f32]) -> f64 {
    let some: Vec<f32> = stream.iter().copied().filter(|&x| x > -INF).collect();
    let lse = logsumexp(&sample::widen(&some), some.len());
    lse.first().copied().unwrap_or(f64::NEG_INFINITY)
}

/// Parts of streams, down to empty ones.
fn parts(mine: &Online) -> Outcome {
    let merge = |a, b| {
        let (largest, sum) = (mine.merge)(a, b);
        [largest, sum]
    };
    let empty = mine.empty;
    ask("merge((0, 2), (0, 3))", &merge((0., 2.), (0., 3.)), &[0., 5.], &[])?;
    let added: Suspects = &[(PARTS, PARTS_SAYS, &[100., 5.])];
    ask("merge((0, 2), (100, 3))", &merge((0., 2.), (100., 3.)), &[100., 3.], added)?;
    ask("merge((100, 3), (0, 2))", &merge((100., 3.), (0., 2.)), &[100., 3.], added)?;
    ask("merge((5, 2), EMPTY)", &merge((5., 2.), empty), &[5., 2.], &[])?;
    ask("merge(EMPTY, (5, 2))", &merge(empty, (5., 2.)), &[5., 2.], &[])?;
    let nothing = (mine.log_sum_exp)((mine.merge)(empty, empty));
    let twice: Suspects = &[(TWICE, TWICE_SAYS, &[f64::NAN])];
    ask("log_sum_exp(merge(EMPTY, EMPTY))", &[nothing], &[f64::NEG_INFINITY], twice)?;

    let mut stream: Vec<f32> = sample::normal(3, 300).iter().map(|x| 30. * x).collect();
    stream.iter_mut().take(50).for_each(|x| *x = -INF);
    let part = |part: &[f32]| part.iter().fold(empty, |running, &x| (mine.add)(running, x));
    for size in [1, 7, 50, 299] {
        let whole = stream.chunks(size).map(part).fold(empty, |a, b| (mine.merge)(a, b));
        let what = format!("300 numbers in parts of {size}, merged");
        ask(&what, &[(mine.log_sum_exp)(whole)], &[oracle(&stream)], twice)?;
    }
    Ok(())
}
