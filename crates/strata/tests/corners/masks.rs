//! Attention with one number that is none: what cannot see it does not change.
//!
//! Each case runs twice, with a plain number and with NaN or an infinity in its place. What depends on it is
//! written down here from the definition of attention alone; all else must come out as before.
use super::{INF, NAN, rungs};
use strata_ml::attention::{Options, backward, forward};
use strata_ml::device::random::{philox, uniform};
use strata_ml::device::testing::testing_devices;
use strata_ml::device::{Device, StepState};
use strata_ml::tensor::Tensor;
use strata_ml::transformer::dropout_forward;

const STATE: StepState =
    StepState { step: 7, seed: 42, lr: 0.0, loss_scale: 1.0, position: 0, reserved: [0; 3] };
const OP: u32 = 3;
const HEADS: usize = 2;

#[derive(Clone, Copy, Debug)]
struct Case {
    rows: usize,
    keys: usize,
    dim: usize,
    causal: bool,
    dropout: f32,
    /// Every such key, from the first on, is masked as padding; 0: none.
    padding: usize,
}

/// What is spoiled: a number of the second head.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Where {
    Query(usize),
    Key(usize),
    Value(usize),
    Gradient(usize),
}

impl Case {
    fn sees(&self, row: usize, key: usize) -> bool {
        let before = !self.causal || key <= row + self.keys - self.rows;
        before && !(self.padding > 0 && key.is_multiple_of(self.padding))
    }

    /// Whether a query sees nothing at all: nothing comes of it, whatever it holds.
    fn blank(&self, row: usize) -> bool {
        !(0..self.keys).any(|key| self.sees(row, key))
    }

    fn dropped(&self, row: usize, key: usize) -> bool {
        let counter = [(key / 64 * 16 + key % 16) as u32, row as u32, HEADS as u32 - 1, OP];
        self.dropout > 0.0
            && uniform(philox(counter, [STATE.seed, STATE.step])[key / 16 % 4]) < self.dropout
    }

    /// Output, dq, dk, dv, and the log-sum-exp.
    fn run(&self, device: &Device, spoiled: Option<(Where, f32)>) -> [Vec<f32>; 5] {
        let mut data = [self.rows, self.keys, self.keys, self.rows].map(|n| {
            let len = HEADS * n * self.dim;
            (0..len).map(|i| ((i * 7919 + n) % 97) as f32 * 0.02 - 0.9).collect::<Vec<f32>>()
        });
        if let Some((place, x)) = spoiled {
            let (part, row, rows) = match place {
                Where::Query(row) => (0, row, self.rows),
                Where::Key(row) => (1, row, self.keys),
                Where::Value(row) => (2, row, self.keys),
                Where::Gradient(row) => (3, row, self.rows),
            };
            data[part][((HEADS - 1) * rows + row) * self.dim + self.dim - 1] = x;
        }
        let part = |i: usize, n: usize| {
            Tensor::from_slice(device, &data[i], &[1, HEADS, n, self.dim]).unwrap()
        };
        let (q, k, v) = (part(0, self.rows), part(1, self.keys), part(2, self.keys));
        let d_out = part(3, self.rows);
        let options = if self.causal { Options::causal() } else { Options::full() };
        let mut options = options.dropout(self.dropout, OP, &device.step_state(STATE).unwrap());
        if self.padding > 0 {
            let open = |key: usize| u32::from(!key.is_multiple_of(self.padding));
            let mask: Vec<u32> = (0..self.keys).map(open).collect();
            options = options.masked(&Tensor::from_slice(device, &mask, &[1, self.keys]).unwrap());
        }
        let done = forward(&q, &k, &v, &options).unwrap();
        let grads = backward(&q, &k, &v, &done, &d_out, &options).unwrap();
        [&done.out, &grads.dq, &grads.dk, &grads.dv, &done.lse].map(|t| t.to_vec().unwrap())
    }

    /// Whether a number of output, dq, dk, dv or log-sum-exp depends on what is spoiled.
    fn depends(&self, part: usize, row: usize, d: usize, place: Where) -> bool {
        let last = d == self.dim - 1;
        // Rows whose scores are spoiled, and rows whose delta is.
        let scores = |r: usize| match place {
            Where::Query(at) => r == at,
            Where::Key(at) => self.sees(r, at),
            _ => false,
        };
        let delta = |r: usize| match place {
            Where::Value(at) => self.sees(r, at) && !self.dropped(r, at),
            Where::Gradient(at) => r == at,
            _ => scores(r),
        };
        let seen_by =
            |of: &dyn Fn(usize) -> bool| (0..self.rows).any(|r| self.sees(r, row) && of(r));
        match part {
            0 | 1 | 4 if self.blank(row) => false,
            0 => scores(row) || (last && matches!(place, Where::Value(_)) && delta(row)),
            1 => delta(row),
            2 => seen_by(&delta),
            // dV = P^T dO, of what was not dropped.
            3 => {
                let kept = |r: usize| !self.dropped(r, row);
                let gradient = |r: usize| place == Where::Gradient(r) && last && kept(r);
                seen_by(&|r| scores(r) && kept(r)) || seen_by(&gradient)
            }
            _ => scores(row),
        }
    }

    fn check(&self, rung: &str, device: &Device) {
        let clean = self.run(device, None);
        let keys = [0, self.keys / 2, self.keys - 1];
        let rows = [0, self.rows / 2, self.rows - 1];
        let places = keys.map(|key| [Where::Key(key), Where::Value(key)]);
        let others = rows.map(|row| [Where::Query(row), Where::Gradient(row)]);
        for place in [places, others].concat().concat() {
            for bad in [NAN, INF, -INF] {
                let got = self.run(device, Some((place, bad)));
                for (part, (got, clean)) in got.iter().zip(&clean).enumerate() {
                    let (n, dim) = match part {
                        2 | 3 => (self.keys, self.dim),
                        4 => (self.rows, 1),
                        _ => (self.rows, self.dim),
                    };
                    for (i, (&got, &clean)) in got.iter().zip(clean).enumerate() {
                        let (head, row, d) = (i / dim / n, i / dim % n, i % dim);
                        let free = head + 1 < HEADS || !self.depends(part, row, d, place);
                        let name = ["out", "dq", "dk", "dv", "lse"][part];
                        let what = || {
                            format!(
                                "{device:?} {rung} {self:?}, {bad} in {place:?}: {name}[{row}, {d}]"
                            )
                        };
                        if free {
                            // A log-sum-exp of nothing is -inf, before and after.
                            let close =
                                got == clean || (got - clean).abs() <= 2e-5 * clean.abs().max(1.0);
                            assert!(close, "{} is {got}, was {clean}", what());
                        } else if bad.is_nan() {
                            assert!(got.is_nan(), "{} is {got}, not NaN", what());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_comes_through_a_mask() {
    let case = |rows, keys, dim, causal, dropout| {
        let padding = 0;
        Case { rows, keys, dim, causal, dropout, padding }
    };
    let cases = [
        case(3, 3, 4, true, 0.0),
        case(2, 7, 4, true, 0.0),
        case(9, 9, 5, true, 0.0),
        case(70, 70, 8, true, 0.0),
        case(5, 70, 33, true, 0.0),
        case(6, 40, 8, false, 0.0),
        case(3, 40, 8, false, 0.5),
        case(37, 70, 8, true, 0.4),
        Case { padding: 2, ..case(3, 3, 4, true, 0.0) },
        Case { padding: 1, ..case(5, 5, 4, true, 0.0) },
        Case { padding: 3, ..case(1, 40, 8, true, 0.0) },
        Case { padding: 35, ..case(9, 70, 33, false, 0.0) },
        Case { padding: 2, ..case(37, 70, 8, true, 0.4) },
    ];
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "attention") {
            let device = device.with_rung("attention_backward", rung);
            cases.iter().for_each(|case| case.check(rung, &device));
        }
    }
}

/// The example of the report: the third value is no number, and the rows before it know nothing of it.
#[test]
fn one_bad_token_spares_the_rows_before_it() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "attention") {
            let of = |data: &[f32]| Tensor::from_slice(&device, data, &[1, 1, 3, 1]).unwrap();
            let done =
                forward(&of(&[1.0; 3]), &of(&[1.0; 3]), &of(&[2.0, 4.0, NAN]), &Options::causal());
            let got = done.unwrap().out.to_vec::<f32>().unwrap();
            assert!((got[0] - 2.0).abs() < 1e-5 && (got[1] - 3.0).abs() < 1e-5, "{rung}: {got:?}");
            assert!(got[2].is_nan(), "{rung}: {got:?}");
        }
    }
}

/// Scores of -inf get no weight, wherever they stand; a row of nothing else has no softmax.
#[test]
fn a_score_of_minus_infinity_has_no_weight() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "attention") {
            let keys = 80;
            let q = Tensor::from_slice(&device, &[1e30; 6], &[1, 1, 6, 1]).unwrap();
            let mut k = vec![-1e30; keys];
            k[70] = 0.0;
            let k = |k: &[f32]| Tensor::from_slice(&device, k, &[1, 1, keys, 1]).unwrap();
            let v: Vec<f32> = (0..keys).map(|i| i as f32).collect();
            let v = Tensor::from_slice(&device, &v, &[1, 1, keys, 1]).unwrap();
            let got = forward(
                &q,
                &k(&[&vec![-1e30; 70][..], &[0.0], &vec![-1e30; 9][..]].concat()),
                &v,
                &Options::full(),
            );
            let got = got.unwrap().out.to_vec::<f32>().unwrap();
            assert!(got.iter().all(|x| (x - 70.0).abs() < 1e-3), "{device:?} {rung}: {got:?}");
            let none = forward(&q, &k(&vec![-1e30; keys]), &v, &Options::full()).unwrap();
            assert!(
                none.out.to_vec::<f32>().unwrap().iter().all(|x| x.is_nan()),
                "{device:?} {rung}"
            );
        }
    }
}

#[test]
fn a_dropped_infinity_is_gone() {
    for device in testing_devices() {
        let state = device.step_state(STATE).unwrap();
        for bad in [INF, -INF, NAN] {
            let x = Tensor::full(&device, &[1001], bad).unwrap();
            let got = dropout_forward(&x, None, 0.5, 1, &state).unwrap().to_vec::<f32>().unwrap();
            let gone = got.iter().filter(|&&y| y == 0.0).count();
            let kept = got.iter().filter(|y| !y.is_finite()).count();
            assert!(gone > 400 && gone + kept == 1001, "{device:?}: {gone} and {kept}");
        }
    }
}
