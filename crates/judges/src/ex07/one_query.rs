//! Attention of one query over a stream that is seen once.

use super::slips::{FUTURE, FUTURE_SAYS, Head, How, UNSCALED, UNSCALED_SAYS};
use crate::Outcome;
use crate::rust::require;
use strata_check::oracle::attention::Attention;
use strata_check::{Check, Tolerance, sample};

/// What the reader wrote.
pub struct OneQuery {
    /// The output of the query at a place, over a stream of keys and values.
    pub attend: Attend,
}

/// `attend(query, position, stream)`.
pub type Attend = fn(&[f32], usize, &mut dyn Iterator<Item = (&[f32], &[f32])>) -> Vec<f32>;

/// A query, and the keys and values that the stream has, whether it sees them or not.
struct Case<'a> {
    query: &'a [f32],
    position: usize,
    keys: &'a [f32],
    values: &'a [f32],
}

/// Judges the answer.
///
/// # Errors
/// It is wrong.
pub fn judge(mine: &OneQuery) -> Outcome {
    let small = |query: &[f32], position, keys: &[f32], values: &[f32]| {
        ask(mine, &Case { query, position, keys, values })
    };
    // One key: its value. Two equal keys: the mean.
    small(&[1.], 0, &[1.], &[7.])?;
    small(&[1.], 1, &[3., 3.], &[2., 4.])?;
    // Four numbers a key, so scores are halved: 0 and ln 3, a quarter and three quarters.
    let ln3 = 3f32.ln();
    let keys = [0., 0., 0., 0., ln3, 0., 0., 0.];
    small(&[2., 0., 0., 0.], 1, &keys, &[4., 0., 0., 0., 0., 4., 8., 4.])?;
    // What comes after the query's own place is none of its business.
    small(&[0.], 1, &[0.; 4], &[2., 4., 6., 100.])?;
    small(&[0.], 0, &[0.; 4], &[2., 4., 6., 100.])?;
    // The second key is far better than the first.
    small(&[1.], 1, &[0., 50.], &[1., 5.])?;
    small(&[1.], 1, &[50., 0.], &[1., 5.])?;
    // e^1000 is more than a float can hold, and e^-1000 less.
    small(&[1.], 1, &[1000., 1000.], &[2., 4.])?;
    small(&[1.], 1, &[-1000., -1000.], &[2., 4.])?;
    for (dim, keys, scale) in [(3, 7, 1.), (16, 40, 3.), (64, 200, 1.), (5, 33, 100.), (1, 9, 0.)] {
        let draw =
            |seed, n, by| sample::normal(seed, n).iter().map(|x| by * x).collect::<Vec<f32>>();
        let (q, k) = (draw(1, dim, scale), draw(2, keys * dim, scale));
        let v = draw(3, keys * dim, 1.);
        for position in [0, 1, keys / 2, keys - 2, keys - 1] {
            small(&q, position, &k, &v)?;
        }
    }
    short(mine)
}

/// Streams that end before the query's place, the last of them at once.
fn short(mine: &OneQuery) -> Outcome {
    let case = |keys| Case { query: &[1., 1.], position: 9, keys, values: keys };
    ask(mine, &case(&[1., 2., 3., 4.]))?;
    let (got, _) = run(mine, &case(&[]));
    let check = check("the output over no keys at all", &got);
    let says = "NaN: zero over zero. Where no key came, the sum is 0: zeros are wanted";
    let check = check.suspect("zero-over-zero", says, vec![f64::NAN; 2]);
    Ok(check.compare(&got, &[0., 0.], &Tolerance::Exact)?)
}

fn check<'a>(what: &str, got: &[f32]) -> Check<'a> {
    let check = Check::new("ex07-attention", "one_query").device("the CPU");
    check.output(what, &[got.len()]).page("book/src/07-attention.md")
}

/// The output, and how many keys were taken from the stream.
fn run(mine: &OneQuery, case: &Case) -> (Vec<f32>, usize) {
    let dim = case.query.len();
    let mut taken = 0;
    let pairs = case.keys.chunks(dim).zip(case.values.chunks(dim));
    let mut stream = pairs.inspect(|_| taken += 1);
    let output = (mine.attend)(case.query, case.position, &mut stream);
    (output, taken)
}

fn ask(mine: &OneQuery, case: &Case) -> Outcome {
    let &Case { query, position, .. } = case;
    let dim = query.len();
    let (got, taken) = run(mine, case);
    let all = case.keys.len() / dim;
    let seen = all.min(position + 1);
    let [q, k, v] = [case.query, case.keys, case.values].map(sample::widen);
    let scale = 1.0 / (dim as f64).sqrt();
    let one = Attention { rows: 1, keys: seen, ..Attention::full(1, 1, 1, dim) };
    #[expect(clippy::indexing_slicing, reason = "`seen` is the number of keys at most, `dim` long")]
    let want = one.forward(&q, &k[..seen * dim], &v[..seen * dim]).out;

    let head = Head { q: &q, k: &k, v: &v, dim, scale };
    let plain = Head { scale: 1.0, ..head };
    let what = format!("the output at position {position}, {all} keys of {dim} in the stream");
    let mut check = check(&what, &got)
        .suspect(FUTURE, FUTURE_SAYS, head.row(0, 0..all, How::right(1)))
        .suspect(
            "not-itself",
            "the query at position 3 sees four keys: 0, 1, 2 and its own. Here its own is missing",
            head.row(0, 0..position.min(all), How::right(1)),
        )
        .suspect(UNSCALED, UNSCALED_SAYS, plain.row(0, 0..seen, How::right(1)));
    for (name, says, how) in How::slips(1) {
        check = check.suspect(name, says, head.row(0, 0..seen, how));
    }
    check.compare(&got, &want, &Tolerance::close(1e-5, 1e-5))?;
    let says = format!(
        "the output at position {position} is right, but {taken} keys were taken from the stream.\n  \
         diagnosis  it may have no end: a stream that generates text waits for this very output. Stop \
         after the query's own key."
    );
    require(taken <= position + 2, "reads-on", says)
}
