use super::{Entry, Work};
use crate::bench::{Run, Scale, contexts};
use crate::{Outcome, Probe};
use strata_check::oracle::attention as oracle;
use strata_check::{Tolerance, sample};
use strata_ml::attention::{Options, backward, backward_qkv, forward, split_qkv};
use strata_ml::device::StepState;
use strata_ml::device::random::{philox, uniform};
use strata_ml::tensor::Tensor;

pub(super) const CASES: &[Entry] = &[("attention", attends), ("attention_backward", gradients)];

pub(super) const WORKLOADS: &[Work] = &[
    ("attention", |s, d| {
        let qkv = d.noise(&[s.batch, s.context, 3 * s.width])?;
        let [q, k, v] = split_qkv(&qkv, s.heads)?;
        let options = Options::causal();
        Run::new(format!("{:?}, causal", q.shape()), move || {
            Ok(forward(&q, &k, &v, &options).map(drop)?)
        })
    }),
    ("attention_backward", |s, d| {
        let (heads, qkv) = (s.heads, d.noise(&[s.batch, s.context, 3 * s.width])?);
        let [q, k, v] = split_qkv(&qkv, heads)?;
        let options = Options::causal();
        let attended = forward(&q, &k, &v, &options)?;
        let dout = d.noise(&[s.batch, s.context, heads, s.width / heads])?.transpose(1, 2)?;
        Run::new(format!("{:?}, causal", q.shape()), move || {
            Ok(backward_qkv(&qkv, heads, &attended, &dout, &options).map(drop)?)
        })
    }),
];

pub(super) const SCALES: &[Scale] = &[contexts("attention"), contexts("attention_backward")];

/// One attention over two sequences of three heads.
struct Case {
    rows: usize,
    keys: usize,
    dim: usize,
    causal: bool,
    dropout: f32,
    /// Whether keys are masked: every third, and of the second sequence the first half.
    padded: bool,
}

const CASE: Case = Case { rows: 2, keys: 2, dim: 3, causal: true, dropout: 0.0, padded: false };

const LIST: [Case; 12] = [
    CASE,
    Case { rows: 1, keys: 5, dim: 4, ..CASE },
    Case { rows: 33, keys: 33, dim: 16, ..CASE },
    Case { rows: 65, keys: 65, dim: 20, ..CASE },
    Case { rows: 7, keys: 70, dim: 32, ..CASE },
    Case { rows: 9, keys: 4, dim: 8, causal: false, ..CASE },
    Case { rows: 17, keys: 19, dim: 64, ..CASE },
    Case { rows: 37, keys: 70, dim: 8, dropout: 0.4, ..CASE },
    Case { rows: 5, keys: 5, padded: true, ..CASE },
    Case { rows: 33, keys: 33, dim: 16, padded: true, ..CASE },
    Case { rows: 9, keys: 40, dim: 20, causal: false, padded: true, ..CASE },
    Case { rows: 37, keys: 70, dim: 8, dropout: 0.4, padded: true, ..CASE },
];

const BATCH: usize = 2;
const HEADS: usize = 3;
const STATE: StepState =
    StepState { step: 7, seed: 42, lr: 0.0, loss_scale: 1.0, position: 0, reserved: [0; 3] };
const OP: u32 = 3;

impl Case {
    fn options(&self, probe: &Probe) -> Outcome<Options> {
        let options = if self.causal { Options::causal() } else { Options::full() };
        let options = match self.key_mask() {
            Some(mask) => {
                let numbers: Vec<f32> =
                    mask.iter().map(|&open| f32::from(u8::from(open))).collect();
                options.masked(&probe.wide(&numbers, &[BATCH, self.keys])?)
            }
            None => options,
        };
        Ok(match self.dropout > 0.0 {
            true => options.dropout(self.dropout, OP, &probe.device().step_state(STATE)?),
            false => options,
        })
    }

    /// Which keys may be seen, `[batch, keys]`.
    fn key_mask(&self) -> Option<Vec<bool>> {
        let open = |b: usize, key: usize| key % 3 != 1 && (b == 0 || 2 * key >= self.keys);
        let all = (0..BATCH).flat_map(|b| (0..self.keys).map(move |key| (b, key)));
        self.padded.then(|| all.map(|(b, key)| open(b, key)).collect())
    }

    /// Numbers in the order `[batch, heads, rows, dim]`, lying in memory as projections leave them:
    /// heads inside rows.
    fn tensor(&self, probe: &Probe, data: &[f32], rows: usize) -> Outcome<Tensor> {
        let mut inside = Vec::with_capacity(data.len());
        for b in 0..BATCH {
            for row in 0..rows {
                for head in 0..HEADS {
                    let at = ((b * HEADS + head) * rows + row) * self.dim;
                    inside.extend_from_slice(&data[at..at + self.dim]);
                }
            }
        }
        Ok(probe.tensor(&inside, &[BATCH, rows, HEADS, self.dim])?.transpose(1, 2)?)
    }

    /// Queries, keys, values and a gradient of the output.
    fn data(&self, probe: &Probe) -> [Vec<f32>; 4] {
        let n = |rows| BATCH * HEADS * rows * self.dim;
        let draw = |n| probe.held(sample::normal(n as u64, n));
        [self.rows, self.keys, self.keys, self.rows].map(n).map(draw)
    }

    /// The mask as chapter 7 defines it: word (j / 16) % 4 of the draw j / 64 * 16 + j % 16.
    fn mask(&self) -> Option<Vec<f64>> {
        let kept = 1.0 / (1.0 - f64::from(self.dropout));
        let mut mask = Vec::new();
        for (head, row) in (0..BATCH * HEADS).flat_map(|h| (0..self.rows).map(move |r| (h, r))) {
            for j in 0..self.keys {
                let counter = [(j / 64 * 16 + j % 16) as u32, row as u32, head as u32, OP];
                let word = philox(counter, [STATE.seed, STATE.step])[j / 16 % 4];
                mask.push(if uniform(word) >= self.dropout { kept } else { 0.0 });
            }
        }
        (self.dropout > 0.0).then_some(mask)
    }

    fn oracle<'a>(
        &self,
        mask: &'a Option<Vec<f64>>,
        key_mask: &'a Option<Vec<bool>>,
    ) -> oracle::Attention<'a> {
        oracle::Attention {
            batch: BATCH,
            heads: HEADS,
            rows: self.rows,
            keys: self.keys,
            head_dim: self.dim,
            causal: self.causal,
            scale: 1.0 / (self.dim as f64).sqrt(),
            dropout: mask.as_deref(),
            key_mask: key_mask.as_deref(),
        }
    }

    fn what(&self, part: &str) -> String {
        let (rows, keys, dim) = (self.rows, self.keys, self.dim);
        let padded = if self.padded { ", padded" } else { "" };
        format!("{part}: {rows} queries, {keys} keys of {dim}, causal {}{padded}", self.causal)
    }
}

fn attends(probe: &mut Probe) -> Outcome {
    for case in LIST {
        let data = case.data(probe);
        let options = case.options(probe)?;
        let q = case.tensor(probe, &data[0], case.rows)?;
        let k = case.tensor(probe, &data[1], case.keys)?;
        let v = case.tensor(probe, &data[2], case.keys)?;
        let Some(got) = probe.taken(forward(&q, &k, &v, &options))? else { continue };
        let (mask, key_mask) = (case.mask(), case.key_mask());
        let [q, k, v, _] = data.each_ref().map(|x| sample::widen(x));
        let want = case.oracle(&mask, &key_mask).forward(&q, &k, &v);
        probe.check(&case.what("out"), &got.out, &want.out, &Tolerance::close(4e-6, 2e-5))?;
        probe.check(&case.what("lse"), &got.lse, &want.lse, &Tolerance::close(4e-6, 2e-6))?;
    }
    Ok(())
}

fn gradients(probe: &mut Probe) -> Outcome {
    probe.force("attention");
    for case in LIST {
        let data = case.data(probe);
        let options = case.options(probe)?;
        let (mask, key_mask) = (case.mask(), case.key_mask());
        let [wq, wk, wv, wd] = data.each_ref().map(|x| sample::widen(x));
        let oracle = case.oracle(&mask, &key_mask);
        let want = oracle.backward(&wq, &wk, &wv, &wd);
        // The flash rung goes by way of the output, which is stored.
        let out = probe.seen(&oracle.forward(&wq, &wk, &wv).out);
        let stored = oracle.backward_from([&wq, &wk, &wv], &out, &wd);
        let q = case.tensor(probe, &data[0], case.rows)?;
        let k = case.tensor(probe, &data[1], case.keys)?;
        let v = case.tensor(probe, &data[2], case.keys)?;
        let d_out = case.tensor(probe, &data[3], case.rows)?;
        // With its own forward: probabilities are made again from its log-sum-exp, and where a row
        // sees one key they must come out as exactly 1.
        let Some(attended) = probe.taken(forward(&q, &k, &v, &options))? else { continue };
        let got = backward(&q, &k, &v, &attended, &d_out, &options);
        let Some(got) = probe.taken(got)? else { continue };
        // Sums over all queries or keys of products of sums: judged by the largest. At 1e-5 the naive
        // rung stood at the limit on two GPU drivers; what rounds there was not traced.
        let halves = probe.stores_halves();
        let rule = |rounded: Vec<f64>| match halves {
            true => Tolerance::whole(2e-5).and_rounded(rounded),
            false => Tolerance::whole(2e-5),
        };
        probe.check(&case.what("dq"), &got.dq, &want.dq, &rule(stored.dq))?;
        probe.check(&case.what("dk"), &got.dk, &want.dk, &rule(stored.dk))?;
        probe.check(&case.what("dv"), &got.dv, &want.dv, &rule(stored.dv))?;
    }
    Ok(())
}
